import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { Cli } from '#cli/command.ts'
import { AppError } from '#contracts/errors.ts'

/** Asks twice on a terminal, without showing it; else reads the first line of standard input. InvalidPayload when the two differ. */
export async function readNewPassphrase(cli: Cli): Promise<string> {
  const isTerminal = cli.isTerminal(0)
  // Swallows what readline echoes.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output, terminal: isTerminal, crlfDelay: Infinity })
  try {
    if (!isTerminal) return await firstLine(lines)
    const passphrase = await ask(lines, cli, 'Passphrase of the pool: ')
    if ((await ask(lines, cli, 'The same again: ')) === passphrase) return passphrase
    throw new AppError('InvalidPayload', 'The two passphrases are not the same.')
  } finally {
    lines.close()
  }
}

type Lines = ReturnType<typeof createInterface>

async function ask(lines: Lines, cli: Cli, prompt: string): Promise<string> {
  cli.err(prompt)
  const interrupted = Promise.withResolvers<never>()
  lines.once('SIGINT', () => interrupted.reject(new AppError('Cancelled', 'No passphrase was given.')))
  const answer = await Promise.race([lines.question(''), interrupted.promise])
  cli.err('\n')
  return answer
}

async function firstLine(lines: Lines): Promise<string> {
  for await (const line of lines) return line
  throw new AppError('InvalidPayload', 'No passphrase was given on standard input.')
}
