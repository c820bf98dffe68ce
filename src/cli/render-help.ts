import type { Argument, Command, CommandEntry, Option, Tool } from './command.ts'

const width = 88

/** `vmadm list [-p] [-H] [-o FIELD,…] [FILTER=VALUE …]` */
export function renderUsage(tool: Tool, entry: CommandEntry | undefined, command: Command): string {
  const words = [tool.name, ...(entry === undefined || entry === tool.root ? [] : [entry.name])]
  for (const option of command.options) words.push(`[${renderOptionWord(option)}]${option.many === undefined ? '' : '…'}`)
  for (const argument of command.arguments) words.push(renderArgumentWord(argument))
  return words.join(' ')
}

function renderOptionWord(option: Option): string {
  const name = option.short === undefined ? `--${option.long}` : `-${option.short}`
  return option.value === undefined ? name : `${name} ${option.value}`
}

function renderArgumentWord(argument: Argument): string {
  const word = argument.many === undefined ? argument.name : `${argument.name}…`
  return argument.optional === undefined ? word : `[${word}]`
}

/** The page of `vmadm help list`. */
export function renderCommandHelp(tool: Tool, entry: CommandEntry, command: Command): string {
  const sections = [`Usage: ${wrap(renderUsage(tool, entry, command), 7 + tool.name.length + 1).trimStart()}`, `${entry.summary}.`]
  for (const paragraph of command.description ?? []) sections.push(wrap(paragraph, 0))
  const aliases = entry.aliases ?? []
  if (aliases.length > 0) sections.push(`Other names: ${aliases.join(', ')}`)
  if (command.arguments.length > 0)
    sections.push(
      renderRows(
        'Arguments',
        command.arguments.map((argument) => [argument.name, argument.summary]),
      ),
    )
  if (command.options.length > 0)
    sections.push(
      renderRows(
        'Options',
        command.options.map((option) => [renderOptionNames(option), option.summary]),
      ),
    )
  const examples = command.examples.map((example) => `  ${example.command}\n      ${example.summary}`)
  if (examples.length > 0) sections.push(`Examples:\n${examples.join('\n')}`)
  return `${sections.join('\n\n')}\n`
}

/** The page of `vmadm help`. */
export function renderToolHelp(tool: Tool): string {
  const commands = tool.commands.map((entry) => [[entry.name, ...(entry.aliases ?? [])].join(', '), entry.summary])
  const sections = [`Usage: ${tool.name} COMMAND [OPTIONS] [ARGUMENTS]`, `${tool.summary}.`, renderRows('Commands', commands)]
  if (tool.options !== undefined)
    sections.push(
      renderRows(
        'Options before the command',
        tool.options.map((option) => [renderOptionNames(option), option.summary]),
      ),
    )
  sections.push(`\`${tool.name} help COMMAND\` tells more.`)
  return `${sections.join('\n\n')}\n`
}

export function renderOptionNames(option: Option): string {
  const value = option.value === undefined ? '' : ` ${option.value}`
  return option.short === undefined ? `    --${option.long}${value}` : `-${option.short}, --${option.long}${value}`
}

function renderRows(title: string, rows: readonly (readonly string[])[]): string {
  const first = Math.min(30, Math.max(...rows.map((row) => row[0]?.length ?? 0)))
  const lines = rows.map(([name = '', text = '']) => `  ${name.padEnd(first)}  ${wrap(text, first + 4)}`)
  return `${title}:\n${lines.join('\n')}`
}

/** Breaks lines at blanks; lines after the first begin with `indent` blanks, which the first is thought to have already. */
export function wrap(text: string, indent: number): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}
