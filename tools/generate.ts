import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errorCodes } from '#contracts/errors.ts'
import { machineRoutes } from '#contracts/machine/routes.ts'
import { nodeRoutes } from '#contracts/node/routes.ts'
import type { Route } from '#contracts/route.ts'
import { renderCliPages } from './cli-pages.ts'
import { renderOpenapi } from './openapi.ts'
import { renderPropertiesPage } from './properties-page.ts'

export const allRoutes: readonly Route[] = [...machineRoutes, ...nodeRoutes]

/** A file that is made from the source and checked in all the same, so that changes show in a review. */
export interface Generated {
  /** Relative to the root. */
  path: string
  text: string
}

/** All generated files, as they should be. */
export async function renderGenerated(root: string): Promise<Generated[]> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return [
    { path: 'docs/reference/openapi.json', text: `${JSON.stringify(renderOpenapi(allRoutes, version), null, 2)}\n` },
    { path: 'docs/reference/errors.md', text: renderErrorsPage() },
    { path: 'docs/reference/machine-properties.md', text: renderPropertiesPage() },
    ...(await renderCliPages(version)).map(([path, text]) => ({ path, text })),
  ]
}

function renderErrorsPage(): string {
  const rows = Object.entries(errorCodes).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const lines = rows.map(([code, { status, exit, title, help }]) => `| \`${code}\` | ${title} | ${status} | ${exit} | ${help.replaceAll('|', '\\|')} |`)
  return `# Errors

Every error has one of these codes, on the API and in the commands' JSON. A command ends with the exit
code given here. Made from \`src/contracts/errors.ts\` by \`npm run generate\`; do not edit.

| code | title | HTTP status | exit code | what to do |
|---|---|---|---|---|
${lines.join('\n')}
`
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  for (const { path, text } of await renderGenerated(root)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    console.log(path)
  }
}
