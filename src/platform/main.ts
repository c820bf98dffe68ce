import { join } from 'node:path'
import { AppError, isAppError } from '#contracts/errors.ts'
import { type Context, silentLog } from '#host/context.ts'
import { tools as bootTools } from '../boot/tools.ts'
import { tools as cliTools } from '../cli/tools.ts'
import { runBooter } from './booter/command.ts'
import { runBuild } from './build/command.ts'
import { renderFailure } from '#contracts/render-failure.ts'
import { runPlatform } from './run/command.ts'

// `./spirula platform VERB`: builds the platform, runs it in virtual machines, serves it to machines on a network.

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupt.abort())

const context: Context = { signal: interrupt.signal, log: silentLog, now: () => new Date() }
const root = join(import.meta.dirname, '../..')
const places = { state: join(root, 'build/platform-run'), platforms: join(root, 'build/platform') }
const write = (text: string): void => void process.stdout.write(text)

/** What of each bundle is a program of the image. */
const tools = { cli: Object.keys(cliTools), boot: Object.keys(bootTools) }

const verbs: Readonly<Record<string, (words: readonly string[]) => Promise<number>>> = {
  build: (words) => runBuild(words, { root, tools, write, context }),
  run: (words) => runPlatform(words, { places, write, context }),
  booter: (words) => runBooter(words, write, context),
}

const usage = `usage: ./spirula platform VERB [OPTION…]

  build   build the platform: image, ISO, USB image, files for PXE
  run     boot a built platform in virtual machines
  booter  serve built platforms to machines that boot from the network

  each with --help
`

async function main([verb = '', ...words]: readonly string[]): Promise<number> {
  if (verb === '' || verb === '--help' || verb === '-h') {
    write(usage)
    return verb === '' ? 2 : 0
  }
  const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (run === undefined) throw new AppError('Usage', `platform has no verb ${verb}.`, { hint: './spirula platform --help' })
  return await run(words)
}

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  console.error(renderFailure(error))
  process.exit(isAppError(error) ? error.exit : 1)
}
