import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'

const retryMs = 200

/**
 * Runs `work` while no other program of this machine does the same under that name. The lock is a socket in the kernel's
 * abstract name space: it ends with the process, however that ends. Busy after `waitMs`.
 */
export async function withLock<T>(name: string, waitMs: number, context: Context, work: () => Promise<T>): Promise<T> {
  const server = await takeLock(name, waitMs, context)
  try {
    return await work()
  } finally {
    const closed = Promise.withResolvers<void>()
    server.close(() => closed.resolve())
    await closed.promise
  }
}

async function takeLock(name: string, waitMs: number, context: Context): Promise<Server> {
  for (let left = waitMs; ; left -= retryMs) {
    const server = await listen(`\0spirula-${name}`)
    if (server !== null) return server
    if (left <= 0)
      throw new AppError('Busy', `Another program is changing the platform images of this machine.`, { hint: 'wait for it to end: ps -ef | grep piadm' })
    await sleep(retryMs, undefined, { signal: context.signal })
  }
}

function listen(path: string): Promise<Server | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Server | null>()
  const server = createServer((socket) => socket.destroy())
  server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)))
  server.listen({ path }, () => resolve(server))
  return promise
}
