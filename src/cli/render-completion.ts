import type { Argument, Completion, Option, Tool } from './command.ts'

/** How the shell gets the words for a kind of thing; errors and a daemon that is down give none. */
const sources: Readonly<Record<Exclude<Completion, readonly string[]>, string>> = {
  machine: `vmadm list -H -p -o uuid,alias 2>/dev/null | tr ':' '\\n'`,
  image: 'imgadm list -H -o uuid 2>/dev/null',
  nic_tag: 'nictagadm list -p 2>/dev/null | cut -d: -f1',
  operation: `spirula operations -H 2>/dev/null | cut -d' ' -f1`,
  file: '',
}

interface Words {
  /** Shown when a word begins with `-`. */
  options: readonly Option[]
  /** By position; the last goes on when it is `many`. */
  arguments: readonly Argument[]
}

/**
 * Completion of a tool for bash: commands, options, and UUIDs and aliases by asking the tool itself.
 * Loads every command.
 */
export async function renderBashCompletion(tool: Tool): Promise<string> {
  const name = `_spirula_${tool.name}`
  const body = tool.root === undefined ? await renderCommands(tool) : renderWords(await readWords(tool), 1, '    ')
  return `# bash completion for ${tool.name}; generated
${name}() {
    local cur prev command
    cur=\${COMP_WORDS[COMP_CWORD]}
    prev=\${COMP_WORDS[COMP_CWORD-1]}
    command=\${COMP_WORDS[1]}
    COMPREPLY=()
${body}
}
complete -o default -F ${name} ${tool.name}
`
}

/** The same for zsh, which can run bash's. */
export async function renderZshCompletion(tool: Tool): Promise<string> {
  return `#compdef ${tool.name}\nautoload -U +X bashcompinit && bashcompinit\n${await renderBashCompletion(tool)}`
}

async function readWords(tool: Tool): Promise<Words> {
  const loaded = await tool.root?.load()
  return { options: loaded?.command.options ?? [], arguments: loaded?.command.arguments ?? [] }
}

async function renderCommands(tool: Tool): Promise<string> {
  const names = tool.commands.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])])
  const lines = [
    '    if [ "$COMP_CWORD" -eq 1 ]; then',
    `        ${renderReply(`echo '${['help', ...names].join('\n')}'`)}`,
    '        return',
    '    fi',
    '    case $command in',
  ]
  for (const entry of tool.commands) {
    const { command } = await entry.load()
    lines.push(`    ${[entry.name, ...(entry.aliases ?? [])].join('|')})`, renderWords(command, 2, '        '), '        ;;')
  }
  return [...lines, '    esac'].join('\n')
}

/** The `case` of one command: values of options, options, arguments by position counted from `first`. */
function renderWords(words: Words, first: number, indent: string): string {
  const lines = words.options.flatMap((option) => renderOptionValue(option, indent))
  const names = words.options.flatMap((option) => [`--${option.long}`, ...(option.short === undefined ? [] : [`-${option.short}`])])
  lines.push(`${indent}if [[ $cur == -* ]]; then`, `${indent}    ${renderReply(`echo '${names.join('\n')}'`)}`, `${indent}    return`, `${indent}fi`)
  words.arguments.forEach((argument, index) => {
    const source = renderSource(argument.complete)
    if (source === '') return
    const test = argument.many === undefined ? '-eq' : '-ge'
    lines.push(`${indent}[ "$COMP_CWORD" ${test} ${first + index} ] && ${renderReply(source)}`)
  })
  return lines.join('\n')
}

function renderOptionValue(option: Option, indent: string): string[] {
  const source = renderSource(option.complete)
  if (option.value === undefined || source === '') return []
  const names = [`--${option.long}`, ...(option.short === undefined ? [] : [`-${option.short}`])]
  return [
    `${indent}if [[ ${names.map((name) => `$prev == ${name}`).join(' || ')} ]]; then`,
    `${indent}    ${renderReply(source)}`,
    `${indent}    return`,
    `${indent}fi`,
  ]
}

function renderSource(completion: Completion | undefined): string {
  if (completion === undefined) return ''
  return typeof completion === 'string' ? sources[completion] : `echo '${completion.join('\n')}'`
}

function renderReply(source: string): string {
  return `mapfile -t COMPREPLY < <(compgen -W "$(${source})" -- "$cur")`
}
