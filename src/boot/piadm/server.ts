import { join } from 'node:path'
import { Readable } from 'node:stream'
import { AppError } from '#contracts/errors.ts'
import { parseUsbkeyConfig } from '#contracts/platform/usbkey-config.ts'
import { platformDirectory, platformFiles, platformPaths, stampPattern } from '#contracts/platform/names.ts'
import type { Context } from '#host/context.ts'
import { readTextFile } from '#host/fs/atomic.ts'
import { writeStream } from '#host/fs/stream.ts'
import { parseSha256Sums } from '#lib/sha256sums.ts'
import type { Reporter } from './reporter.ts'

const urlKey = 'piadm_url'
const largestText = 1 << 20

/** Where images are served: the environment's PIADM_URL, else `piadm_url` of /usbkey/config; ends with a slash. */
export async function readServerUrl(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const given = env['PIADM_URL'] ?? parseUsbkeyConfig((await readTextFile(platformPaths.usbkeyConfig)) ?? '').values.get(urlKey)
  if (given === undefined || !URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new AppError('NotSupported', given === undefined ? 'No server for platform images is set.' : `"${given}" is not the address of a server.`, {
      hint: `set ${urlKey}='https://…/' in ${platformPaths.usbkeyConfig}, or PIADM_URL; or install from a file or directory`,
    })
  }
  return given.endsWith('/') ? given : `${given}/`
}

/**
 * Stamps of the images at a server, oldest first. `index.json` there is a list of stamps, or of objects with a `stamp`; or of lines
 * with one stamp each.
 */
export async function readAvailable(url: string, context: Context): Promise<string[]> {
  return parseIndex(await readText(new URL('index.json', url).href, context))
}

/** Stamps in the text of an index, oldest first; ImageInvalid when it has not the form of one. */
export function parseIndex(text: string): string[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = text.split('\n').map((line) => line.trim())
  }
  const list = Array.isArray(value) ? value : (value as { images?: unknown } | null)?.images
  if (!Array.isArray(list)) throw new AppError('ImageInvalid', 'The list of platform images has not the form that is known: a JSON list of stamps.')
  const stamps = list.map((entry: unknown) => (typeof entry === 'string' ? entry : (entry as { stamp?: unknown } | null)?.stamp))
  return [...new Set(stamps.filter((stamp) => typeof stamp === 'string' && stampPattern.test(stamp)) as string[])].toSorted()
}

export function imageUrl(server: string, stamp: string): string {
  return new URL(`${platformDirectory(stamp)}/`, server).href
}

/** Fetches an image's files (its checksums name them) into an empty directory. They are not verified yet. */
export async function downloadImage(url: string, directory: string, options: { context: Context; reporter: Reporter }): Promise<void> {
  const base = url.endsWith('/') ? url : `${url}/`
  const checksums = await readText(new URL(platformFiles.checksums, base).href, options.context)
  const sums = parseSha256Sums(checksums)
  if (sums === null || sums.size === 0) throw new AppError('ImageInvalid', `${base} is no platform image: its ${platformFiles.checksums} cannot be read.`)
  for (const name of sums.keys()) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) throw new AppError('ImageInvalid', `${base} names a file "${name.slice(0, 100)}", which no image has.`)
    await downloadFile(new URL(name, base).href, join(directory, name), options)
  }
  await writeStream(join(directory, platformFiles.checksums), Readable.from([checksums]), options.context)
}

/** Fetches one file. */
export async function downloadFile(url: string, file: string, { context, reporter }: { context: Context; reporter: Reporter }): Promise<void> {
  const response = await get(url, context)
  reporter.step(`Fetching ${url}`)
  reporter.expect(Number(response.headers.get('content-length') ?? 0))
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
  body.on('data', (chunk: Buffer) => reporter.bytes(chunk.length))
  body.pause()
  await writeStream(file, body, context)
}

async function readText(url: string, context: Context): Promise<string> {
  const response = await get(url, context)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > largestText) throw new AppError('ImageInvalid', `${url} is larger than a list can be.`)
    chunks.push(Buffer.from(chunk))
  }
  return Buffer.concat(chunks).toString()
}

async function get(url: string, { signal }: Context): Promise<Response> {
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    throw new AppError('Timeout', `${url} cannot be reached.`, { cause, hint: 'check the network and the address of the server' })
  })
  if (response.ok && response.body !== null) return response
  throw new AppError('NotFound', `${url} cannot be had: the server answers ${response.status}.`)
}
