import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError } from '#contracts/errors.ts'
import { stampPattern } from '#contracts/platform/names.ts'
import type { Context } from '#host/context.ts'
import { createProgress } from '#lib/progress.ts'
import { buildPlatform, buildSteps, type BuildOptions } from './build.ts'

export const buildUsage = `usage: ./spirula platform build [OPTION…]

Builds the platform image from this checkout and Debian's archive: kernel and boot archive, ISO, USB image, iPXE files.

  --output DIRECTORY     where the results go (build/platform)
  --stamp STAMP          name of the image (the present time, e.g. 20261123T120000Z)
  --fast                 less compression: a bigger image in a tenth of the time
  --no-media             only platform-STAMP, no ISO, USB image and iPXE files
  --fresh                the Debian tree anew, not from the cache
  --root-password-hash HASH  crypt(3) hash that root has while the pool's own is not known; without it root is locked then
  --cache DIRECTORY      trees, ZFS modules and guest images between builds (/var/cache/spirula/platform)
`

export interface BuildSurroundings {
  /** The checkout. */
  root: string
  tools: BuildOptions['tools']
  write: (text: string) => void
  context: Context
}

/** `./spirula platform build`. Prints progress and the places of the results; gives the exit code. */
export async function runBuild(words: readonly string[], { root, tools, write, context }: BuildSurroundings): Promise<number> {
  const values = parseWords(words)
  if (values.help) {
    write(buildUsage)
    return 0
  }
  if (values.stamp !== undefined && !stampPattern.test(values.stamp))
    throw new AppError('Usage', `"${values.stamp}" is no stamp.`, { hint: 'a stamp is a UTC time such as 20261123T120000Z' })
  const media = !values['no-media']
  const progress = createProgress({ write }, { first: 1, total: buildSteps.image + (media ? buildSteps.media : 0) })
  const { cache, stamp, fresh, 'root-password-hash': rootPasswordHash = null } = values
  const output = resolve(values.output ?? join(root, 'build/platform'))
  const options = {
    checkout: root,
    output,
    cache,
    stamp: stamp ?? renderStamp(context.now()),
    fresh,
    media,
    level: values.fast ? 3 : 15,
    rootPasswordHash,
    tools,
  }
  const built = await buildPlatform(options, progress, context)
  write(`${[built.directory, built.iso, built.usb].filter((path) => path !== null).join('\n')}\n`)
  return 0
}

function parseWords(words: readonly string[]): ReturnType<typeof parse>['values'] {
  try {
    return parse(words).values
  } catch (cause) {
    throw new AppError('Usage', (cause as Error).message, { hint: './spirula platform build --help' })
  }
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- node:util infers the names and types of the options
function parse(words: readonly string[]) {
  return parseArgs({
    args: [...words],
    options: {
      'output': { type: 'string' },
      'stamp': { type: 'string' },
      'fast': { type: 'boolean', default: false },
      'no-media': { type: 'boolean', default: false },
      'fresh': { type: 'boolean', default: false },
      'root-password-hash': { type: 'string' },
      'cache': { type: 'string', default: '/var/cache/spirula/platform' },
      'help': { type: 'boolean', short: 'h', default: false },
    },
  })
}

/** UTC to the second, as image names have it. */
export function renderStamp(now: Date): string {
  return now.toISOString().replaceAll(/[-:]|\.\d+/g, '')
}
