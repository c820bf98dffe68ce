/** Facts out of the texts of /proc and /sys. All pure. */

export interface CpuFacts {
  model: string
  /** Packages with at least one CPU. */
  sockets: number
  /** Physical cores over all packages. */
  cores: number
  /** Logical CPUs. */
  logical: number
  virtualization: 'none' | 'vmx' | 'svm'
}

/** From /proc/cpuinfo; x86 has one block per logical CPU. Where packages are not told (Arm), it is one. */
export function parseCpuinfo(text: string): CpuFacts {
  const blocks = text
    .split('\n\n')
    .map(parseFields)
    .filter((block) => block.has('processor'))
  const first = blocks[0] ?? new Map<string, string>()
  const sockets = new Set(blocks.map((block) => block.get('physical id') ?? '0'))
  const cores = new Set(blocks.map((block, index) => `${block.get('physical id') ?? '0'}/${block.get('core id') ?? index}`))
  const flags = (first.get('flags') ?? '').split(' ')
  return {
    model: first.get('model name') ?? first.get('Processor') ?? 'unknown',
    sockets: Math.max(1, sockets.size),
    cores: Math.max(1, cores.size),
    logical: Math.max(1, blocks.length),
    virtualization: flags.includes('vmx') ? 'vmx' : flags.includes('svm') ? 'svm' : 'none',
  }
}

/** MiB of memory, from /proc/meminfo, rounded down; 0 when it is not told. */
export function parseMemoryMib(meminfo: string): number {
  return Math.floor(Number(parseFields(meminfo).get('MemTotal')?.split(' ')[0] ?? 0) / 1024)
}

/** Epoch seconds of the kernel's start, from /proc/stat; null when it is not told. */
export function parseBootTime(stat: string): number | null {
  const seconds = /^btime (\d+)$/m.exec(stat)?.[1]
  return seconds === undefined ? null : Number(seconds)
}

/** Kernel arguments as `Boot Parameters`: a bare word is "true"; the last of a repeated one counts; those of init are left out. */
export function parseKernelArguments(cmdline: string): Record<string, string> {
  const parameters: Record<string, string> = {}
  for (const [word] of cmdline.matchAll(/(?:[^\s"]|"[^"]*")+/g)) {
    if (word === '--') break
    const equals = word.indexOf('=')
    const name = equals === -1 ? word : word.slice(0, equals)
    if (name !== '__proto__') parameters[name] = equals === -1 ? 'true' : word.slice(equals + 1).replaceAll('"', '')
  }
  return parameters
}

/** A DMI field, or '' when the firmware's maker left it at a placeholder. */
export function parseDmi(text: string | null): string {
  const value = (text ?? '').trim()
  return /^(not specified|none|default string|to be filled by o\.?e\.?m\.?|system (manufacturer|product name|version|serial number)|0+)$/i.test(value)
    ? ''
    : value
}

/** A UUID in lower case; null for anything else and for the two that firmwares give to every board. */
export function parseUuid(text: string | null): string | null {
  const value = (text ?? '').trim().toLowerCase()
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) return null
  return /^[0-]+$|^[f-]+$|^03000200-0400-0500-0006-000700080009$/.test(value) ? null : value
}

function parseFields(text: string): Map<string, string> {
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const colon = line.indexOf(':')
      return colon === -1 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()]]
    }),
  )
}
