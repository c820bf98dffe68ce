import type { Command, CommandEntry, Tool } from './command.ts'
import { renderOptionNames, renderUsage } from './render-help.ts'

/** The reference page of a tool in Markdown, from the same values as its help. Loads every command. */
export async function renderReferencePage(tool: Tool): Promise<string> {
  const entries = tool.root === undefined ? tool.commands : [tool.root]
  const parts = [`# ${tool.name}`, `${tool.summary}.`]
  if (tool.options !== undefined)
    parts.push('Options before the command:', renderList(tool.options.map((option) => [renderOptionNames(option).trim(), option.summary])))
  for (const entry of entries) parts.push(...renderCommand(tool, entry, (await entry.load()).command))
  return `${parts.join('\n\n')}\n`
}

function renderCommand(tool: Tool, entry: CommandEntry, command: Command): string[] {
  const parts = tool.root === undefined ? [`## ${tool.name} ${entry.name}`] : []
  parts.push(`    ${renderUsage(tool, entry, command)}`)
  // A tool without commands has said so at the top.
  if (tool.root === undefined) parts.push(`${entry.summary}.`)
  parts.push(...(command.description ?? []))
  if (entry.aliases !== undefined) parts.push(`Other names: ${entry.aliases.join(', ')}.`)
  const rows = [
    ...command.arguments.map((argument) => [argument.name, argument.summary]),
    ...command.options.map((option) => [renderOptionNames(option).trim(), option.summary]),
  ]
  if (rows.length > 0) parts.push(renderList(rows))
  for (const example of command.examples) parts.push(`${example.summary}:`, `    ${example.command}`)
  return parts
}

function renderList(rows: readonly (readonly string[])[]): string {
  return rows.map(([name = '', summary = '']) => `- \`${name}\`: ${summary}.`).join('\n')
}
