import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attempt, command } from './command.ts'
import type { Contender } from './contender.ts'
import { createTree } from './tree.ts'

const base = 1_000_000
const namespaces = ['pid', 'mount', 'ipc', 'uts', 'cgroup', 'user']

/**
 * What the kernel and crun alone take: a btrfs snapshot of a tree that is shifted once beforehand, a netns
 * with a veth on a bridge by two `ip -batch`, and a bare `crun run -d` with our namespaces. No daemon, no
 * state, no limits, no guard, no console.
 */
export function createFloor(work: string): Contender {
  const pool = join(work, 'floor')
  const bridge = 'bench-floor'
  let template: Template | undefined
  const bundle = (name: string): string => join(work, 'bundles', name)
  return {
    name: 'floor',
    about: 'btrfs snapshot + netns and veth by ip -batch + bare crun run -d',
    async install() {},
    async setUp() {
      template = await readTemplate()
      await mkdir(pool, { recursive: true })
      await command(['truncate', '-s', '4G', `${pool}.img`])
      await command(['mkfs.btrfs', '-q', `${pool}.img`])
      await command(['mount', '-o', 'loop', `${pool}.img`, pool])
      await command(['btrfs', 'subvolume', 'create', join(pool, 'base')])
      await createTree(join(pool, 'base/root'))
      await command(['chown', '-R', `${base}:${base}`, join(pool, 'base/root')])
      await command(['ip', 'link', 'add', bridge, 'type', 'bridge'])
      await command(['ip', 'link', 'set', bridge, 'up'])
    },
    async create(name) {
      const number = Number(name.slice(1))
      await command(['btrfs', 'subvolume', 'snapshot', join(pool, 'base'), join(pool, name)])
      await command(['ip', 'netns', 'add', `bench-${name}`])
      await command(['ip', '-batch', '-'], {
        input: `link add f${number} type veth peer name net0 netns bench-${name}\nlink set f${number} master ${bridge} up\n`,
      })
      await command(['ip', '-n', `bench-${name}`, '-batch', '-'], {
        input: `link set lo up\naddr add 10.99.${number >> 8}.${(number & 255) + 1}/16 dev net0\nlink set net0 up\n`,
      })
      await mkdir(bundle(name), { recursive: true })
      await writeFile(join(bundle(name), 'config.json'), renderConfig(template!, join(pool, name, 'root'), name))
      await command(['crun', 'run', '-d', '-b', bundle(name), `bench-${name}`])
    },
    async destroy(name) {
      await command(['crun', 'delete', '-f', `bench-${name}`])
      await command(['ip', 'netns', 'del', `bench-${name}`])
      await command(['btrfs', 'subvolume', 'delete', join(pool, name)])
      await rm(bundle(name), { recursive: true })
    },
    exec: async (name) => void (await command(['crun', 'exec', `bench-${name}`, '/bin/true'])),
    async tearDown() {
      await attempt(['ip', 'link', 'del', bridge])
      await attempt(['umount', pool])
      await rm(`${pool}.img`, { force: true })
    },
  }
}

/** crun's own template with our namespaces; made once, so that the floor does not pay for a second crun. */
async function readTemplate(): Promise<Template> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-'))
  await command(['crun', 'spec'], { cwd: directory })
  const template = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as Template // crun's own file
  await rm(directory, { recursive: true })
  return template
}

interface Template {
  process: object
  linux: object
}

function renderConfig(template: Template, root: string, name: string): string {
  const mapping = [{ containerID: 0, hostID: base, size: 65536 }]
  return JSON.stringify({
    ...template,
    process: { ...template.process, terminal: false, args: ['/sbin/init'] },
    root: { path: root, readonly: false },
    linux: {
      ...template.linux,
      uidMappings: mapping,
      gidMappings: mapping,
      namespaces: [...namespaces.map((type) => ({ type })), { type: 'network', path: `/run/netns/bench-${name}` }],
      cgroupsPath: `/bench-floor/${name}`,
    },
  })
}
