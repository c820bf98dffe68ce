import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodeClient, type NodeClient } from '#client/node-client.ts'
import { attempt, command } from './command.ts'
import { packTree } from '../harness/test-images.ts'
import type { Contender } from './contender.ts'
import { createTree } from './tree.ts'

const image = 'b0000000-0000-4000-8000-000000000000'

/** A daemon of its own beside whatever runs on this machine, shared by the two ways in. */
export interface OurNode {
  client: NodeClient
  socket: string
  pid: number
  stop(): Promise<void>
}

export async function startOurNode(work: string, repository: string): Promise<OurNode> {
  const directory = join(work, 'ours')
  const runDir = '/run/spirula-bench'
  const socket = join(runDir, 'daemon.sock')
  await mkdir(directory, { recursive: true })
  const flags = [
    '--pool',
    'bench',
    '--mountpoint',
    join(directory, 'pool'),
    '--backing-dir',
    directory,
    '--pool-size',
    String(8 * 2 ** 30),
    '--run-dir',
    runDir,
    '--native-dir',
    join(repository, 'build/native'),
    '--cgroup-parent',
    'spirula-bench',
    '--log-level',
    'warn',
  ]
  const daemon: ChildProcess = spawn(process.execPath, [join(repository, 'dist/node/main.js'), ...flags], { stdio: ['ignore', 'ignore', 'inherit'] })
  const client = createNodeClient(socket)
  await waitUntilReady(client, daemon)
  await follow(client, 'nic_tag.create', { json: { name: 'bench0', type: 'etherstub', mac: '-', mtu: 1500 } })
  await installImage(client, directory)
  return {
    client,
    socket,
    pid: daemon.pid!,
    async stop() {
      for (const machine of await client.json<{ uuid: string }[]>('machine.list', { query: { fields: 'uuid' } }).catch(() => [])) {
        await follow(client, 'machine.delete', { params: { name: machine.uuid } })
      }
      await follow(client, 'nic_tag.delete', { params: { name: 'bench0' } }).catch(() => {})
      daemon.kill('SIGTERM')
      await new Promise((resolve) => daemon.once('exit', resolve))
      await attempt(['umount', join(directory, 'pool')])
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The daemon by a client that is there already: what the cloud, or any program, pays. */
export function createOursByApi(node: () => OurNode): Contender {
  return {
    name: 'spirula (API)',
    about: 'one API call each: clone with quota, guard, console, log, limits, journal',
    async install() {},
    async setUp() {},
    create: (name) => follow(node().client, 'machine.create', { json: payload(name) }),
    destroy: (name) => follow(node().client, 'machine.delete', { params: { name } }),
    exec: async (name) => {
      const { argv } = await node().client.json<{ argv: string[] }>('machine.enter', { params: { name }, json: { argv: ['/bin/true'], tty: false } })
      await command(argv)
    },
    async tearDown() {},
  }
}

/** The same by the command line, a new process each, as an operator's script does. */
export function createOursByCli(node: () => OurNode, repository: string): Contender {
  const env = (): Record<string, string> => ({ SPIRULA_SOCKET: node().socket })
  const tool = (name: string, ...args: string[]): string[] => [process.execPath, join(repository, 'dist/cli/main.js'), name, ...args]
  return {
    name: 'spirula (vmadm)',
    about: 'vmadm create, vmadm delete, zlogin U true',
    async install() {},
    async setUp() {},
    create: async (name) => void (await command(tool('vmadm', 'create'), { env: env(), input: JSON.stringify(payload(name)) })),
    destroy: async (name) => void (await command(tool('vmadm', 'delete', name), { env: env() })),
    exec: async (name) => void (await command(tool('zlogin', uuidOf(name), '/bin/true'), { env: env() })),
    async tearDown() {},
  }
}

function uuidOf(name: string): string {
  return `b1000000-0000-4000-8000-${name.slice(1).padStart(12, '0')}`
}

function payload(name: string): object {
  const number = Number(name.slice(1))
  return {
    uuid: uuidOf(name),
    alias: name,
    brand: 'lx',
    image_uuid: image,
    max_physical_memory: 128,
    quota: 1,
    nics: [{ nic_tag: 'bench0', ips: [`10.99.${number >> 8}.${(number & 255) + 1}/16`] }],
  }
}

async function installImage(client: NodeClient, directory: string): Promise<void> {
  await createTree(join(directory, 'tree'))
  const { file, renderManifest } = await packTree(directory, 'bench')
  await follow(client, 'image.install', { json: { manifest: renderManifest(image), file } })
}

async function follow(client: NodeClient, id: Parameters<NodeClient['follow']>[0], input: Parameters<NodeClient['follow']>[1]): Promise<void> {
  for await (const event of client.follow(id, input)) {
    if (event.type === 'failed') throw new Error(`${id}: ${event.error.message} ${(event.error.causes ?? []).join(': ')}`)
  }
}

async function waitUntilReady(client: NodeClient, daemon: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (daemon.exitCode !== null) throw new Error('the daemon ended at its start')
    const answer = await client.json('node.ping').catch(() => null)
    if (answer !== null) return
    await sleep(100)
  }
  throw new Error('the daemon did not answer within 20 s')
}

/** Private memory in bytes of the processes that stand outside a zone for it: its keeper. */
export async function readKeeperMemory(): Promise<number[]> {
  const sizes: number[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const cmdline = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (!cmdline.split('\0')[0]?.endsWith('/keeper')) continue
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
    const kib = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0)
    sizes.push(kib * 1024)
  }
  return sizes
}
