import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodeClient, type NodeClient } from '#client/node-client.ts'
import { AppError } from '#contracts/errors.ts'
import type { Operation } from '#contracts/operation/schema.ts'
import { command, attempt } from '../bench/command.ts'
import { otherImage, packTree, testImage } from './test-images.ts'
import { patience } from './patience.ts'
import { copyPool, poolFileOf, poolNameOf, removePool } from './test-pool.ts'

export { otherImage, testImage }

const repository = join(import.meta.dirname, '../..')

/** A daemon of its own, on a pool of its own, with its own run directory and cgroup parent. */
export interface TestNode {
  client: NodeClient
  directory: string
  /** Where its pool is mounted. */
  pool: string
  poolName: string
  runDir: string
  cgroupParent: string
  socket: string
  pid(): number
  /** SIGKILL, as a crash would be; zones go on. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Follows an operation to its end; throws its error. */
  follow(id: Parameters<NodeClient['follow']>[0], input?: Parameters<NodeClient['follow']>[1]): Promise<Operation>
  /** Ends everything that was started, whatever state it is in. */
  dispose(): Promise<void>
}

/** `carried`: another node whose pool, exported, this one has a copy of. `flags`: more arguments of the daemon, asked for at each of its starts. */
export async function startTestNode(options: { poolSizeBytes?: number; images?: boolean; carried?: TestNode; flags?: () => string[] } = {}): Promise<TestNode> {
  const directory = await mkdtemp('/var/tmp/spirula-test-')
  // Not the process id: in PID namespaces of their own two tests have the same one, and share /run and the cgroups.
  const tag = directory.slice(-6)
  const runDir = `/run/spt-${tag}`
  const cgroupParent = `spt-${tag}`
  const poolName = options.carried?.poolName ?? poolNameOf(tag)
  const pool = join(directory, 'pool')
  const socket = join(runDir, 'daemon.sock')
  const client = createNodeClient(socket)
  const flags = [
    '--pool',
    poolName,
    '--mountpoint',
    pool,
    '--backing-dir',
    directory,
    '--pool-size',
    String(options.poolSizeBytes ?? 4 * 2 ** 30),
    '--run-dir',
    runDir,
    '--native-dir',
    join(repository, 'build/native'),
    '--cgroup-parent',
    cgroupParent,
    '--log-level',
    process.env['SPIRULA_TEST_LOG'] ?? 'error',
  ]
  let daemon: ChildProcess | undefined

  const node: TestNode = {
    client,
    directory,
    pool,
    poolName,
    runDir,
    cgroupParent,
    socket,
    pid: () => daemon!.pid!,
    async start() {
      daemon = spawn(process.execPath, [join(repository, 'dist/node/main.js'), ...flags, ...(options.flags?.() ?? [])], {
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      await waitUntilReady(client, daemon)
    },
    async kill() {
      const ended = new Promise((resolve) => daemon!.once('exit', resolve))
      daemon!.kill('SIGKILL')
      await ended
    },
    async follow(id, input) {
      for await (const event of client.follow(id, input)) {
        if (event.type === 'failed') throw AppError.fromJSON(event.error)
        if (event.type === 'done') return event.operation
      }
      throw new Error(`${id}: the stream ended before the operation did`)
    },
    async dispose() {
      if (daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null) await node.kill()
      await endKeepers(runDir)
      await removeGroups(cgroupParent)
      await attempt(['umount', '--lazy', join(runDir, 'lxcfs')])
      await endLxcfs(join(runDir, 'lxcfs'))
      await removePool(poolName, { directory, mountpoint: pool })
      await rm(runDir, { recursive: true, force: true })
    },
  }
  try {
    if (options.carried !== undefined)
      await copyPool({ file: poolFileOf(options.carried.directory, poolName), name: poolName }, { directory, mountpoint: pool })
    await node.start()
    if (options.images !== false) await installTestImages(node)
  } catch (error) {
    await node.dispose()
    throw error
  }
  return node
}

async function installTestImages(node: TestNode): Promise<void> {
  await createTestTree(join(node.directory, 'tree'))
  const { file, renderManifest } = await packTree(node.directory, 'test-busybox')
  for (const uuid of [testImage, otherImage]) await node.follow('image.install', { json: { manifest: renderManifest(uuid), file } })
}

export async function createTestTree(root: string): Promise<void> {
  for (const directory of ['bin', 'sbin', 'etc', 'proc', 'sys', 'dev', 'run', 'tmp', 'root', 'var/svc', 'var/log', 'var/db', 'usr/bin', 'usr/sbin'])
    await mkdir(join(root, directory), { recursive: true })
  await cp('/bin/busybox', join(root, 'bin/busybox'))
  const applets = (await command(['/bin/busybox', '--list'])).split('\n').filter((name) => name !== '' && name !== 'busybox')
  for (const applet of applets) await symlink('busybox', join(root, 'bin', applet))
  for (const applet of ['init', 'poweroff', 'reboot', 'halt']) await symlink('../bin/busybox', join(root, 'sbin', applet))
  await writeFile(join(root, 'etc/inittab'), '::respawn:/bin/sleep 100000\n')
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n')
}

async function waitUntilReady(client: NodeClient, daemon: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 1000 * patience; tries += 1) {
    if (daemon.exitCode !== null) throw new Error(`the daemon ended at its start with ${daemon.exitCode}`)
    const answer = await client.json('node.ping').catch(() => null)
    if (answer !== null) return
    await sleep(20)
  }
  throw new Error(`the daemon did not answer within ${20 * patience} s`)
}

/** Keepers of this node, by the run directory in their arguments. */
export async function listKeepers(runDir: string): Promise<number[]> {
  return await listProcesses((argv) => (argv[0]?.endsWith('/keeper') ?? false) && argv.some((argument) => argument.startsWith(`${runDir}/`)))
}

async function listProcesses(matches: (argv: string[]) => boolean): Promise<number[]> {
  const found: number[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
    if (matches(argv)) found.push(Number(pid))
  }
  return found
}

async function endKeepers(runDir: string): Promise<void> {
  for (const pid of await listKeepers(runDir)) endProcess(pid)
  await sleep(100)
}

export async function endLxcfs(directory: string): Promise<void> {
  for (const pid of await listProcesses((argv) => (argv[0]?.endsWith('lxcfs') ?? false) && argv.includes(directory))) endProcess(pid)
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ESRCH: it has ended meanwhile.
  }
}

/** Cgroup directories below the node's parent on every hierarchy, deepest first; their processes are killed. */
async function removeGroups(parent: string): Promise<void> {
  for (const directory of await listGroupDirectories(parent)) {
    for (const pid of (await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '')).split('\n').filter(Boolean)) endProcess(Number(pid))
  }
  for (let tries = 0; tries < 50; tries += 1) {
    const left = await listGroupDirectories(parent)
    if (left.length === 0) return
    await attempt(['rmdir', ...left.toSorted((a, b) => b.length - a.length)])
    await sleep(20)
  }
}

/** Every cgroup directory at or below `<hierarchy>/<parent>`. */
export async function listGroupDirectories(parent: string): Promise<string[]> {
  // find fails when groups of other tests go away while it walks; what it found counts all the same.
  const find = ['find', '/sys/fs/cgroup', '-type', 'd', '-path', `*/${parent}*`]
  const found = await command(['/bin/sh', '-c', '"$@" 2>/dev/null; true', 'sh', ...find])
  return found.split('\n').filter((path) => path !== '')
}
