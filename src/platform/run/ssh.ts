import { existsSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, isAppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, readTextFile, removeFile } from '#host/fs/atomic.ts'
import { type Child, startChild } from '#host/run/child.ts'
import type { Argv } from '#host/run/programs.ts'
import { run, type RunResult } from '#host/run/run.ts'

export interface SshOptions {
  /** File of the private key; without one those of the user and their agent. */
  key?: string
  /** `root` unless told. */
  user?: string
  /** Text for the command's standard input. */
  input?: string
  /** 60 s unless told. */
  timeoutMs?: number
  /** Socket of a connection that `startSshControl` holds open; without one there each command makes its own. */
  control?: string
}

/** The guest's host key is made in the guest and seen by nobody else: the way to it is this machine's loopback. */
const trusting = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR']

/** The line that people type. */
export function renderSshLine(port: number): string {
  return `ssh -p ${port} ${trusting.join(' ')} root@127.0.0.1`
}

/** argv of one command on a guest; the far shell reads the command as it is. */
export function renderSshArgv(port: number, command: string, options: SshOptions): Argv {
  const key = options.key === undefined ? [] : ['-i', options.key, '-o', 'IdentitiesOnly=yes']
  const control = options.control === undefined ? [] : ['-o', `ControlPath=${options.control}`]
  return [
    'ssh',
    '-p',
    String(port),
    ...trusting,
    '-o',
    'BatchMode=yes',
    '-o',
    'ConnectTimeout=15',
    ...key,
    ...control,
    '--',
    `${options.user ?? 'root'}@127.0.0.1`,
    command,
  ]
}

/** ssh's own failures, as opposed to those of the command. */
const sshFailed = 255
const anyOther = Array.from({ length: sshFailed }, (_, code) => code)

/** Runs a command on a guest; its exit code is an answer. Throws CommandFailed when ssh itself failed, Timeout. */
export async function runSsh(port: number, command: string, options: SshOptions, context: Context): Promise<RunResult> {
  const { input, timeoutMs } = options
  return await run(
    renderSshArgv(port, command, options),
    { okCodes: anyOther, timeoutMs: timeoutMs ?? 60_000, ...(input === undefined ? {} : { input }) },
    context,
  )
}

/**
 * Holds a connection open that commands with this `control` go over: a login takes a second where the guest is emulated.
 * Returns when it is there. It ends with the guest, with a reboot by `kill`, and with this process.
 */
export async function startSshControl(port: number, options: SshOptions & { control: string }, context: Context): Promise<Child> {
  await removeFile(options.control, { durable: false })
  const argv = renderSshArgv(port, '', options)
  const child = await startChild([argv[0], '-M', '-N', ...argv.slice(1, -1)], { env: {}, cwd: '/' }, context)
  for (const stream of [child.stdout, child.stderr]) stream?.resume()
  const state = { ended: false }
  void child.ended.then(() => (state.ended = true))
  while (!state.ended && !existsSync(options.control)) await sleep(50, undefined, { signal: context.signal })
  return child
}

/** Waits until the guest lets us in, at most `timeoutMs`. */
export async function waitForSsh(port: number, options: SshOptions & { timeoutMs: number; isAlive: () => boolean }, context: Context): Promise<void> {
  const deadline = performance.now() + options.timeoutMs
  for (;;) {
    const leftMs = Math.max(1000, deadline - performance.now())
    const failure = await runSsh(port, 'true', { ...options, timeoutMs: Math.min(30_000, leftMs) }, context).then(
      () => null,
      (error: unknown) => {
        if (isAppError(error, 'CommandFailed', 'Timeout')) return error
        throw error
      },
    )
    if (failure === null) return
    if (!options.isAlive()) throw new AppError('CommandFailed', 'The guest ended before it could be reached by ssh.', { cause: failure })
    if (performance.now() >= deadline)
      throw new AppError('Timeout', `The guest could not be reached by ssh within ${options.timeoutMs / 1000} s.`, { cause: failure })
    await sleep(500, undefined, { signal: context.signal })
  }
}

/** A key pair of its own in a directory, made once. */
export async function ensureSshKey(directory: string, context: Context): Promise<{ file: string; publicKey: string }> {
  const file = join(directory, 'id_ed25519')
  await ensureDirectory(directory, 0o700)
  const present = await access(`${file}.pub`).then(
    () => true,
    () => false,
  )
  if (!present) await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'spirula-platform-run', '-f', file], {}, context)
  return { file, publicKey: ((await readTextFile(`${file}.pub`)) ?? '').trim() }
}

/** A TCP port of the loopback that nobody has now. */
export async function readFreePort(): Promise<number> {
  const server = createServer()
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  const address = server.address()
  await new Promise<void>((resolve) => void server.close(() => resolve()))
  if (address === null || typeof address === 'string') throw new AppError('Internal', 'A TCP server has no port.')
  return address.port
}
