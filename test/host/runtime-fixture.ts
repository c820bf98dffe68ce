import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, rm, rmdir, symlink, writeFile } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import { basename, join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { run } from '#host/run/run.ts'
import type { RuntimeOptions } from '#host/crun/paths.ts'
import { createCrunRuntime } from '#host/crun/runtime.ts'
import { type RuntimeFixture, testContext } from '#host/runtime.suite.ts'
import type { ZoneRuntime, ZoneSpec } from '#host/runtime.ts'
import { buildNative } from '../../tools/build-native.ts'

export const context = testContext()
export const keeper = fileURLToPath(new URL('../../build/native/keeper', import.meta.url))
let serial = 0

export interface RealFixture extends RuntimeFixture {
  /** Everything of the case lies below. */
  base: string
  root: string
  options: RuntimeOptions
  cgroupDirectories(uuid: string): string[]
}

/** A runtime of its own: run directory, cgroup parent, busybox tree; all gone after the case, whatever happened. */
export async function realFixture(t: TestContext, changes: { lxcfs?: boolean; root?: string } = {}): Promise<RealFixture> {
  await buildNative(context)
  // Not by pid: test files run at the same time in PID namespaces of their own.
  const base = await mkdtemp('/tmp/spr-')
  // crun passes through as the zone's root.
  await chmod(base, 0o755)
  const options: RuntimeOptions = {
    run_dir: join(base, 'run'),
    keeper,
    cgroup_parent: `spirula-test-${basename(base)}`,
    lxcfs: changes.lxcfs ? join(base, 'lxcfs') : null,
  }
  const runtime = await createCrunRuntime(options)
  const root = changes.root ?? join(base, 'root')
  t.after(async () => await cleanUp(runtime, options, base))
  if (changes.root === undefined) await makeBusyboxTree(root)
  const spec = (wanted: Partial<ZoneSpec> = {}): ZoneSpec => makeSpec(base, root, wanted)
  return {
    runtime,
    spec,
    base,
    root,
    options,
    cgroupDirectories: (uuid) =>
      cgroupRoots()
        .map((path) => join(path, options.cgroup_parent, uuid))
        .filter((path) => existsSync(path)),
  }
}

async function cleanUp(runtime: ZoneRuntime, options: RuntimeOptions, base: string): Promise<void> {
  for (const { uuid } of await runtime.list()) await runtime.remove(uuid, context)
  if (options.lxcfs !== null) await endLxcfs(options.lxcfs)
  for (const path of cgroupRoots()) await rmdir(join(path, options.cgroup_parent)).catch(() => {})
  // Zones' trees are only ever mounted in keepers' own namespaces; still, never delete through a mount.
  assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(`${base}/run/`), 'a mount is left')
  await rm(base, { recursive: true })
}

export function readLxcfsPid(directory: string): number {
  return existsSync(`${directory}.pid`) ? Number(readFileSync(`${directory}.pid`, 'utf8')) : 0
}

async function endLxcfs(directory: string): Promise<void> {
  const pid = readLxcfsPid(directory)
  if (pid > 1 && isAlive(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory)) process.kill(pid, 'SIGKILL')
  await run(['umount', '--lazy', directory], { okCodes: [0, 1, 32] }, context)
}

function cgroupRoots(): string[] {
  return ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`)]
}

export async function makeBusyboxTree(root: string): Promise<void> {
  for (const name of ['bin', 'dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'root']) await mkdir(join(root, name), { recursive: true })
  await copyFile('/bin/busybox', join(root, 'bin/busybox'))
  await chmod(join(root, 'bin/busybox'), 0o755)
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/tmp:/bin/sh\n')
  const applets = [
    'sh',
    'cat',
    'id',
    'sleep',
    'true',
    'false',
    'mount',
    'ip',
    'free',
    'nproc',
    'head',
    'dd',
    'stty',
    'reboot',
    'su',
    'ls',
    'touch',
    'grep',
    'hostname',
    'yes',
    'readlink',
    'kill',
    'awk',
    'env',
    'timeout',
  ]
  for (const name of applets) await symlink('busybox', join(root, 'bin', name))
}

function makeSpec(base: string, root: string, wanted: Partial<ZoneSpec>): ZoneSpec {
  serial += 1
  return {
    uuid: crypto.randomUUID(),
    zoneid: serial,
    hostname: 'web01',
    root,
    uid_base: 1_000_000,
    init: ['/bin/sleep', '100000'],
    env: {},
    systemd: false,
    limits: { max_physical_memory: 256, max_swap: 256, max_locked_memory: 8, cpu_cap: null, cpu_shares: 100, max_lwps: 200, zfs_io_priority: 100 },
    tmpfs_mib: 16,
    mounts: [],
    limit_priv: ['default'],
    log_path: join(base, 'console.log'),
    log_max_bytes: 1 << 20,
    exit_path: join(base, 'lastexited.json'),
    ...wanted,
  }
}

export async function startZone({ runtime, spec }: RuntimeFixture, wanted: Partial<ZoneSpec> = {}): Promise<ZoneSpec & { keeperPid: number; initPid: number }> {
  const zone = spec(wanted)
  const { keeper_pid: keeperPid } = await runtime.prepare(zone, context)
  const { pid } = await runtime.launch(zone.uuid, context)
  return { ...zone, keeperPid, initPid: pid! }
}

/** Output of a shell command in the zone, which must succeed. */
export async function shell(runtime: ZoneRuntime, uuid: string, command: string): Promise<string> {
  const { exit_code, stdout, stderr } = await runtime.exec(uuid, ['/bin/sh', '-c', command], { timeout_ms: 10_000 }, context)
  assert.equal(exit_code, 0, stderr)
  return stdout.trim()
}

/** A console client that collects what it is sent. */
export async function openConsole(path: string): Promise<{ socket: Socket; until(pattern: RegExp): Promise<string> }> {
  const socket = createConnection(path)
  let text = ''
  socket
    .setEncoding('utf8')
    .on('data', (chunk: string) => (text += chunk))
    .on('error', () => {})
  const until = async (pattern: RegExp): Promise<string> => {
    await waitFor(
      () => pattern.test(text),
      () => `console never said ${pattern}: ${JSON.stringify(text.slice(-500))}`,
    )
    return text
  }
  return { socket, until }
}

/** Waits up to ten seconds for something that no event tells. */
export async function waitFor(isTrue: () => boolean | Promise<boolean>, complaint: () => string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (await isTrue()) return
    await sleep(20)
  }
  assert.fail(complaint())
}

export function isAlive(pid: number): boolean {
  // A zombie that its parent has not reaped is dead.
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}
