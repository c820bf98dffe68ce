import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

/** Reads `size` bytes at `offset` of a file or block device; fewer at its end. */
export async function readAt(path: string, offset: number, size: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const buffer = Buffer.alloc(size)
    let done = 0
    while (done < size) {
      const { bytesRead } = await file.read(buffer, done, size - done, offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return buffer.subarray(0, done)
  } finally {
    await file.close()
  }
}

/** Writes into a file or block device that is there, in place, each part in one write, and waits for the disk. */
export async function writeAt(path: string, parts: readonly { offset: number; bytes: Uint8Array }[]): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW)
  try {
    for (const { offset, bytes } of parts) {
      const { bytesWritten } = await file.write(bytes, 0, bytes.length, offset)
      if (bytesWritten !== bytes.length) throw new Error(`only ${bytesWritten} of ${bytes.length} bytes could be written to ${path}`)
    }
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Makes a file of bytes; one that is there is replaced in place (FAT has no safe rename). Synced. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o644)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the names in a directory outlast a power cut. */
export async function syncNames(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

const chunkBytes = 4 << 20

/** Copies a file to a new one, in place of one that is there, and waits for the disk. `onBytes` is told what was copied since. */
export async function copyWhole(source: string, target: string, signal: AbortSignal, onBytes: (bytes: number) => void = () => {}): Promise<void> {
  const from = await open(source, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const to = await open(target, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o644)
    try {
      await copyChunks(from, to, signal, onBytes)
      await to.sync()
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
}

async function copyChunks(from: FileHandle, to: FileHandle, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<void> {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  for (;;) {
    signal.throwIfAborted()
    const { bytesRead } = await from.read(buffer, 0, chunkBytes, null)
    if (bytesRead === 0) return
    await to.writeFile(buffer.subarray(0, bytesRead))
    onBytes(bytesRead)
  }
}
