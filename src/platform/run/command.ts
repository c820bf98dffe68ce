import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { answersLabel, bootArguments } from '#contracts/platform/names.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, readTextFile, removeTree, writeFileAtomic } from '#host/fs/atomic.ts'
import { run } from '#host/run/run.ts'
import { describeAccelerator, ensureAccelerator } from './accelerator.ts'
import type { BootSource, GuestNic } from './argv.ts'
import { describeEmulator, ensureEmulator } from './emulator.ts'
import { type Guest, type GuestOptions, startGuest } from './guest.ts'
import { type Hub, startHub } from './hub.ts'
import { renderMac } from './identity.ts'
import { parseRunOptions, type RunOptions, runUsage } from './options.ts'
import { type BuiltPlatform, readBuiltPlatform } from './platform-files.ts'
import { type PxeService, startPxe } from './pxe.ts'
import { tryConnect } from './qmp.ts'
import { readFreePort, renderSshLine } from './ssh.ts'

export interface RunSurroundings {
  /** Where disks of guests are kept, and the platforms that were built. */
  places: { state: string; platforms: string }
  write: (text: string) => void
  context: Context
}

/** Runs the verb `run` to its exit code: when all guests have ended, or are ended by an interrupt. */
export async function runPlatform(words: readonly string[], surroundings: RunSurroundings): Promise<number> {
  const { places, write, context } = surroundings
  const options = parseRunOptions(words)
  if (options.help) {
    write(runUsage)
    return 0
  }
  const built = await readBuiltPlatform(resolve(options.platform ?? places.platforms))
  checkMedium(built, options)
  const directory = join(places.state, options.name)
  await prepareDirectory(directory, options)
  const emulator = await ensureEmulator({ uefi: options.uefi, pxe: options.medium === 'pxe' }, context)
  const accelerator = await ensureAccelerator(emulator, places.state, context)
  write(`${describeEmulator(emulator)}, ${describeAccelerator(accelerator)}\n`)
  await using services = await startServices(built, directory, options, surroundings)
  const guests: Guest[] = []
  for (let number = 1; number <= options.nodes; number++) {
    const guest = await describeGuest({ number, directory, built, services }, options, context)
    write(renderIntroduction(number, guest, options))
    guests.push(await startGuest({ ...guest, emulator, accelerator }, context))
  }
  // An interrupt kills them through the context.
  await Promise.all(guests.map((guest) => guest.waitForExit()))
  return 0
}

function checkMedium(built: BuiltPlatform, { medium }: RunOptions): void {
  const needed = { kernel: built.archive, pxe: built.archive, iso: built.iso, usb: built.usb, disk: null }[medium]
  if (needed === null || existsSync(needed)) return
  throw new AppError('NotFound', `The platform ${built.name} has no ${medium === 'iso' || medium === 'usb' ? `medium ${needed}` : `image ${needed}`}.`, {
    hint: './spirula platform build makes all of it',
  })
}

/** The disks of earlier runs, or none with `--fresh`; never while somebody uses them. */
async function prepareDirectory(directory: string, options: RunOptions): Promise<void> {
  for (let number = 1; number <= options.nodes; number++) {
    const running = await tryConnect(join(directory, String(number), 'qmp.sock'))
    if (running === null) continue
    running.destroy()
    throw new AppError('Busy', `A node of the name ${options.name} is running.`, { hint: 'end it first, or take another --name' })
  }
  if (options.fresh) await removeTree(directory)
  await ensureDirectory(directory, 0o700)
}

interface Services extends AsyncDisposable {
  hub: Hub | null
  pxe: PxeService | null
  answers: { directory: string; label: string } | null
}

/** What guests need beside them: their network, the server they boot from, the disk with answers. */
async function startServices(built: BuiltPlatform, directory: string, options: RunOptions, { write }: RunSurroundings): Promise<Services> {
  await using started = new AsyncDisposableStack()
  const hub = options.nodes > 1 ? started.adopt(await startHub(join(directory, 'hub.sock')), (one) => one.close()) : null
  const pxe =
    options.medium === 'pxe'
      ? started.adopt(await startPxe({ built, directory, words: options.append, log: (line) => write(`booter: ${line}\n`) }), (one) => one.close())
      : null
  const answers = options.answers === null ? null : { directory: await copyAnswers(options.answers, directory), label: answersLabel }
  const kept = started.move()
  return { hub, pxe, answers, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** The disk is made of a whole directory, so the answers get one of their own. */
async function copyAnswers(file: string, directory: string): Promise<string> {
  const text = await readTextFile(resolve(file))
  if (text === null) throw new AppError('NotFound', `There is no file with answers ${file}.`)
  const own = join(directory, 'answers')
  await ensureDirectory(own)
  await writeFileAtomic(join(own, 'answers.json'), text, { durable: false })
  return own
}

interface GuestPlace {
  number: number
  directory: string
  built: BuiltPlatform
  services: Services
}

async function describeGuest(place: GuestPlace, options: RunOptions, context: Context): Promise<GuestOptions> {
  const { number, services } = place
  const own = join(place.directory, String(number))
  await ensureDirectory(own, 0o700)
  const name = `${options.name}-${number}`
  const user: GuestNic = { kind: 'user', mac: renderMac(name, 0), sshPort: await readFreePort(), ...services.pxe?.nic }
  return {
    name,
    directory: own,
    boot: await describeBoot(own, place, options, context),
    uefi: options.uefi,
    memoryMiB: options.memoryMiB,
    disks: Array.from({ length: options.disks }, (_, disk) => ({
      file: join(own, `disk${disk}.img`),
      serial: `${name}-disk${disk}`.slice(0, 20),
      sizeBytes: options.diskBytes,
    })),
    nics: services.hub === null ? [user] : [user, { kind: 'hub', mac: renderMac(name, 1), socket: services.hub.socket }],
    ...(services.answers === null ? {} : { answers: services.answers }),
    console: options.console === number ? 'terminal' : 'pipe',
  }
}

async function describeBoot(own: string, { built }: GuestPlace, options: RunOptions, context: Context): Promise<BootSource> {
  switch (options.medium) {
    case 'kernel': {
      // Loaded from outside, as from the network: no medium of ours is in the machine.
      const words = ['console=tty0', 'console=ttyS0,115200', 'panic=10', 'loglevel=4', `${bootArguments.medium}=pxe`, ...options.append]
      return { from: 'kernel', kernel: built.kernel, archive: built.archive, append: words.join(' ') }
    }
    case 'iso':
      return { from: 'iso', file: built.iso }
    case 'usb':
      return { from: 'usb', file: await ensureUsbCopy(built, own, context) }
    case 'pxe':
      return { from: 'pxe' }
    case 'disk':
      return { from: 'disk' }
  }
}

/** The node writes to its USB stick; a platform built later gets a new one. */
async function ensureUsbCopy(built: BuiltPlatform, own: string, context: Context): Promise<string> {
  const copy = join(own, basename(built.usb))
  if (!existsSync(copy)) await run(['cp', '--sparse=always', '--reflink=auto', built.usb, copy], { timeoutMs: 5 * 60_000 }, context)
  return copy
}

function renderIntroduction(number: number, guest: GuestOptions, options: RunOptions): string {
  const port = guest.nics!.find((nic) => nic.kind === 'user')!.sshPort!
  const console =
    guest.console === 'terminal'
      ? 'on this terminal: Ctrl-a x ends the node, Ctrl-a h lists more'
      : `${join(guest.directory, 'console.log')}; Ctrl-c ends all nodes`
  const second = options.nodes === 1 ? '' : `  network   ${guest.nics!.find((nic) => nic.kind === 'hub')!.mac} is on the network of the nodes, without DHCP\n`
  return `node ${number} (${guest.name})\n  ssh       ${renderSshLine(port)}\n${second}  console   ${console}\n  disks     ${dirname(join(guest.directory, 'x'))}\n`
}
