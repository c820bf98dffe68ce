import { hasOption, optionValue, type Command, type Input } from '#cli/command.ts'
import { AppError } from '#contracts/errors.ts'
import { layoutClasses, type LayoutDisk } from '#contracts/platform/layout.ts'
import { silentLog } from '#host/context.ts'
import { readDisks } from '#host/disks/inventory.ts'
import { readTextFile } from '#host/fs/atomic.ts'
import { listLayoutDisks, parseDiskinfo } from '#plan/disks/diskinfo.ts'
import { planDiskLayout, type LayoutWishes } from '#plan/disks/layout.ts'

export const command: Command = {
  description: [
    'Disks that are removable, in use, or that this node was booted from are left out; nothing is changed on any disk. The proposals are those of SmartOS.',
    'The reason why no layout is possible is printed on standard output too, after "fatal error: ".',
  ],
  arguments: [
    {
      name: 'LAYOUT',
      summary: `Class of the layout: ${layoutClasses.join(', ')}; chosen from the disks unless given`,
      optional: true,
      complete: layoutClasses,
    },
  ],
  options: [
    { long: 'no-cache', short: 'c', summary: 'Makes no disk a cache' },
    { long: 'exclude', short: 'e', value: 'DISK,...', summary: 'Leaves these disks out' },
    {
      long: 'file',
      short: 'f',
      value: 'FILE',
      summary: 'Takes the disks from FILE, as `diskinfo -Hp` of SmartOS prints them, in place of this node',
      complete: 'file',
    },
    { long: 'spares', short: 's', value: 'N', summary: 'Sets N disks aside as spares' },
    { long: 'width', short: 'w', value: 'N', summary: 'Puts N disks into each mirror or raidz group' },
  ],
  examples: [
    { command: 'disklayout', summary: 'Proposes a pool for all disks' },
    {
      command: 'disklayout -s 1 raidz2 > layout.json && mkzpool -B zones layout.json',
      summary: 'Makes the pool of this node with two parity disks in a group, and one spare',
    },
  ],
  async run(input, cli) {
    const wishes = readWishes(input)
    const excluded = (optionValue(input, 'exclude') ?? '').toLowerCase().split(',')
    const disks = (await listDisks(optionValue(input, 'file'))).filter((disk) => !excluded.includes(disk.name.toLowerCase()))
    const layout = planDiskLayout(disks, wishes)
    if ('error' in layout) {
      cli.out(`fatal error: ${layout.error}\n`)
      return 1
    }
    cli.out(`${JSON.stringify(layout, null, '\t')}\n`)
    return 0
  },
}

function readWishes(input: Input): LayoutWishes {
  const spares = readNumber(input, 'spares', 0)
  const width = readNumber(input, 'width', 2)
  const layout = input.args[0]
  return {
    cache: !hasOption(input, 'no-cache'),
    ...(layout === undefined ? {} : { layout }),
    ...(spares === undefined ? {} : { spares }),
    ...(width === undefined ? {} : { width }),
  }
}

function readNumber(input: Input, name: 'spares' | 'width', least: number): number | undefined {
  const text = optionValue(input, name)
  if (text === undefined) return undefined
  const number = Number(text)
  if (!/^\d{1,4}$/.test(text) || number < least) throw new AppError('Usage', `Invalid value for ${name}: "${text}" is not a number from ${least} on.`)
  return number
}

async function listDisks(file: string | undefined): Promise<LayoutDisk[]> {
  if (file === undefined) return listLayoutDisks(await readDisks({ signal: new AbortController().signal, log: silentLog, now: () => new Date() }))
  const text = await readTextFile(file)
  if (text === null) throw new AppError('NotFound', `There is no file ${file}.`)
  return parseDiskinfo(text)
}
