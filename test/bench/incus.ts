import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { attempt, command } from './command.ts'
import type { Contender } from './contender.ts'
import { createTree } from './tree.ts'

const suite = 'bookworm-backports'
const sources = '/etc/apt/sources.list.d/spirula-bench.sources'

/** Incus 6.0 of bookworm-backports on a btrfs pool, the same tree as its image, a nic on a bridge of ours. */
export function createIncus(work: string): Contender {
  const directory = join(work, 'incus')
  const env = { INCUS_DIR: join(directory, 'state'), INCUS_CONF: join(directory, 'client') }
  const bridge = 'bench-incus'
  const incus = (...argv: string[]): Promise<string> => command(['incus', ...argv], { env })
  let daemon: ChildProcess | undefined
  return {
    name: 'incus',
    about: 'incus launch, btrfs pool, bridged nic',
    install: installIncus,
    async setUp() {
      await mkdir(env.INCUS_DIR, { recursive: true })
      await command(['truncate', '-s', '4G', join(directory, 'pool.img')])
      await command(['mkfs.btrfs', '-q', join(directory, 'pool.img')])
      await mkdir(join(directory, 'pool'))
      await command(['mount', '-o', 'loop', join(directory, 'pool.img'), join(directory, 'pool')])
      await command(['ip', 'link', 'add', bridge, 'type', 'bridge'])
      await command(['ip', 'link', 'set', bridge, 'up'])
      await ensureSubordinateIds()
      daemon = spawn('/usr/libexec/incus/incusd', ['--group', 'root'], {
        env: { PATH: '/usr/libexec/incus:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...env },
        stdio: 'ignore',
      })
      await waitUntilReady(incus)
      await incus('storage', 'create', 'p', 'btrfs', `source=${join(directory, 'pool')}`)
      await incus('profile', 'device', 'add', 'default', 'root', 'disk', 'path=/', 'pool=p')
      await incus('profile', 'device', 'add', 'default', 'eth0', 'nic', 'nictype=bridged', `parent=${bridge}`)
      await importImage(directory, incus)
    },
    create: async (name) => void (await incus('launch', 'bench', name)),
    destroy: async (name) => void (await incus('delete', '-f', name)),
    exec: async (name) => void (await incus('exec', name, '--', '/bin/true')),
    async tearDown() {
      const names = (await incus('list', '-f', 'csv', '-c', 'n').catch(() => '')).split('\n').filter(Boolean)
      for (const name of names) await incus('delete', '-f', name).catch(() => '')
      if (daemon?.pid !== undefined) {
        daemon.kill('SIGTERM')
        await sleep(3000)
        daemon.kill('SIGKILL')
      }
      await attempt(['ip', 'link', 'del', bridge])
      for (const mount of ['state/storage-pools/p', 'state/devices', 'state/shmounts', 'state/guestapi', 'pool'])
        await attempt(['umount', '-l', join(directory, mount)])
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The backports suite from the mirror this machine is configured for. */
async function installIncus(): Promise<void> {
  const mirror = (await command(['apt-get', 'indextargets', '--format', '$(REPO_URI)|$(CODENAME)', 'Created-By: Packages']))
    .split('\n')
    .find((line) => line.endsWith('|bookworm'))
  if (mirror === undefined) throw new Error('this machine has no bookworm archive configured')
  await writeFile(
    sources,
    `Types: deb\nURIs: ${mirror.split('|')[0]}\nSuites: ${suite}\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`,
  )
  await command(['apt-get', 'update'])
  await command(['apt-get', 'install', '-y', '--no-install-recommends', '-t', suite, 'incus'])
  await rm(sources)
}

async function ensureSubordinateIds(): Promise<void> {
  for (const path of ['/etc/subuid', '/etc/subgid']) {
    const text = await readFile(path, 'utf8').catch(() => '')
    if (!text.includes('root:')) await writeFile(path, `${text}root:1000000:1000000000\n`)
  }
}

async function waitUntilReady(incus: (...argv: string[]) => Promise<string>): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    const answer = await incus('query', '/1.0').catch(() => null)
    if (answer !== null) return
    await sleep(500)
  }
  throw new Error('incusd did not answer within 30 s')
}

async function importImage(directory: string, incus: (...argv: string[]) => Promise<string>): Promise<void> {
  const tree = join(directory, 'image')
  await createTree(join(tree, 'rootfs'))
  await writeFile(join(tree, 'metadata.yaml'), 'architecture: x86_64\ncreation_date: 1700000000\nproperties:\n  description: bench\n')
  await command(['tar', '-C', tree, '-cf', join(directory, 'image.tar'), 'metadata.yaml', 'rootfs'])
  await incus('image', 'import', join(directory, 'image.tar'), '--alias', 'bench')
}
