import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { run } from '#host/run/run.ts'
import type { Argv } from '#host/run/programs.ts'
import { ensureDebianTree } from '#image/tree.ts'
import { emulatorRecipe } from './emulator-recipe.ts'

/** QEMU 7.2 was seen corrupting its guests under TCG; 10 is the first that ran all of ours. */
const oldestTrusted = 10
/** What guests write to disks with `snapshot` may become large: not in a /tmp that is memory. */
const temporary = '/var/tmp'
export const emulatorCache = '/var/cache/spirula/emulator'

/** A QEMU that can be started, and the files that belong to it. */
export interface Emulator {
  /** What comes before the arguments of qemu-system-x86_64. */
  argv: Argv
  env: Record<string, string>
  version: string
  origin: 'system' | 'tree'
  /** Root directory of firmware and ROMs. */
  root: string
}

export interface EmulatorNeeds {
  /** UEFI firmware must be there too. */
  uefi?: boolean
  /** ROMs that boot from the network must be there too. */
  pxe?: boolean
  /** Where a Debian with QEMU is kept, when one is needed. */
  cache?: string
}

/**
 * The QEMU of this machine when it is of version 10 or later and has the firmware that is needed, else the one of a
 * Debian 13 tree, made once (root, 20 s). Never an older one.
 */
export async function ensureEmulator(needs: EmulatorNeeds, context: Context): Promise<Emulator> {
  const system = await readSystemEmulator(context)
  if (system !== null && hasNeeded(system, needs)) return system
  const tree = await ensureDebianTree(emulatorRecipe, needs.cache ?? emulatorCache, context).catch((cause: unknown) => {
    throw new AppError('NotSupported', `${describeLack(system)} and none could be taken from Debian 13.`, {
      cause,
      hint: 'run it once as root with a Debian mirror in reach, or install qemu-system-x86 (10 or later), ovmf and ipxe-qemu',
    })
  })
  const emulator = renderTreeEmulator(tree)
  return { ...emulator, version: (await readVersion(emulator, context)) ?? 'unknown' }
}

/** One line for people: which QEMU it is. */
export function describeEmulator(emulator: Emulator): string {
  return `QEMU ${emulator.version} ${emulator.origin === 'system' ? 'of this machine' : `of Debian 13 (${emulator.root})`}`
}

/** UEFI firmware of the emulator, and the template of its variables. Throws NotSupported. */
export function readFirmware(emulator: Emulator): { code: string; variables: string } {
  const [code, variables] = firmwareFiles.map((name) => join(emulator.root, name)) as [string, string]
  if (existsSync(code) && existsSync(variables)) return { code, variables }
  throw new AppError('NotSupported', `There is no UEFI firmware ${code}.`, { hint: 'apt-get install ovmf' })
}

const firmwareFiles = ['usr/share/OVMF/OVMF_CODE_4M.fd', 'usr/share/OVMF/OVMF_VARS_4M.fd'] as const
/** Boot ROM of a virtio network card, which QEMU finds itself (only then does it fit the card): of Debian 13, and of Debian 12. */
const romFiles = ['usr/share/qemu/efi-virtio.rom', 'usr/lib/ipxe/qemu/efi-virtio.rom'] as const

function hasNeeded(emulator: Emulator, needs: EmulatorNeeds): boolean {
  if (Number.parseInt(emulator.version, 10) < oldestTrusted) return false
  if (needs.uefi === true && !firmwareFiles.every((name) => existsSync(join(emulator.root, name)))) return false
  return needs.pxe !== true || romFiles.some((name) => existsSync(join(emulator.root, name)))
}

async function readSystemEmulator(context: Context): Promise<Emulator | null> {
  const emulator = { argv: ['qemu-system-x86_64'], env: { TMPDIR: temporary }, version: '', origin: 'system', root: '/' } as const
  const version = await readVersion(emulator, context)
  return version === null ? null : { ...emulator, version }
}

async function readVersion(emulator: Emulator, context: Context): Promise<string | null> {
  const text = await run([...emulator.argv, '--version'], { env: emulator.env }, context).then(
    (result) => result.stdout,
    () => '',
  )
  return parseEmulatorVersion(text)
}

/** `10.0.2` of `QEMU emulator version 10.0.2 (Debian …)`; null when it says none. */
export function parseEmulatorVersion(text: string): string | null {
  return /^QEMU emulator version (\d+\.\d+(?:\.\d+)*)/.exec(text)?.[1] ?? null
}

function describeLack(system: Emulator | null): string {
  if (system === null) return 'This machine has no QEMU'
  return Number.parseInt(system.version, 10) < oldestTrusted
    ? `This machine has QEMU ${system.version}, which corrupts its guests (${oldestTrusted} or later is needed),`
    : `This machine has QEMU ${system.version} without the firmware that is needed`
}

/** Through the tree's own loader, so that no change of root is needed. */
export function renderTreeEmulator(tree: string): Emulator {
  const inTree = (path: string): string => join(tree, path)
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map(inTree).join(':')
  const data = ['usr/share/qemu', 'usr/share/seabios'].flatMap((path) => ['-L', inTree(path)])
  const loader = inTree('lib64/ld-linux-x86-64.so.2') as `/${string}`
  return {
    argv: [loader, '--library-path', libraries, inTree('usr/bin/qemu-system-x86_64'), ...data],
    env: { QEMU_MODULE_DIR: inTree('usr/lib/x86_64-linux-gnu/qemu'), TMPDIR: temporary },
    version: '',
    origin: 'tree',
    root: tree,
  }
}
