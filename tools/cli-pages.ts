import type { Tool, ToolTable } from '../src/cli/command.ts'
import { renderBashCompletion, renderZshCompletion } from '../src/cli/render-completion.ts'
import { renderManPage } from '../src/cli/render-man.ts'
import { renderReferencePage } from '../src/cli/render-reference.ts'
import { tools as bootTools } from '../src/boot/tools.ts'
import { tools } from '../src/cli/tools.ts'

/** Path from the root → text: reference page, manual page and shell completions of every command line tool. */
export async function renderCliPages(version: string): Promise<[path: string, text: string][]> {
  const tables: [string, ToolTable][] = [
    ['src/cli', tools],
    ['src/boot', bootTools],
  ]
  const all = tables.flatMap(([folder, table]) => Object.values(table).map(async (load) => await renderPages((await load()).tool, folder, version)))
  return (await Promise.all(all)).flat()
}

async function renderPages(tool: Tool, folder: string, version: string): Promise<[path: string, text: string][]> {
  const { name } = tool
  return [
    [`docs/reference/${name}.md`, `${await renderReferencePage(tool)}\nMade from \`${folder}/${name}\` by \`npm run generate\`; do not edit.\n`],
    [`share/man/man8/${name}.8`, await renderManPage(tool, version)],
    [`share/bash-completion/completions/${name}`, await renderBashCompletion(tool)],
    [`share/zsh/site-functions/_${name}`, await renderZshCompletion(tool)],
  ]
}
