import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#contracts/errors.ts'
import { maxAnswersBytes } from '#contracts/platform/answers.ts'
import { answersLabel, bootLabel } from '#contracts/platform/names.ts'
import type { Context } from '#host/context.ts'
import { renderListDisks } from '#host/disks/argv.ts'
import { listWithChildren, parseBlocks, type Block } from '#host/disks/parse-disks.ts'
import { ensureDirectory } from '#host/fs/atomic.ts'
import { removeEmptyDirectory } from '#host/fs/kernel.ts'
import { run } from '#host/run/run.ts'

/** An answers file that was found. */
export interface FoundAnswers {
  /** For people: where it is. */
  where: string
  text: string
}

/** Looked for in this order on a file system with one of our labels. */
const names = ['private/answers.json', 'answers.json'] as const

/**
 * The first answers file on the small disk that brings one, or on the boot medium; null when there is none. A disk
 * that cannot be read is passed over with a sentence in `problems`.
 */
export async function readAnswersFromDisks(problems: string[], context: Context): Promise<FoundAnswers | null> {
  const blocks = parseBlocks((await run(renderListDisks(), {}, context)).stdout).flatMap(listWithChildren)
  for (const label of [answersLabel, bootLabel]) {
    for (const block of blocks.filter((candidate) => candidate.label === label && isPlain(candidate))) {
      const found = await readFromDevice(block, context).catch((error: unknown) => {
        problems.push(`The answers on ${block.path} could not be read: ${error instanceof Error ? error.message : String(error)}`)
        return null
      })
      if (found !== null) return found
    }
  }
  return null
}

/** Only what we write ourselves is mounted: a driver for anything else is a door. */
function isPlain({ fstype }: Block): boolean {
  return fstype === 'vfat' || fstype === 'iso9660'
}

async function readFromDevice({ path, fstype }: Block, context: Context): Promise<FoundAnswers | null> {
  const mountpoint = '/run/spirula/answers-medium'
  await ensureDirectory(mountpoint, 0o700)
  try {
    await run(['mount', '-t', fstype ?? 'vfat', '-o', 'ro,nosuid,nodev,noexec,nosymfollow', path, mountpoint], {}, context)
    try {
      return await readFromDirectory(mountpoint, path)
    } finally {
      await run(['umount', mountpoint], {}, context)
    }
  } finally {
    await removeEmptyDirectory(mountpoint)
  }
}

async function readFromDirectory(directory: string, device: string): Promise<FoundAnswers | null> {
  for (const name of names) {
    const text = await readBounded(join(directory, name))
    if (text !== null) return { where: `${name} on ${device}`, text }
  }
  return null
}

/** Text of a plain file of bounded size; null when there is none. InvalidPayload when it is something else, or too large. */
export async function readBounded(path: string): Promise<string | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  })
  if (file === null) return null
  try {
    const { size } = await file.stat().then((stat) => (stat.isFile() ? stat : Promise.reject(new AppError('InvalidPayload', `${path} is not a plain file.`))))
    if (size > maxAnswersBytes) throw tooLarge()
    const buffer = Buffer.alloc(maxAnswersBytes)
    const { bytesRead } = await file.read(buffer, 0, maxAnswersBytes, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

export interface FetchOptions {
  /** All tries together. */
  limitMs: number
  /** One try. */
  tryMs: number
  pauseMs: number
  /** Told why a try failed. */
  onRetry: (reason: string) => void
}

export const usualFetch: Omit<FetchOptions, 'onRetry'> = { limitMs: 120_000, tryMs: 10_000, pauseMs: 2_000 }

/**
 * Answers from the URL of the kernel's command line. While the network comes up it is tried again; an answer of the
 * server that will not change (4xx) is final. Throws InvalidPayload, NotFound, Timeout, Cancelled.
 */
export async function fetchAnswers(url: string, options: FetchOptions, context: Context): Promise<FoundAnswers> {
  if (!/^https?:\/\/[^\s]{1,2000}$/.test(url)) throw new AppError('InvalidPayload', `answers=${url.slice(0, 200)} is not an http URL.`)
  const end = context.now().getTime() + options.limitMs
  for (;;) {
    try {
      return { where: url, text: await fetchOnce(url, options.tryMs, context.signal) }
    } catch (error) {
      if (error instanceof AppError) throw error
      if (context.signal.aborted) throw new AppError('Cancelled', 'Fetching the answers was broken off.', { cause: error })
      const reason = reasonOf(error)
      if (context.now().getTime() + options.pauseMs > end)
        throw new AppError('Timeout', `${url} gave no answers in ${Math.round(options.limitMs / 1000)} seconds: ${reason}.`, { cause: error })
      options.onRetry(reason)
      // Ctrl-C ends the pause; the next round sees it.
      await sleep(options.pauseMs, undefined, { signal: context.signal }).catch(() => undefined)
    }
  }
}

async function fetchOnce(url: string, timeoutMs: number, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]), headers: { accept: 'application/json' } })
  if (response.status >= 400 && response.status < 500)
    throw new AppError('NotFound', `${url} was answered with ${response.status}: there are no answers for this node.`)
  if (!response.ok) throw new Error(`the server says ${response.status}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxAnswersBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function tooLarge(): AppError {
  return new AppError('InvalidPayload', `An answers file may have ${maxAnswersBytes / 1024} KiB; this one has more.`)
}

/** Node hides the system's reason in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error
  if (cause instanceof Error) return cause.message === '' ? ((cause as NodeJS.ErrnoException).code ?? cause.name) : cause.message
  return message
}
