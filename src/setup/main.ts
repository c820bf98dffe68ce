import { join } from 'node:path'
import { createNodeClient } from '#client/node-client.ts'
import { AppError, isAppError } from '#contracts/errors.ts'
import { type Context, silentLog } from '#host/context.ts'
import { followLog, readLastLines } from './daemon-log.ts'
import { readPing, stopDaemon } from './daemon.ts'
import { renderFailure } from '#contracts/render-failure.ts'
import { parseUpOptions, type Places, renderPlaces, socketOf } from './settings.ts'
import { readStatusText } from './status.ts'
import { bringUp } from './up.ts'

const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort())
process.once('SIGTERM', () => interrupt.abort())

const context: Context = { signal: interrupt.signal, log: silentLog, now: () => new Date() }
const places = renderPlaces(join(import.meta.dirname, '../..'))

type Verb = (places: Places, words: readonly string[]) => Promise<number>

const verbs: Readonly<Record<string, Verb>> = {
  async up(where, words) {
    await bringUp(where, parseUpOptions(words), { out: process.stdout, context })
    return 0
  },
  async down(where) {
    const stopped = await stopDaemon(where, context)
    console.log(stopped ? 'The node daemon has ended; zones go on running.' : 'The node daemon was not running.')
    return 0
  },
  async status(where) {
    const node = createNodeClient(socketOf(where))
    if ((await readPing(node)) === null) {
      console.log('daemon      not running; start it with ./spirula up')
      return 1
    }
    process.stdout.write(await readStatusText(node))
    return 0
  },
  async logs(where, words) {
    const unknown = words.find((word) => word !== '-f')
    if (unknown !== undefined) throw new AppError('Usage', `logs does not know ${unknown}.`, { hint: './spirula logs [-f]' })
    console.log(await readLastLines(where.logFile, 200))
    if (words.includes('-f')) await followLog(where.logFile, process.stdout, context.signal)
    return 0
  },
}

try {
  const [verb = '', ...words] = process.argv.slice(2)
  process.exit(await verbs[verb]!(places, words))
} catch (error) {
  console.error(renderFailure(error))
  process.exit(isAppError(error) ? error.exit : 1)
}
