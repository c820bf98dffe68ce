import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory } from '#host/fs/atomic.ts'
import { CommandFailure, run } from '#host/run/run.ts'
import type { Parts } from '../parts.ts'
import type { StepOf } from '../steps/step.ts'

const tarFlags: Record<string, string[]> = { none: [], gzip: ['--gzip'], bzip2: ['--bzip2'], xz: ['--xz'], zstd: ['--zstd'] }
const hour = 3_600_000

/** Checks the file against its manifest, then unpacks it into `root/` of the dataset. ImageInvalid, NoSpace. */
export async function unpackImage({ dataset, manifest, file }: StepOf<'image.unpack'>, context: Context, parts: Parts): Promise<void> {
  const promised = manifest.files?.[0]
  if (promised === undefined) throw new AppError('ImageInvalid', `The manifest of image ${manifest.uuid} names no file.`)
  await checkFile(file, promised, context)
  const root = join(parts.host.storage.mountpointOf(dataset), 'root')
  await ensureDirectory(root, 0o755)
  const argv = [
    '--extract',
    '--file',
    file,
    '--directory',
    root,
    '--numeric-owner',
    '--preserve-permissions',
    '--same-owner',
    '--xattrs',
    '--xattrs-include=*',
    ...(tarFlags[promised.compression] ?? []),
  ]
  try {
    await run(['tar', ...argv], { timeoutMs: hour }, context)
  } catch (cause) {
    throw asImageError(cause, manifest.uuid)
  }
}

async function checkFile(file: string, promised: { sha1: string; size: number }, context: Context): Promise<void> {
  const hash = createHash('sha1')
  let size = 0
  try {
    for await (const chunk of createReadStream(file, { signal: context.signal })) {
      hash.update(chunk as Buffer)
      size += (chunk as Buffer).length
    }
  } catch (cause) {
    throw new AppError('ImageInvalid', `The image file ${file} cannot be read.`, { cause })
  }
  if (size !== promised.size) throw new AppError('ImageInvalid', `The image file ${file} has ${size} bytes; its manifest promises ${promised.size}.`)
  const sha1 = hash.digest('hex')
  if (sha1 !== promised.sha1) throw new AppError('ImageInvalid', `The image file ${file} has sha1 ${sha1}; its manifest promises ${promised.sha1}.`)
}

function asImageError(cause: unknown, uuid: string): unknown {
  const failure = cause instanceof AppError ? cause.cause : undefined
  if (!(failure instanceof CommandFailure)) return cause
  if (/No space left|Disk quota exceeded/.test(failure.stderrTail)) return new AppError('NoSpace', `Not enough space on the pool for image ${uuid}.`, { cause })
  return new AppError('ImageInvalid', `The file of image ${uuid} cannot be unpacked.`, { cause })
}
