import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { checkImports, type ImportReport } from './imports.ts'

const root = join(import.meta.dirname, '..')
const config = join(root, '.dependency-cruiser.mjs')
let tree = ''

/** One file a rule: path → text that breaks it. */
const planted: Record<string, [path: string, text: string]> = {
  'arrow-contracts': ['src/contracts/a.ts', `import '../lib/lib.ts'`],
  'arrow-lib': ['src/lib/a.ts', `import '../contracts/contracts.ts'`],
  'arrow-plan': ['src/plan/a.ts', `import '#host/host.ts'`],
  'arrow-host': ['src/host/a.ts', `import '#plan/plan.ts'`],
  'arrow-node': ['src/node/a.ts', `import '#client/client.ts'`],
  'arrow-client': ['src/client/a.ts', `import '#lib/lib.ts'`],
  'arrow-cli': ['src/cli/a.ts', `import type { X } from '#node/node.ts'\nexport type Y = X`],
  'arrow-image': ['src/image/a.ts', `import '#node/node.ts'`],
  'arrow-boot': ['src/boot/a.ts', `import '#node/node.ts'`],
  'arrow-platform': ['src/platform/a.ts', `import '#node/node.ts'`],
  'arrow-setup': ['src/setup/a.ts', `import '#node/node.ts'`],
  'program-imported': ['src/cli/b.ts', `import './main.ts'`],
  'pure-core': ['src/plan/b.ts', `import { readFileSync } from 'node:fs'\nexport const x = readFileSync`],
  'pure-lib': ['src/lib/b.ts', `import { readFileSync } from 'node:fs'\nexport const x = readFileSync`],
  'spawn-door': ['src/node/b.ts', `import { spawn } from 'node:child_process'\nexport const x = spawn`],
  'thin-cli': ['src/cli/c.ts', `import { request } from 'node:http'\nexport const x = request`],
  'only-in-fastify': ['src/host/c.ts', `import { fastify } from 'fastify'\nexport const x = fastify`],
  'only-in-pino': ['src/host/d.ts', `import { pino } from 'pino'\nexport const x = pino`],
  'only-in-zod': ['src/plan/e.ts', `import { z } from 'zod'\nexport const x = z`],
  'no-cycles': ['src/node/d.ts', `import { y } from './e.ts'\nexport const x = y`],
  'test-imported': ['src/node/f.ts', `import './g.test.ts'`],
  'unresolved': ['src/node/h.ts', `import './nowhere.ts'`],
}
const innocent = { 'src/node/e.ts': `import { x } from './d.ts'\nexport const y = x`, 'src/node/g.test.ts': 'export {}', 'src/cli/main.ts': 'export {}' }

let report: ImportReport
before(() => {
  tree = mkdtempSync(join(tmpdir(), 'imports-'))
  for (const name of ['package.json', 'tsconfig.json']) cpSync(join(root, name), join(tree, name))
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  for (const folder of ['contracts', 'lib', 'plan', 'host', 'node', 'client']) write(`src/${folder}/${folder}.ts`, 'export type X = 1')
  for (const [path, text] of [...Object.entries(innocent), ...Object.values(planted)]) write(path, text)
  report = checkImports(tree, { config, atLeast: 1 })
})
after(() => rmSync(tree, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true })
  writeFileSync(join(tree, path), `${text}\n`)
}

for (const [rule, [path]] of Object.entries(planted)) {
  test(`${rule} finds what was planted in ${path}`, () => {
    assert.match(report.text, new RegExp(`error ${RegExp.escape(rule)}: ${RegExp.escape(path)}`))
  })
}

test('every rule of the configuration has a planted violation', async () => {
  const { default: rules } = (await import(config)) as { default: { forbidden: { name: string }[] } }
  assert.deepEqual(Object.keys(planted).toSorted(), rules.forbidden.map(({ name }) => name).toSorted())
})

test('a checker that sees no modules fails', () => {
  const empty = mkdtempSync(join(tmpdir(), 'imports-'))
  try {
    mkdirSync(join(empty, 'src'))
    cpSync(join(root, 'tsconfig.json'), join(empty, 'tsconfig.json'))
    assert.equal(checkImports(empty, { config, atLeast: 1 }).ok, false)
  } finally {
    rmSync(empty, { recursive: true, force: true })
  }
})
