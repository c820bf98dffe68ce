import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bootFiles, type BootHealth, type BootState, type BootTimes } from '#contracts/platform/boot-state.ts'
import type { Answers } from '#contracts/platform/answers.ts'
import { answersLabel, platformPaths } from '#contracts/platform/names.ts'
import { type Context, silentLog } from '#host/context.ts'
import { type Accelerator, ensureAccelerator } from '../../src/platform/run/accelerator.ts'
import type { BootSource } from '../../src/platform/run/argv.ts'
import { type Emulator, ensureEmulator } from '../../src/platform/run/emulator.ts'
import { type Guest, type GuestOptions, startGuest } from '../../src/platform/run/guest.ts'
import { type BuiltPlatform, readBuiltPlatform } from '../../src/platform/run/platform-files.ts'
import { ensureSshKey } from '../../src/platform/run/ssh.ts'
import { command } from '../bench/command.ts'

/** What `tools/test-platform.ts` built, for all test files: `lab.json` of the lab's directory. */
export interface LabFile {
  /** Directories of two images of this checkout. */
  first: string
  second: string
}

/** One directory for all files of the tier, with two platform images and the disks of a node that was set up. */
export interface Lab {
  directory: string
  first: BuiltPlatform & { stamp: string }
  second: BuiltPlatform & { stamp: string }
  /** Starts a machine with disks of this lab; ends with the test process at the latest. */
  start(options: Pick<GuestOptions, 'name' | 'boot'> & Partial<GuestOptions>): Promise<Guest>
  /** Copies of the disks of the node that was set up first, of which no test changes the originals. */
  copyDisks(name: string): Promise<{ file: string; serial: string }[]>
  /** Two empty disks of a directory of the lab; made at the guest's start. */
  blankDisks(name: string): { file: string; serial: string; sizeBytes: number }[]
  /** In authorized_keys form: lets the tests in by ssh. */
  publicKey: string
  /** QEMU and what runs its guests' code: chosen once. */
  tools(): Promise<{ emulator: Emulator; accelerator: Accelerator }>
  context: Context
}

export const rootPassword = 'correct horse'
/** Under emulation, with the other processor busy. */
export const bootLimitMs = 240_000
const diskBytes = 12 * 2 ** 30

/** The lab of this run: its directory is in SPIRULA_PLATFORM_LAB. */
export async function openLab(): Promise<Lab> {
  const directory = process.env['SPIRULA_PLATFORM_LAB']
  if (directory === undefined) throw new Error('these tests need built images: run them by `node tools/test-platform.ts NAME`')
  const file = JSON.parse(readFileSync(join(directory, 'lab.json'), 'utf8')) as LabFile
  const context: Context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
  const emulator = await ensureEmulator({ uefi: true, pxe: true }, context)
  const accelerator = await ensureAccelerator(emulator, directory, context)
  const { file: sshKey, publicKey } = await ensureSshKey(directory, context)
  const start: Lab['start'] = (options) => {
    const place = options.directory ?? join(directory, options.name)
    return startGuest({ directory: place, sshKey, sshControl: join(place, 'ssh.sock'), emulator, accelerator, ...options }, context)
  }
  const lab: Lab = {
    directory,
    first: await describe(file.first),
    second: await describe(file.second),
    start,
    publicKey,
    blankDisks: (name) => describeDisks(join(directory, name)).map((disk) => ({ ...disk, sizeBytes: diskBytes })),
    tools: () => Promise.resolve({ emulator, accelerator }),
    async copyDisks(name) {
      const golden = await ensureGolden(lab, publicKey)
      await mkdir(join(directory, name), { recursive: true })
      const disks = golden.map((disk) => ({ ...disk, file: join(directory, name, `${disk.serial}.img`) }))
      for (const [index, disk] of disks.entries()) await command(['cp', '--sparse=always', '--reflink=auto', golden[index]!.file, disk.file])
      return disks
    },
    context,
  }
  return lab
}

export type { Guest }

async function describe(directory: string): Promise<Lab['first']> {
  return { ...(await readBuiltPlatform(directory)), stamp: directory.slice(directory.lastIndexOf('platform-') + 'platform-'.length) }
}

/** Boots an image without a boot loader. */
export function fromKernel(platform: BuiltPlatform, words = ''): BootSource {
  return { from: 'kernel', kernel: platform.kernel, archive: platform.archive, append: `console=ttyS0,115200 loglevel=4 panic=10 ${words}` }
}

/** Answers for the first boot that leave nothing to ask, on a small disk. */
export async function writeAnswers(directory: string, answers: object): Promise<NonNullable<GuestOptions['answers']>> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'answers.json'), JSON.stringify(answers))
  return { directory, label: answersLabel }
}

export function planAnswers(publicKey: string, more: Partial<Answers> = {}): Answers {
  return {
    hostname: 'node1',
    admin_ip: 'dhcp',
    zpool_layout: 'mirror',
    bootpool: 'zones',
    root_password: rootPassword,
    root_authorized_keys: [publicKey],
    skip_final_confirm: true,
    ...more,
  }
}

function describeDisks(place: string): { file: string; serial: string }[] {
  return ['alpha', 'beta'].map((serial) => ({ file: join(place, `${serial}.img`), serial }))
}

/** The disks of a node that was set up from the first ISO, without questions, and switched off. Made once. */
async function ensureGolden(lab: Lab, publicKey: string): Promise<{ file: string; serial: string }[]> {
  const place = join(lab.directory, 'golden')
  const disks = describeDisks(place)
  if (existsSync(place)) return disks
  const making = join(lab.directory, 'golden.new')
  await rm(making, { recursive: true, force: true })
  const answers = await writeAnswers(join(making, 'answers'), planAnswers(publicKey))
  const guest = await lab.start({
    name: 'node1',
    directory: making,
    boot: { from: 'iso', file: lab.first.iso },
    disks: describeDisks(making).map((disk) => ({ ...disk, sizeBytes: diskBytes })),
    answers,
  })
  try {
    await waitForHealth(guest)
    await shutDown(guest)
  } finally {
    await guest.kill()
  }
  await rename(making, place)
  return disks
}

export interface NodeStatus {
  state: BootState
  health: BootHealth | null
  times: BootTimes | null
}

/** Waits for ssh and the end of the health check; fails with the node's own words when it found something. */
export async function waitForHealth(guest: Guest, limitMs = bootLimitMs): Promise<NodeStatus & { health: BootHealth }> {
  await guest.waitForSsh(limitMs)
  await holdConnection(guest)
  // One shell waits there: a login or a program every half second would slow the boot that it asks about.
  const wait = `timeout ${limitMs / 1000} sh -c 'until [ -e ${bootFiles.health} ]; do sleep 0.3; done'; spirula-boot status --json`
  const { stdout } = await guest.ssh(wait, { timeoutMs: limitMs + 30_000 }).catch(() => ({ stdout: '{}' }))
  const status = JSON.parse(stdout) as NodeStatus
  if (status.health?.healthy === true) return { ...status, health: status.health }
  if (status.health?.healthy === false) throw new Error(`the node is not healthy: ${stdout}`)
  throw new Error(`the node did not become healthy within ${limitMs / 1000} s; its console: ${tailOf(guest)}`)
}

const connections = new WeakMap<Guest, Awaited<ReturnType<Guest['holdSsh']>>>()

async function holdConnection(guest: Guest): Promise<void> {
  connections.get(guest)?.kill()
  connections.set(guest, await guest.holdSsh())
}

/** Standard output of a command that must succeed. */
export async function on(guest: Guest, line: string): Promise<string> {
  // Images are copied and checked by some commands, slowly under emulation.
  const { stdout, stderr, exitCode } = await guest.ssh(line, { timeoutMs: 5 * 60_000 })
  if (exitCode !== 0) throw new Error(`${line}\nended with ${exitCode}: ${stderr}${stdout}`)
  return stdout
}

/** As an administrator would. */
export async function shutDown(guest: Guest): Promise<void> {
  // The connection ends with the machine.
  await guest.ssh('systemctl poweroff').catch(() => {})
  await guest.waitForExit(90_000)
}

export function tailOf(guest: Guest): string {
  return readFileSync(guest.consoleLog, 'utf8').slice(-3000)
}

/** Waits until ssh is answered by a boot other than the one with that id (/proc/sys/kernel/random/boot_id). */
export async function waitForReboot(guest: Guest, before: string, limitMs = bootLimitMs): Promise<void> {
  connections.get(guest)?.kill()
  const until = Date.now() + limitMs
  while (Date.now() < until) {
    const { stdout } = await guest.ssh('cat /proc/sys/kernel/random/boot_id', { timeoutMs: 10_000 }).catch(() => ({ stdout: '' }))
    if (stdout !== '' && stdout !== before) return
    await sleep(500)
  }
  throw new Error(`the node did not come back within ${limitMs / 1000} s; its console: ${tailOf(guest)}`)
}

/** Returns when the node answers again. */
export async function reboot(guest: Guest, how = 'systemctl reboot'): Promise<void> {
  const before = await on(guest, 'cat /proc/sys/kernel/random/boot_id')
  await guest.ssh(how).catch(() => {})
  await waitForReboot(guest, before)
}

/** Installs the platform's own guest image, unless it is there; gives its UUID. */
export async function ensureJoyentImage(guest: Guest): Promise<string> {
  const { uuid } = JSON.parse(await on(guest, `cat ${platformPaths.images}/joyent-13.json`)) as { uuid: string }
  const installed = await on(guest, 'imgadm list -H -o uuid')
  if (!installed.includes(uuid)) await on(guest, `imgadm install -m ${platformPaths.images}/joyent-13.json -f ${platformPaths.images}/joyent-13.tar.zst`)
  return uuid
}

/** A sparse zone with a file of its own, /root/mark, that says its alias; gives its UUID. */
export async function createZone(guest: Guest, options: { alias: string; autoboot: boolean }): Promise<string> {
  const image_uuid = await ensureJoyentImage(guest)
  const payload = JSON.stringify({ brand: 'joyent', image_uuid, max_physical_memory: 256, quota: 1, ...options })
  const { stderr } = await guest.ssh(`vmadm create <<'END'\n${payload}\nEND`)
  const uuid = /VM ([0-9a-f-]{36})/.exec(stderr)?.[1]
  if (uuid === undefined) throw new Error(`vmadm create said: ${stderr}`)
  if (!options.autoboot) await on(guest, `vmadm start ${uuid}`)
  await on(guest, `zlogin ${uuid} 'echo ${options.alias} >/root/mark && sync'`)
  return uuid
}
