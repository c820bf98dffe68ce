import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { hasOption, optionValue, type Command, type Input } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { parsePayload } from '../payload.ts'
import { usage } from '../parse-args.ts'

export const command: Command = {
  arguments: [],
  options: [
    { long: 'manifest', short: 'm', value: 'FILE', summary: 'Manifest of the image', complete: 'file' },
    { long: 'file', short: 'f', value: 'FILE', summary: 'The image: a tar archive (also gzip, xz, zstd) or a ZFS stream', complete: 'file' },
    { long: 'pool', short: 'P', value: 'POOL', summary: 'Accepted: there is one pool' },
    { long: 'quiet', short: 'q', summary: 'Says nothing when it went well' },
    jsonEventsOption,
  ],
  examples: [{ command: 'imgadm install -m web.imgmanifest -f web.tar.zst', summary: 'Installs an image from two files' }],
  async run(input, cli) {
    const manifest = readManifest(required(input, 'manifest', '-m MANIFEST'))
    const file = resolve(required(input, 'file', '-f FILE'))
    const operation = await runOperation(cli, input, 'image.install', { json: { manifest, file } })
    if (!hasOption(input, 'quiet')) cli.err(`Installed image ${operation.subject}\n`)
    return 0
  },
}

function required(input: Input, option: string, shown: string): string {
  const value = optionValue(input, option)
  if (value === undefined) throw usage(`Missing option ${shown}.`)
  return value
}

function readManifest(path: string): Record<string, unknown> {
  try {
    return parsePayload(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof AppError) throw new AppError('ImageInvalid', error.message.replace('payload', `manifest ${path}`))
    throw new AppError('ImageInvalid', `Manifest ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`)
  }
}
