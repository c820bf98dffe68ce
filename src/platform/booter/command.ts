import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { AppError } from '#contracts/errors.ts'
import type { BooterConfig } from '#contracts/platform/booter.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, writeFileAtomic } from '#host/fs/atomic.ts'
import { type Child, startChild } from '#host/run/child.ts'
import { readBooterConfig } from './config.ts'
import { bootPrograms, renderDnsmasq } from './dnsmasq.ts'
import { booterExample, type BooterOptions, booterUsage, parseBooterOptions } from './options.ts'
import { readStamps } from './platforms.ts'
import { defaultPort, renderBase } from './script.ts'
import { startBooterServer } from './server.ts'

/** Runs the verb `booter` to its exit code. */
export async function runBooter(words: readonly string[], write: (text: string) => void, context: Context): Promise<number> {
  const options = parseBooterOptions(words)
  if (options.do === 'help' || options.do === 'example') {
    write(options.do === 'help' ? booterUsage : booterExample)
    return 0
  }
  const config = await readBooterConfig(resolve(options.config))
  if (options.do === 'check') {
    const stamps = await readStamps(config.platforms)
    write(renderDnsmasq(config, join(options.state, 'leases')) ?? '# no DHCP here\n')
    write(`# images in ${config.platforms}: ${stamps.join(', ') || 'none'}\n`)
    return 0
  }
  return await serve(options, config, { write, context })
}

interface Surroundings {
  write: (text: string) => void
  context: Context
}

/** Serves until interrupted (0) or until dnsmasq ends by itself (CommandFailed). */
async function serve(options: BooterOptions, config: BooterConfig, { write, context }: Surroundings): Promise<number> {
  const log = (line: string): void => write(`${context.now().toISOString()} ${line}\n`)
  const server = await startBooterServer({
    listen: { host: options.listen, port: config.port ?? defaultPort },
    readConfig: createConfigReader(resolve(options.config), config, log),
    log,
  })
  log(`serving ${config.platforms} at ${renderBase(config)}/boot.ipxe`)
  try {
    const dhcp = await startDnsmasq(config, options.state, { write: log, context })
    const interrupted = Promise.withResolvers<null>()
    context.signal.addEventListener('abort', () => interrupted.resolve(null), { once: true })
    const ended = await Promise.race([interrupted.promise, ...(dhcp === null ? [] : [dhcp.ended])])
    if (ended === null || context.signal.aborted) return 0
    throw new AppError('CommandFailed', `dnsmasq ended by itself (${ended.signal ?? `code ${ended.code}`}).`, { hint: 'its last lines above say why' })
  } finally {
    await server.close()
  }
}

/** Reads the file at each call; while it has mistakes, the last good one goes on to be served and the mistakes are logged. */
export function createConfigReader(path: string, first: BooterConfig, log: (line: string) => void): () => Promise<BooterConfig> {
  let good = first
  return async () => {
    good = await readBooterConfig(path).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error
      log([`${error.message} The last good one is served.`, ...(error.details ?? []).map(({ path, message }) => `${path} ${message}`)].join(' '))
      return good
    })
    return good
  }
}

async function startDnsmasq(config: BooterConfig, state: string, { write, context }: Surroundings): Promise<Child | null> {
  const text = renderDnsmasq(config, join(resolve(state), 'leases'))
  if (text === null) return null
  for (const program of [bootPrograms.bios, bootPrograms.uefi]) {
    const file = join(bootPrograms.directory, program)
    if (!existsSync(file)) throw new AppError('NotSupported', `The boot program ${file} is not there.`, { hint: 'apt-get install ipxe' })
  }
  await ensureDirectory(state)
  const path = join(resolve(state), 'dnsmasq.conf')
  await writeFileAtomic(path, text, { mode: 0o644 })
  const child = await startChild(['dnsmasq', '--keep-in-foreground', `--conf-file=${path}`, '--log-facility=-'], {}, context)
  createInterface({ input: child.stderr }).on('line', (line) => write(line))
  child.stdout?.resume()
  return child
}
