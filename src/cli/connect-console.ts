import type { Socket } from 'node:net'
import { openSocket } from '#client/http.ts'
import { AppError } from '#contracts/errors.ts'
import type { Cli } from './command.ts'

const escapeByte = 0x1d // Ctrl-]

/**
 * Connects this terminal to the console of a running machine until Ctrl-] or until the console ends.
 * Without a terminal, standard input goes to the console and what comes back goes to standard output.
 */
export async function connectConsole(name: string, cli: Cli): Promise<number> {
  const { uuid, socket: path } = await cli.node.json<{ uuid: string; socket: string }>('machine.console', { params: { name } })
  const socket = await openConsole(path, uuid)
  const isTerminal = cli.isTerminal(0)
  if (isTerminal) cli.err(`[Connected to zone '${uuid}' console; Ctrl-] leaves]\r\n`)
  const stopResizing = isTerminal ? followWindowSize(`${path.slice(0, path.lastIndexOf('/'))}/control.sock`) : undefined
  try {
    if (isTerminal) process.stdin.setRawMode(true)
    const reason = await relay(socket, cli)
    if (isTerminal) cli.err(`\r\n[Connection to zone '${uuid}' console ${reason}]\r\n`)
  } finally {
    stopResizing?.()
    if (isTerminal) process.stdin.setRawMode(false)
    socket.destroy()
  }
  return 0
}

async function openConsole(path: string, uuid: string): Promise<Socket> {
  try {
    return await openSocket({ socketPath: path })
  } catch (error) {
    throw new AppError('RuntimeFailed', `The console of ${uuid} cannot be reached.`, { cause: error, hint: 'vmadm list' })
  }
}

/** Bytes both ways; resolves with how it ended. */
function relay(socket: Socket, cli: Cli): Promise<'closed' | 'ended'> {
  const { promise, resolve, reject } = Promise.withResolvers<'closed' | 'ended'>()
  const isTerminal = cli.isTerminal(0)
  socket.on('data', (bytes: Buffer) => {
    try {
      cli.out(bytes)
    } catch (error) {
      reject(error)
    }
  })
  socket.on('close', () => resolve('ended'))
  process.stdin.on('data', (bytes: Buffer) => {
    const escape = isTerminal ? bytes.indexOf(escapeByte) : -1
    socket.write(escape < 0 ? bytes : bytes.subarray(0, escape))
    if (escape >= 0) resolve('closed')
  })
  process.stdin.on('end', () => socket.end())
  return promise
}

/** Tells the zone's keeper the size of this terminal, now and whenever it changes. Not every runtime has a keeper that listens. */
function followWindowSize(controlPath: string): () => void {
  const tell = (): void => {
    const [columns, rows] = process.stdout.isTTY ? process.stdout.getWindowSize() : [80, 24]
    openSocket({ socketPath: controlPath }).then(
      (socket) => socket.end(`size ${rows} ${columns}\n`),
      // Without it the console works, only in its old size.
      () => undefined,
    )
  }
  tell()
  process.on('SIGWINCH', tell)
  return () => process.off('SIGWINCH', tell)
}
