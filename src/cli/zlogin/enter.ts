import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { entryNotePath } from '#contracts/machine/entry.ts'
import { hasOption, optionValue, type Cli, type Command, type Input } from '../command.ts'

/** The best shell there is in the zone, as a login shell. */
const loginShell = 'if command -v bash >/dev/null 2>&1; then exec bash -l; fi; exec sh -l'

export const command: Command = {
  description: [
    'Without a command a login shell. The words of a command are joined by blanks and read by the shell of the zone, so that a pipe in quotes runs in the zone; with -S they are run as they are.',
    'There is a terminal in the zone when standard input and output are terminals. The exit code is that of the command.',
  ],
  arguments: [
    { name: 'UUID', summary: 'UUID or alias of a machine, or the first letters of a UUID', complete: 'machine' },
    { name: 'COMMAND', summary: 'What to run in the zone', optional: true, many: true },
  ],
  options: [
    { long: 'console', short: 'C', summary: 'Connects to the console of the zone; Ctrl-] leaves' },
    { long: 'login', short: 'l', value: 'USER', summary: 'User in the zone; root when not given' },
    { long: 'no-terminal', short: 'i', summary: 'No terminal in the zone, even when there is one here' },
    { long: 'safe', short: 'S', summary: 'Runs the words of the command as they are, without a shell; for damaged zones' },
    { long: 'quiet', short: 'Q', summary: 'Accepted: nothing is said beside the output of the zone' },
    { long: 'escape', short: 'e', value: 'CHAR', summary: 'Accepted; leaving the console is always Ctrl-]' },
  ],
  examples: [
    { command: 'zlogin web01', summary: 'A root shell in web01' },
    { command: `zlogin web01 'ps aux | head'`, summary: 'Runs a pipeline in web01' },
  ],
  rest_after: 1,
  async run(input, cli) {
    const [name = ''] = input.args
    if (hasOption(input, 'console')) return (await import('../connect-console.ts')).connectConsole(name, cli)
    const entry = planEntry(input, cli)
    const noted = readNote(name, entry, dirname(cli.socketPath))
    if (noted !== null) return becomeProgram([...noted, ...entry.argv])
    const { argv } = await cli.node.json<{ argv: string[] }>('machine.enter', { params: { name }, json: entry })
    return becomeProgram(argv)
  },
}

interface Entry {
  argv: string[]
  tty: boolean
  user?: string
  env: Record<string, string>
}

/** The note of how to enter a machine named by its UUID, when root just runs a command; null: the daemon knows. */
function readNote(name: string, entry: Entry, runDir: string): string[] | null {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name) || entry.tty || entry.user !== undefined || entry.argv.length === 0) return null
  try {
    return JSON.parse(readFileSync(entryNotePath(runDir, name), 'utf8')) as string[] // the daemon's own file
  } catch {
    // Not running, or not root: the daemon has the sentence for it.
    return null
  }
}

/** What to ask the daemon for. */
export function planEntry(input: Input, cli: Pick<Cli, 'env' | 'isTerminal'>): Entry {
  const tty = !hasOption(input, 'no-terminal') && cli.isTerminal(0) && cli.isTerminal(1)
  const user = optionValue(input, 'login')
  const term = cli.env['TERM']
  return {
    argv: chooseArgv(input.args.slice(1), hasOption(input, 'safe'), user),
    tty,
    ...(user === undefined ? {} : { user }),
    env: tty && term !== undefined ? { TERM: term } : {},
  }
}

function chooseArgv(words: readonly string[], isSafe: boolean, user: string | undefined): string[] {
  if (isSafe) return words.length === 0 ? ['/bin/sh'] : [...words]
  if (words.length > 0) return ['/bin/sh', '-c', words.join(' ')]
  // A user by name gets the shell of their own.
  return user === undefined || user === 'root' || /^[0-9]/.test(user) ? ['/bin/sh', '-c', loginShell] : []
}

/** Replaces this process, so that nothing of it waits beside the zone's. The argv is built by the daemon for root on this node. */
function becomeProgram(argv: readonly string[]): never {
  const [program = ''] = argv
  if (!program.startsWith('/')) throw new AppError('Internal', `The daemon named no program to enter the zone with, but "${program}".`)
  if (process.execve === undefined) throw new AppError('NotSupported', 'This Node cannot replace itself by another program; Node 26 on Linux can.')
  return process.execve(program, [...argv], { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' })
}
