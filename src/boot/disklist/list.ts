import { hasOption, type Command } from '#cli/command.ts'
import type { Disk } from '#contracts/platform/disk.ts'
import { silentLog } from '#host/context.ts'
import { readDisks } from '#host/disks/inventory.ts'

export const command: Command = {
  arguments: [],
  options: [
    { long: 'all', short: 'a', summary: 'All disks, removable ones first; this is also done without an option' },
    { long: 'fixed', short: 'n', summary: 'Disks that are not removable' },
    { long: 'removable', short: 'r', summary: 'Removable disks, and all on USB' },
    { long: 'sizes', short: 's', summary: 'Disks that are not removable, one a line, as NAME=BYTES' },
    { long: 'json', short: 'j', summary: 'All that is known of each disk, as JSON' },
  ],
  examples: [
    { command: 'disklist -n', summary: 'Names the disks a pool could be made of' },
    { command: 'disklist -j | json -a name size_bytes pools', summary: 'Shows which disk belongs to which pool' },
  ],
  async run(input, cli) {
    const disks = await readDisks({ signal: new AbortController().signal, log: silentLog, now: () => new Date() })
    const asked = (['all', 'fixed', 'removable', 'sizes', 'json'] as const).filter((name) => hasOption(input, name))
    for (const form of asked.length === 0 ? (['all'] as const) : asked) cli.out(renderers[form](disks))
    return 0
  },
}

type Form = 'all' | 'fixed' | 'removable' | 'sizes' | 'json'

const renderers: Record<Form, (disks: readonly Disk[]) => string> = {
  all: (disks) => renderNames([...disks.filter((disk) => disk.removable), ...listFixed(disks)]),
  fixed: (disks) => renderNames(listFixed(disks)),
  removable: (disks) => renderNames(disks.filter((disk) => disk.removable)),
  sizes: (disks) =>
    listFixed(disks)
      .map((disk) => `${disk.name}=${disk.size_bytes}\n`)
      .join(''),
  json: (disks) => `${JSON.stringify(disks, null, 2)}\n`,
}

function listFixed(disks: readonly Disk[]): Disk[] {
  return disks.filter((disk) => !disk.removable)
}

function renderNames(disks: readonly Disk[]): string {
  return `${disks.map((disk) => disk.name).join(' ')}\n`
}
