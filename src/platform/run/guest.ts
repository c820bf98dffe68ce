import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, removeFile } from '#host/fs/atomic.ts'
import { ensureSparseFile } from '#host/fs/sparse.ts'
import { type Child, type Ended, startChild } from '#host/run/child.ts'
import { run, type RunResult } from '#host/run/run.ts'
import { type Accelerator, ensureAccelerator } from './accelerator.ts'
import { type BootSource, type GuestDisk, type GuestNic, type GuestPlan, renderGuestArgv } from './argv.ts'
import { createConsole, type GuestConsole } from './console.ts'
import { type Emulator, ensureEmulator, readFirmware } from './emulator.ts'
import { renderMac, renderUuid } from './identity.ts'
import { connectQmp } from './qmp.ts'
import { readFreePort, runSsh, type SshOptions, startSshControl, waitForSsh } from './ssh.ts'

export interface GuestOptions {
  /** Of the guest; MAC addresses, UUID and disk serials come from it, so that it is the same machine at each start. */
  name: string
  /** Absolute; sockets, log, firmware variables and disks made here are kept in it. At most 80 letters (sockets). */
  directory: string
  boot: BootSource
  uefi?: boolean
  /** 3072 unless told. */
  memoryMiB?: number
  /** 2 unless told. */
  cpus?: number
  /** Raw disk images; those with a size are made, sparse, when they are not there. */
  disks?: readonly (GuestDisk & { sizeBytes?: number })[]
  /** One nic on QEMU's user network with ssh forwarded, unless told. */
  nics?: readonly GuestNic[]
  /** A directory shown as a small FAT disk of that label. */
  answers?: { directory: string; label: string }
  /** `pipe` unless told; with `terminal` QEMU has our terminal and `console` stays silent. */
  console?: 'pipe' | 'terminal'
  /** File to which all that the console says is appended; `console.log` of the directory unless told. */
  consoleLog?: string
  /** Private key for `ssh`. */
  sshKey?: string
  /** See SshOptions. */
  sshControl?: string
  noReboot?: boolean
  extra?: readonly string[]
  /** Chosen by ensureEmulator and ensureAccelerator unless told; tests that start many guests choose once. */
  emulator?: Emulator
  accelerator?: Accelerator
}

/** A running virtual machine. It ends when this process ends. */
export interface Guest {
  name: string
  pid: number
  emulator: Emulator
  accelerator: Accelerator
  console: GuestConsole
  /** File with all that the serial console ever said, of earlier starts too. */
  consoleLog: string
  /** The port on 127.0.0.1 that leads to the guest's ssh; null without a user nic. */
  sshPort: number | null
  /** Types on the serial console; `\n` ends a line. */
  send: (text: string) => void
  /** Runs a command by ssh; its exit code is an answer. Throws CommandFailed when ssh failed, Timeout. */
  ssh: (command: string, options?: SshOptions) => Promise<RunResult>
  /** Holds an ssh connection open for the commands that follow (needs `sshControl`); it ends with the guest, or by `kill`. */
  holdSsh: () => Promise<Child>
  /** Waits until ssh lets us in. Throws Timeout, or CommandFailed when the guest has ended. */
  waitForSsh: (timeoutMs: number, options?: SshOptions) => Promise<void>
  /** A command of QEMU's control port: `query-status`, `system_powerdown`, … Gives its `return`. */
  qmp: (command: string, args?: Readonly<Record<string, unknown>>) => Promise<unknown>
  /** A power cut: what the guest did not flush is lost or not, as luck will have it. Returns when it has ended. */
  kill: () => Promise<void>
  /** How it ended; Timeout when it runs on after that time (no limit unless told). */
  waitForExit: (timeoutMs?: number) => Promise<Ended>
  isRunning: () => boolean
}

/** Starts a virtual machine; returns when QEMU runs. Throws CommandFailed with QEMU's own words when it does not. */
export async function startGuest(options: GuestOptions, context: Context): Promise<Guest> {
  await ensureDirectory(options.directory, 0o700)
  const uefi = options.uefi === true
  const emulator = options.emulator ?? (await ensureEmulator({ uefi, pxe: options.boot.from === 'pxe' }, context))
  const accelerator = options.accelerator ?? (await ensureAccelerator(emulator, options.directory, context))
  const plan = await readPlan(options, { emulator, accelerator }, context)
  await removeFile(plan.qmpSocket, { durable: false })
  const terminal = plan.console === 'terminal'
  const child = await startChild([...emulator.argv, ...renderGuestArgv(plan)], { env: emulator.env, cwd: options.directory, terminal }, context)
  return await createGuest({ child, plan, emulator, accelerator }, options, context)
}

interface Started {
  child: Child
  plan: GuestPlan
  emulator: Emulator
  accelerator: Accelerator
}

async function createGuest({ child, plan, emulator, accelerator }: Started, options: GuestOptions, context: Context): Promise<Guest> {
  let running = true
  void child.ended.then(() => (running = false))
  const complaints = keepTail(child)
  const qmp = await connectQmp(plan.qmpSocket, 20_000, () => running)
  if (qmp === null) {
    child.kill()
    await child.ended
    throw new AppError('CommandFailed', `The guest ${plan.name} could not be started.`, { cause: new Error(complaints() || 'QEMU said nothing') })
  }
  const sshPort = plan.nics.find((nic) => nic.kind === 'user' && nic.sshPort !== undefined) as { sshPort: number } | undefined
  const port = (): number => {
    if (sshPort !== undefined) return sshPort.sshPort
    throw new AppError('InvalidState', `The guest ${plan.name} has no forwarded ssh.`, { hint: 'give it a nic of kind user with sshPort' })
  }
  const { sshKey: key, sshControl: control } = options
  const withKey = (given: SshOptions | undefined): SshOptions => ({ ...(key && { key }), ...(control && { control }), ...given })
  return {
    name: plan.name,
    pid: child.pid,
    emulator,
    accelerator,
    console: createConsole(child.stdout ?? Readable.from([]), plan.name),
    consoleLog: plan.consoleLog,
    sshPort: sshPort?.sshPort ?? null,
    send: (text) => void child.stdin?.write(text),
    ssh: (command, given) => runSsh(port(), command, withKey(given), context),
    holdSsh: () => startSshControl(port(), { ...withKey({}), control: control ?? join(options.directory, 'ssh.sock') }, context),
    waitForSsh: (timeoutMs, given) => waitForSsh(port(), { ...withKey(given), timeoutMs, isAlive: () => running }, context),
    qmp: (command, args) => qmp.command(command, args),
    async kill() {
      child.kill()
      await child.ended
    },
    waitForExit: (timeoutMs) => waitForExit(child, plan.name, timeoutMs),
    isRunning: () => running,
  }
}

function keepTail(child: Child): () => string {
  let tail = ''
  child.stderr.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-2000)
  })
  return () => tail.trim()
}

async function waitForExit(child: Child, name: string, timeoutMs?: number): Promise<Ended> {
  if (timeoutMs === undefined) return await child.ended
  const timer = new AbortController()
  const late = sleep(timeoutMs, null, { signal: timer.signal }).catch(() => null)
  const ended = await Promise.race([child.ended, late])
  timer.abort()
  if (ended === null) throw new AppError('Timeout', `The guest ${name} did not end within ${timeoutMs / 1000} s.`)
  return ended
}

async function readPlan(options: GuestOptions, chosen: { emulator: Emulator; accelerator: Accelerator }, context: Context): Promise<GuestPlan> {
  const { directory, name } = options
  return {
    name,
    uuid: renderUuid(name),
    memoryMiB: options.memoryMiB ?? 3072,
    cpus: options.cpus ?? 2,
    accelerator: chosen.accelerator.kind,
    uefi: options.uefi === true ? await ensureVariables(chosen.emulator, directory, context) : null,
    boot: options.boot,
    disks: await ensureDisks(options.disks ?? []),
    nics: options.nics ?? [{ kind: 'user', mac: renderMac(name, 0), sshPort: await readFreePort() }],
    ...(options.answers === undefined ? {} : { answers: options.answers }),
    console: options.console ?? 'pipe',
    consoleLog: options.consoleLog ?? join(directory, 'console.log'),
    qmpSocket: join(directory, 'qmp.sock'),
    ...(options.noReboot === undefined ? {} : { noReboot: options.noReboot }),
    ...(options.extra === undefined ? {} : { extra: options.extra }),
  }
}

async function ensureDisks(disks: NonNullable<GuestOptions['disks']>): Promise<readonly GuestDisk[]> {
  for (const { file, sizeBytes } of disks) if (sizeBytes !== undefined) await ensureSparseFile(file, sizeBytes)
  return disks
}

/** A guest's own copy of the variables: boot entries that it makes are there at its next start. */
async function ensureVariables(emulator: Emulator, directory: string, context: Context): Promise<{ code: string; variables: string }> {
  const firmware = readFirmware(emulator)
  const variables = join(directory, 'uefi-variables.fd')
  if (!existsSync(variables)) await run(['cp', firmware.variables, variables], {}, context)
  return { code: firmware.code, variables }
}
