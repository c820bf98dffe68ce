import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { bootLabel, platformDirectory, platformFiles, stampPattern } from '#contracts/platform/names.ts'
import { findMedium } from '#host/boot/devices.ts'
import { readEspOffset } from '#host/boot/gpt-offset.ts'
import { readImages } from '#host/boot/images.ts'
import { withMounted } from '#host/boot/mount.ts'
import { ensureDirectory } from '#host/fs/atomic.ts'
import { run } from '#host/run/run.ts'
import { newestOf } from '#plan/boot/decide.ts'
import type { BootHost } from './boot-host.ts'
import type { Reporter } from './reporter.ts'
import { downloadFile, downloadImage, imageUrl, readAvailable, readServerUrl } from './server.ts'

export interface SourceOptions {
  host: BootHost
  reporter: Reporter
  env: Readonly<Record<string, string | undefined>>
  /** An empty directory that things may be fetched or unpacked into; made when it is needed. */
  scratch(): Promise<string>
}

/** A directory with an image's files, not verified; `ready`: it is in the scratch directory, so that it may be moved. */
export interface OpenedSource {
  directory: string
  ready: boolean
}

/** What the word for a source means; `text` stays as it was typed. */
export type SourceKind = 'latest' | 'media' | 'stamp' | 'directory' | 'iso' | 'disk_image' | 'archive' | 'url'

/** Sorts the words apart; `isDirectory` tells what is at a path. */
export function kindOfSource(text: string, isDirectory: (path: string) => boolean): SourceKind {
  if (text === 'latest' || text === 'media') return text
  if (stampPattern.test(text)) return 'stamp'
  if (/^https?:\/\//.test(text)) return 'url'
  if (isDirectory(text)) return 'directory'
  return kindOfFile(text) ?? 'archive'
}

function kindOfFile(name: string): 'iso' | 'disk_image' | 'archive' | null {
  if (/\.iso$/i.test(name)) return 'iso'
  if (/\.img$/i.test(name)) return 'disk_image'
  return /\.(tar|tgz|tar\.(gz|zst|xz))$/i.test(name) ? 'archive' : null
}

/** Opens a source of an image while `work` runs. Errors say what was expected where. */
export async function withSource<T>(text: string, options: SourceOptions, work: (source: OpenedSource) => Promise<T>): Promise<T> {
  const kind = kindOfSource(text, isDirectory)
  const { host } = options
  switch (kind) {
    case 'latest':
    case 'stamp': {
      const server = await readServerUrl(options.env)
      const stamp = kind === 'stamp' ? text : newestOf(await readAvailable(server, host.context))
      if (stamp === null) throw new AppError('NotFound', `The server ${server} has no platform images.`)
      return await withSource(imageUrl(server, stamp), options, work)
    }
    case 'media': {
      const medium = findMedium(await host.devices())
      return await host.open(medium, false, async (root) => await work({ directory: await findImage(root, medium.path), ready: false }))
    }
    case 'directory':
      return await work({ directory: await findImage(text, text), ready: false })
    case 'url':
      return await withUrl(text, options, work)
    default:
      requireFile(text)
      return await withFile(text, kind, options, work)
  }
}

async function withUrl<T>(url: string, options: SourceOptions, work: (source: OpenedSource) => Promise<T>): Promise<T> {
  const { context } = options.host
  const directory = join(await options.scratch(), 'fetched')
  await ensureDirectory(directory)
  const name = new URL(url).pathname.split('/').at(-1) ?? ''
  const kind = kindOfFile(name)
  if (kind === null) {
    await downloadImage(url, directory, { context, reporter: options.reporter })
    return await work({ directory, ready: true })
  }
  const file = join(directory, 'download')
  await downloadFile(url, file, { context, reporter: options.reporter })
  return await withFile(file, kind, options, work)
}

async function withFile<T>(
  file: string,
  kind: 'iso' | 'disk_image' | 'archive',
  options: SourceOptions,
  work: (source: OpenedSource) => Promise<T>,
): Promise<T> {
  const { context } = options.host
  if (kind === 'archive') {
    const directory = join(await options.scratch(), 'unpacked')
    await ensureDirectory(directory)
    options.reporter.step('Unpacking')
    await run(['tar', '-x', '--no-same-owner', '--no-same-permissions', '-f', file, '-C', directory], { timeoutMs: 30 * 60_000 }, context)
    return await work({ directory: await findImage(directory, file), ready: true })
  }
  const offsetBytes = kind === 'iso' ? 0 : await readEspOffset(file)
  const place = { source: file, type: kind === 'iso' ? 'iso9660' : 'vfat', write: false, offsetBytes } as const
  return await withMounted(place, context, async (root) => await work({ directory: await findImage(root, file), ready: false }))
}

/** The image of a directory: the directory itself, or the newest whole one in it. */
async function findImage(directory: string, name: string): Promise<string> {
  if (existsSync(join(directory, platformFiles.checksums))) return directory
  const stamp = newestOf((await readImages(directory)).filter((image) => image.whole).map((image) => image.stamp))
  if (stamp !== null) return join(directory, platformDirectory(stamp))
  throw new AppError('ImageInvalid', `There is no whole platform image in ${name}.`, {
    hint: `it needs platform-STAMP/${platformFiles.checksums} and the files that names`,
  })
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function requireFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return
  throw new AppError('NotFound', `There is no file or directory ${path}.`, {
    hint: `a source is: a stamp, latest, media (an attached medium labelled ${bootLabel}), a directory, an ISO or disk image, a tar archive, or an http address`,
  })
}
