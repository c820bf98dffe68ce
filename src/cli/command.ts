import type { NodeClient } from '#client/node-client.ts'

/** What a word stands for, so that the shell can complete it. */
export type Completion = 'machine' | 'image' | 'nic_tag' | 'operation' | 'file' | readonly string[]

export interface Argument {
  /** As shown in usage lines, in capitals. */
  name: string
  summary: string
  optional?: true
  many?: true
  /** The sentence when it is not given, where SmartOS has one of its own. */
  missing?: string
  complete?: Completion
}

export interface Option {
  long: string
  short?: string
  /** Placeholder of the value; without one the option is a flag. */
  value?: string
  many?: true
  summary: string
  complete?: Completion
}

export interface Example {
  command: string
  summary: string
}

/** A command as a value: parsing, help, manual page and shell completion all read it. */
export interface Command {
  /** Paragraphs under the summary. */
  description?: readonly string[]
  arguments: readonly Argument[]
  options: readonly Option[]
  examples: readonly Example[]
  /** After this many arguments all words are arguments, whatever they begin with. */
  rest_after?: number
  /** Old spellings, turned into the ones in `options` before parsing. */
  rewrite?(words: readonly string[]): string[]
  /** Sentence put before the reason of a failure, e.g. `Unable to start VM web01`. */
  failure?(input: Input): string
  /** Does it; gives the exit code. Expected failures are thrown as AppError. */
  run(input: Input, cli: Cli): Promise<number>
}

/** A command by name, with what is needed to list it before it is loaded. */
export interface CommandEntry {
  name: string
  aliases?: readonly string[]
  summary: string
  load(): Promise<{ command: Command }>
}

/** One program. With `root` it has no commands of its own, e.g. `zlogin`. */
export interface Tool {
  name: string
  summary: string
  options?: readonly Option[]
  commands: readonly CommandEntry[]
  root?: CommandEntry
  /** Exit codes of its own, beside 0, 1 and 2, in words. */
  exit_codes?: string
  /** First lines of a failure on stderr, in the form scripts know from SmartOS. */
  renderFailure?(failure: Failure): string
  /** Exit code of a failure where it is not the one of the error table. */
  exitOf?(failure: Failure): number | undefined
}

/** The programs in one bundle, each loaded only when it is called. */
export type ToolTable = Readonly<Record<string, () => Promise<{ tool: Tool }>>>

export interface Failure {
  code: string
  /** The sentence with the command's `failure` before it. */
  message: string
  command: string
}

/** What was typed, after parsing. */
export interface Input {
  args: readonly string[]
  /** By long name; flags have the value ''. */
  options: ReadonlyMap<string, readonly string[]>
}

/** All a command may touch. */
export interface Cli {
  node: NodeClient
  /** Where the node's socket is; the console and error hints need it. */
  socketPath: string
  /** Options of the tool given before the command. */
  toolOptions: Input['options']
  out: Output
  err: Output
  /** Whether a terminal is behind it. */
  isTerminal(fd: 0 | 1 | 2): boolean
  /** Columns of the terminal on stderr. */
  terminalWidth(): number
  /** Calls back on each Ctrl-C until the returned function is called; without it Ctrl-C ends the program. */
  onInterrupt(listener: () => void): () => void
  /** Environment variables that may matter to a command. */
  env: Readonly<Record<string, string | undefined>>
}

/** A standard stream: written at once and whole. */
export type Output = (text: string | Uint8Array) => void

export function hasOption(input: Input, long: string): boolean {
  return input.options.has(long)
}

/** The last value given, as the last one wins. */
export function optionValue(input: Input, long: string): string | undefined {
  return input.options.get(long)?.at(-1)
}
