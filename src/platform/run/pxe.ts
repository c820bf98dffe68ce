import { dirname, join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { platformDirectory } from '#contracts/platform/names.ts'
import type { BooterConfig, BooterNode } from '#contracts/platform/booter.ts'
import { ensureDirectory, writeFileAtomic } from '#host/fs/atomic.ts'
import { renderFirstScript } from '../booter/script.ts'
import { startBooterServer } from '../booter/server.ts'
import type { BuiltPlatform } from './platform-files.ts'
import { readFreePort } from './ssh.ts'

/** A booter for guests on QEMU's user network, which has DHCP and TFTP itself. */
export interface PxeService {
  /** What a user nic needs to boot from it. */
  nic: { tftp: string; bootFile: string }
  close: () => Promise<void>
}

/** Where such guests reach the loopback of this machine. */
const hostAddress = '10.0.2.2'

export interface PxeOptions {
  built: BuiltPlatform
  /** Scratch; TFTP serves a part of it. */
  directory: string
  /** Added to the kernel's command line. */
  words: string[]
  /** For the first boot; fetched by the guest. */
  answers?: BooterNode['answers']
  /** Told of each request. */
  log: (line: string) => void
}

export async function startPxe({ built, directory, words, answers, log }: PxeOptions): Promise<PxeService> {
  const prefix = platformDirectory('')
  if (!built.name.startsWith(prefix))
    throw new AppError('NotSupported', `A booter serves directories named ${prefix}STAMP, and ${built.name} is none.`, {
      hint: 'take the directory that ./spirula platform build made',
    })
  const config: BooterConfig = {
    address: hostAddress,
    platforms: dirname(dirname(built.kernel)),
    dhcp: { mode: 'none' },
    default: { platform: built.name.slice(prefix.length), arguments: words, ...(answers && { answers }) },
  }
  const port = await readFreePort()
  // As the guest sees it: the addresses of answers are made of it.
  const base = `http://${hostAddress}:${port}`
  const server = await startBooterServer({ listen: { host: '127.0.0.1', port }, base, readConfig: () => Promise.resolve(config), log })
  const tftp = join(directory, 'tftp')
  await ensureDirectory(tftp)
  await writeFileAtomic(join(tftp, 'boot.ipxe'), renderFirstScript(base), { mode: 0o644, durable: false })
  return { nic: { tftp, bootFile: 'boot.ipxe' }, close: () => server.close() }
}
