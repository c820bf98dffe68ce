import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#contracts/errors.ts'

/** QEMU's control port: https://www.qemu.org/docs/master/interop/qmp-spec.html */
export interface Qmp {
  /** The `return` of a command. Throws CommandFailed with QEMU's own words. */
  command: (name: string, args?: Readonly<Record<string, unknown>>) => Promise<unknown>
  close: () => void
}

interface Answer {
  id?: number
  QMP?: unknown
  return?: unknown
  error?: { class: string; desc: string }
}

/** Connects, waiting at most `timeoutMs` until QEMU has made its socket; `isAlive` ends the waiting early. */
export async function connectQmp(path: string, timeoutMs: number, isAlive: () => boolean): Promise<Qmp | null> {
  const deadline = performance.now() + timeoutMs
  while (isAlive() && performance.now() < deadline) {
    const socket = await tryConnect(path)
    if (socket !== null) return await greet(socket)
    await sleep(50)
  }
  return null
}

/** A connection to a unix socket; null when nobody listens there. */
export function tryConnect(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(null))
  })
}

async function greet(socket: Socket): Promise<Qmp> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let nextId = 1
  createInterface({ input: socket }).on('line', (line) => settle(JSON.parse(line) as Answer, waiting))
  socket.on('error', () => {})
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new AppError('CommandFailed', 'QEMU ended before it answered on its control port.'))
    waiting.clear()
  })
  const qmp: Qmp = {
    async command(name, args) {
      if (socket.destroyed) throw new AppError('CommandFailed', `QEMU has ended and was not told ${name}.`)
      const id = nextId++
      const answer = Promise.withResolvers<unknown>()
      waiting.set(id, answer)
      socket.write(`${JSON.stringify({ execute: name, id, ...(args === undefined ? {} : { arguments: args }) })}\n`)
      return await answer.promise
    },
    close: () => void socket.destroy(),
  }
  await qmp.command('qmp_capabilities')
  return qmp
}

/** Greeting and events have no id and are not heeded. */
function settle(answer: Answer, waiting: Map<number, PromiseWithResolvers<unknown>>): void {
  const asked = waiting.get(answer.id ?? 0)
  if (asked === undefined) return
  waiting.delete(answer.id!)
  if (answer.error === undefined) asked.resolve(answer.return)
  else asked.reject(new AppError('CommandFailed', 'QEMU refused a command on its control port.', { cause: new Error(answer.error.desc) }))
}
