import { parseArgs } from 'node:util'
import { AppError } from '#contracts/errors.ts'

export const media = ['iso', 'usb', 'pxe', 'disk'] as const
export type Medium = (typeof media)[number] | 'kernel'

export interface RunOptions {
  help: boolean
  medium: Medium
  uefi: boolean
  nodes: number
  /** Number of the node whose console the terminal gets; null = log files only. */
  console: number | null
  memoryMiB: number
  disks: number
  diskBytes: number
  /** File with answers for the first boot. */
  answers: string | null
  /** Words for the kernel's command line. */
  append: string[]
  name: string
  platform: string | null
  fresh: boolean
}

export const runUsage = `usage: ./spirula platform run [OPTION…]

Boots a built platform in QEMU. Without a medium kernel and image are loaded by QEMU itself. Disks are kept, so that
the next run with the same name goes on with them.

  --iso, --usb      boot the ISO, or a copy of the USB image
  --pxe             boot from the network: a booter of our own serves the image
  --disk            boot from the first disk that a platform was installed on
  --uefi            with UEFI firmware in place of a BIOS
  --nodes N         that many nodes (1) on a network of their own, each with its ssh; consoles go to log files
  --console N       the console of node N on this terminal; of the only node unless told
  --memory MIB      of each node (3072)
  --disks N         of each node (2)
  --disk-size SIZE  of a disk made now, e.g. 512M, 20G (the default)
  --answers FILE    answers for the first boot, handed in on a small disk
  --append WORDS    added to the kernel's command line (not with --iso, --usb, --disk)
  --name NAME       which set of disks (node)
  --platform DIR    a built platform, or a directory of them; the newest below build/platform unless told
  --fresh           forget the disks of earlier runs
`

const words = {
  'iso': { type: 'boolean' },
  'usb': { type: 'boolean' },
  'pxe': { type: 'boolean' },
  'disk': { type: 'boolean' },
  'uefi': { type: 'boolean' },
  'nodes': { type: 'string' },
  'console': { type: 'string' },
  'memory': { type: 'string' },
  'disks': { type: 'string' },
  'disk-size': { type: 'string' },
  'answers': { type: 'string' },
  'append': { type: 'string', multiple: true },
  'name': { type: 'string' },
  'platform': { type: 'string' },
  'fresh': { type: 'boolean' },
  'help': { type: 'boolean', short: 'h' },
} as const

const hint = './spirula platform run --help'

/** Throws Usage. */
export function parseRunOptions(args: readonly string[]): RunOptions {
  const values = parseWords(args)
  const medium = chooseMedium(media.filter((name) => values[name] === true))
  const nodes = parseCount('nodes', values.nodes ?? '1', { min: 1, max: 16 })
  const append = (values.append ?? []).flatMap((text) => text.split(/\s+/)).filter((word) => word !== '')
  if (append.length > 0 && medium !== 'kernel' && medium !== 'pxe')
    throw new AppError('Usage', `--append has no effect with --${medium}: the words stand in the boot loader's menu there.`, {
      hint: 'leave out the medium, or take --pxe',
    })
  return {
    help: values.help === true,
    medium,
    uefi: values.uefi === true,
    nodes,
    console: chooseConsole(values.console, nodes),
    memoryMiB: parseCount('memory', values.memory ?? '3072', { min: 512, max: 1 << 20 }),
    disks: parseCount('disks', values.disks ?? '2', { min: 0, max: 16 }),
    diskBytes: parseDiskSize(values['disk-size'] ?? '20G'),
    answers: values.answers ?? null,
    append,
    name: parseName(values.name ?? 'node'),
    platform: values.platform ?? null,
    fresh: values.fresh === true,
  }
}

function parseWords(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: words }).values
  } catch (cause) {
    throw new AppError('Usage', 'run does not understand its options.', { cause, hint })
  }
}

function chooseMedium(given: readonly (typeof media)[number][]): Medium {
  if (given.length > 1) throw new AppError('Usage', `A node boots from one medium, not from ${given.map((name) => `--${name}`).join(' and ')}.`, { hint })
  return given[0] ?? 'kernel'
}

function chooseConsole(given: string | undefined, nodes: number): number | null {
  if (given === undefined) return nodes === 1 ? 1 : null
  return parseCount('console', given, { min: 1, max: nodes })
}

function parseCount(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new AppError('Usage', `--${name} is "${text}", which is no number from ${min} to ${max}.`, { hint })
}

const units: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** Bytes of `512M`, `20G`, `1T`. */
function parseDiskSize(text: string): number {
  const match = /^(\d{1,6})([MGT])i?B?$/i.exec(text)
  const bytes = match === null ? 0 : Number(match[1]) * units[match[2]!.toUpperCase()]!
  if (bytes >= 64 * 2 ** 20 && bytes <= 2 ** 46) return bytes
  throw new AppError('Usage', `--disk-size is "${text}", which is no size of a disk: a number with M, G or T, from 64M to 64T.`, { hint })
}

/** It becomes part of paths, and sockets have short ones. */
function parseName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,23}$/.test(text)) return text
  throw new AppError('Usage', `--name is "${text}": a name has at most 24 letters, digits, "_" and "-".`, { hint })
}
