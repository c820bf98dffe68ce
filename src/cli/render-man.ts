import type { Command, CommandEntry, Option, Tool } from './command.ts'
import { renderUsage } from './render-help.ts'

/**
 * The manual page of a tool in man(7) format, for `man vmadm`; from the same values as its help.
 * Loads every command.
 */
export async function renderManPage(tool: Tool, version: string): Promise<string> {
  const parts = [`.TH ${tool.name.toUpperCase()} 8 "" "Spirula ${version}" "Spirula"`, '.SH NAME', `${tool.name} \\- ${escapeText(tool.summary)}`]
  const entries = tool.root === undefined ? tool.commands : [tool.root]
  const loaded = await Promise.all(entries.map(async (entry) => ({ entry, command: (await entry.load()).command })))
  parts.push('.SH SYNOPSIS')
  for (const { entry, command } of loaded) parts.push('.nf', escapeText(renderUsage(tool, entry, command)), '.fi')
  if (tool.options !== undefined) parts.push('.SH OPTIONS', ...tool.options.flatMap(renderOption))
  parts.push(tool.root === undefined ? '.SH COMMANDS' : '.SH DESCRIPTION')
  for (const { entry, command } of loaded) parts.push(...renderCommand(tool, entry, command))
  parts.push('.SH EXIT STATUS', `0 done; 1 failed; 2 the command line was wrong${tool.exit_codes === undefined ? '' : `; ${tool.exit_codes}`}.`)
  return `${parts.join('\n')}\n`
}

function renderCommand(tool: Tool, entry: CommandEntry, command: Command): string[] {
  const names = [entry.name, ...(entry.aliases ?? [])].join(', ')
  const lines = tool.root === undefined ? [`.SS ${escapeText(names)}`] : []
  lines.push(`${escapeText(entry.summary)}.`)
  for (const paragraph of command.description ?? []) lines.push('.PP', escapeText(paragraph))
  for (const argument of command.arguments) lines.push('.TP', `.I ${escapeText(argument.name)}`, `${escapeText(argument.summary)}.`)
  lines.push(...command.options.flatMap(renderOption))
  for (const example of command.examples) lines.push('.PP', `${escapeText(example.summary)}:`, '.PP', '.nf', `    ${escapeText(example.command)}`, '.fi')
  return lines
}

function renderOption(option: Option): string[] {
  const names = [...(option.short === undefined ? [] : [`-${option.short}`]), `--${option.long}`].join(', ')
  const value = option.value === undefined ? '' : ` ${option.value}`
  return ['.TP', `.B ${escapeText(names + value)}`, `${escapeText(option.summary)}.`]
}

/** Backslashes and dashes are roff's own; a dot or quote at the start of a line would be a request; it is sure of ASCII only. */
function escapeText(text: string): string {
  const plain = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1')
  return plain.replaceAll(/[^\0-\x7f]/gu, (letter) => `\\[u${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`)
}
