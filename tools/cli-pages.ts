import type { Tool } from '../src/cli/command.ts'
import { renderBashCompletion, renderZshCompletion } from '../src/cli/render-completion.ts'
import { renderManPage } from '../src/cli/render-man.ts'
import { renderReferencePage } from '../src/cli/render-reference.ts'
import { tools } from '../src/cli/tools.ts'

/** Path from the root → text: reference page, manual page and shell completions of every command line tool. */
export async function renderCliPages(version: string): Promise<[path: string, text: string][]> {
  const pages = await Promise.all(Object.values(tools).map(async (load) => await renderPages((await load()).tool, version)))
  return pages.flat()
}

async function renderPages(tool: Tool, version: string): Promise<[path: string, text: string][]> {
  const { name } = tool
  return [
    [`docs/reference/${name}.md`, `${await renderReferencePage(tool)}\nMade from \`src/cli/${name}\` by \`npm run generate\`; do not edit.\n`],
    [`share/man/man8/${name}.8`, await renderManPage(tool, version)],
    [`share/bash-completion/completions/${name}`, await renderBashCompletion(tool)],
    [`share/zsh/site-functions/_${name}`, await renderZshCompletion(tool)],
  ]
}
