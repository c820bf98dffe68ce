import { AppError } from '#contracts/errors.ts'
import { hasOption, type Cli, type Command, type CommandEntry, type Failure, type Input, type Option, type Tool } from './command.ts'
import { nearestOf } from '#lib/nearest.ts'
import { OutputClosed } from './output.ts'
import { checkArguments, parseWords } from './parse-args.ts'
import { renderError } from './render-error.ts'

const helpOptions: readonly Option[] = [
  { long: 'help', short: 'h', summary: 'Shows this' },
  { long: 'help', short: '?', summary: 'Shows this' },
]

/** Runs one command line of a tool to its exit code: 0 done, 1 failed, 2 usage error, 3 image not installed (imgadm). */
export async function runTool(tool: Tool, words: readonly string[], cli: Cli): Promise<number> {
  const where: Where = { tool, entry: tool.root, command: undefined, input: undefined }
  try {
    return tool.root === undefined ? await runWithCommands(where, words, cli) : await runCommand(where, tool.root, words, cli)
  } catch (error) {
    if (error instanceof OutputClosed) return 0
    return reportFailure(where, error, cli)
  }
}

/** How far a command line got, for the form of a failure. */
interface Where {
  tool: Tool
  entry: CommandEntry | undefined
  command: Command | undefined
  input: Input | undefined
}

async function runWithCommands(where: Where, words: readonly string[], cli: Cli): Promise<number> {
  const { tool } = where
  const typed = parseWords(words, { options: [...(tool.options ?? []), ...helpOptions], rest_after: 1 })
  const [name, ...rest] = typed.args
  const wantsHelp = hasOption(typed, 'help') || name === 'help'
  if (name === undefined && !wantsHelp) {
    cli.err((await import('./render-help.ts')).renderToolHelp(tool))
    return 2
  }
  if (wantsHelp) return showHelp(tool, name === 'help' ? rest[0] : name, cli)
  return runCommand(where, findCommand(tool, name ?? ''), rest, { ...cli, toolOptions: typed.options })
}

async function showHelp(tool: Tool, name: string | undefined, cli: Cli): Promise<number> {
  const help = await import('./render-help.ts')
  if (name === undefined) {
    cli.out(help.renderToolHelp(tool))
    return 0
  }
  const entry = findCommand(tool, name)
  cli.out(help.renderCommandHelp(tool, entry, (await entry.load()).command))
  return 0
}

function findCommand(tool: Tool, name: string): CommandEntry {
  const found = tool.commands.find((entry) => entry.name === name || entry.aliases?.includes(name))
  if (found !== undefined) return found
  const nearest = nearestOf(
    name,
    tool.commands.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])]),
  )
  throw new AppError('Usage', `Invalid command: "${name}".${nearest === null ? '' : ` Did you mean ${nearest}?`}`, { hint: `${tool.name} help` })
}

async function runCommand(where: Where, entry: CommandEntry, words: readonly string[], cli: Cli): Promise<number> {
  const { command } = await entry.load()
  where.entry = entry
  where.command = command
  const input = parseWords(command.rewrite?.(words) ?? words, {
    // A command's own -h wins over help (vmadm list -h).
    options: [...command.options, ...helpOptions],
    ...(command.rest_after === undefined ? {} : { rest_after: command.rest_after }),
  })
  if (hasOption(input, 'help')) {
    cli.out((await import('./render-help.ts')).renderCommandHelp(where.tool, entry, command))
    return 0
  }
  checkArguments(input, command)
  where.input = input
  return command.run(input, cli)
}

/** Prints a failure to stderr and gives its exit code. */
function reportFailure(where: Where, caught: unknown, cli: Cli): number {
  const error = asAppError(caught)
  const failure = describeFailure(where, error)
  const first = where.tool.renderFailure?.(failure) ?? `${where.tool.name}: ${failure.message}`
  cli.err(renderError(first, error, helpHint(where, error)))
  return where.tool.exitOf?.(failure) ?? error.exit
}

/** Anything but an AppError is a defect of this program and shows where it happened. */
function asAppError(caught: unknown): AppError {
  if (caught instanceof AppError) return caught
  return new AppError('Internal', caught instanceof Error ? (caught.stack ?? caught.message) : String(caught))
}

function describeFailure(where: Where, error: AppError): Failure {
  // What was typed wrong has nothing to do with the machine.
  const prefix = where.input === undefined || error.code === 'Usage' ? undefined : where.command?.failure?.(where.input)
  return { code: error.code, message: prefix === undefined ? error.message : `${prefix}: ${error.message}`, command: where.entry?.name ?? '' }
}

function helpHint(where: Where, error: AppError): string | undefined {
  if (error.code !== 'Usage' || where.command === undefined) return undefined
  return where.entry === where.tool.root ? `${where.tool.name} --help` : `${where.tool.name} help ${where.entry?.name}`
}
