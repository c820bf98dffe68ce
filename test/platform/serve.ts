import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'

/** Serves a directory on loopback, where guests on QEMU's user network find it at 10.0.2.2. */
export async function serveDirectory(directory: string): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const path = join(directory, normalize(new URL(request.url ?? '/', 'http://localhost').pathname))
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isFile() !== true) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-length': found.size })
    createReadStream(path).pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
