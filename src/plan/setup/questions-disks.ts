import { canBeBootable } from '../disks/partitions.ts'
import { systemPool } from '#contracts/platform/names.ts'
import type { SetupDisk, SetupLayout, SetupPool } from './facts.ts'
import { renderDiskSize, renderList } from './format.ts'
import type { Question, Row, View } from './question.ts'
import { ok, unfinished, wrong, type Verdict } from './verdict.ts'
import { splitList } from './check-network.ts'

/** The choice in `pool` that makes a new one. */
export const newPool = '(new)'

export const diskQuestions: readonly Question[] = [
  {
    id: 'pool',
    title: 'Pool',
    kind: 'one',
    prompt: (view) => (view.facts.pools.length === 1 ? 'There is a pool on the disks already. Use it?' : 'There are pools on the disks already. Use one?'),
    help: () => ['A pool that is used keeps all that is on it and becomes the pool of this', 'node. A new one is made of disks that are erased.'],
    applies: (view) => view.facts.pools.length > 0,
    initial: (view) => (view.facts.pools.find(isUsable) ?? { name: newPool }).name,
    check: (text, view) => checkPool(text, view),
    headers: ['POOL', 'STATE', 'SIZE', 'DISKS'],
    rows: (view) => [...view.facts.pools.map(poolRow), { value: newPool, cells: ['make a new pool'] }],
    show: (text) => (text === newPool ? 'a new one' : `use ${text} with all that is on it`),
  },
  {
    id: 'disks',
    title: 'Disks',
    kind: 'many',
    prompt: () => 'Which disks shall hold the pool?',
    help: () => ['Virtual machines, images and settings live on it. The disks are erased.'],
    applies: wantsNewPool,
    initial: (view) => view.given.layout?.disks.join(',') ?? proposeDisks(view.facts.disks).join(','),
    check: checkDisks,
    headers: ['DISK', 'SIZE', 'KIND', 'MODEL', 'ON IT'],
    rows: (view) => view.facts.disks.map(diskRow),
    show: (text) => renderList(splitList(text)),
  },
  {
    id: 'zpool_layout',
    title: 'Layout',
    kind: 'one',
    prompt: () => 'How shall the disks be put together?',
    help: () => ['The first is what we propose.'],
    applies: (view) => wantsNewPool(view) && splitList(view.text('disks')).length > 0,
    initial: (view) => listLayouts(view)[0]?.name ?? '',
    check: (text, view) => (layoutOf(view, text) === undefined ? wrong('Choose one of the layouts; to have others, go back and choose other disks.') : ok()),
    headers: ['LAYOUT', 'HOLDS', 'MAY FAIL', 'MADE OF'],
    rows: (view) => listLayouts(view).map(layoutRow),
    show: (text, view) => renderLayout(layoutOf(view, text)),
  },
  {
    id: 'wipe_pools',
    title: 'Destroy',
    kind: 'text',
    prompt: (view) => `This destroys ${renderList(doomedPools(view))} and all that is on ${doomedPools(view).length === 1 ? 'it' : 'them'}.`,
    help: (view) => [`To go on, type: ${doomedPools(view).join(' ')}`, 'Esc goes back, where you can use the pool or choose other disks.'],
    applies: (view) => wantsNewPool(view) && doomedPools(view).length > 0,
    initial: () => '',
    check: checkDoomed,
    show: (_, view) => renderList(doomedPools(view)),
  },
  {
    id: 'bootpool',
    title: 'Boot from',
    kind: 'one',
    prompt: () => 'Shall the machine boot from these disks from now on?',
    help: () => [
      'Spirula is put on every disk of the pool, so that any of them may fail. If',
      'you boot it over the network or keep the stick in, that is not needed.',
    ],
    applies: (view) => wantsNewPool(view) && hasRoomToBoot(view),
    initial: (view) => (view.facts.netboot ? 'none' : 'zones'),
    check: (text) => (text === 'zones' || text === 'none' ? ok() : wrong('Choose one of the two.')),
    rows: () => [
      { value: 'zones', cells: ['Yes, put Spirula on the disks'] },
      { value: 'none', cells: ['No, I boot it from elsewhere'] },
    ],
    show: (text) => (text === 'zones' ? 'the disks of the pool' : 'elsewhere (stick, CD or network)'),
  },
]

export function wantsNewPool(view: View): boolean {
  return !view.applies('pool') || view.text('pool') === newPool
}

/** Small disks get no boot partition. */
function hasRoomToBoot(view: View): boolean {
  const names = splitList(view.text('disks'))
  return view.facts.disks.some((disk) => names.includes(disk.name) && canBeBootable(disk.sizeBytes))
}

/** The layout that is chosen, as things stand. */
export function layoutOf(view: View, name: string): SetupLayout | undefined {
  return listLayouts(view).find((layout) => layout.name === name)
}

/** Pools that lose a disk to the new one. */
export function doomedPools(view: View): string[] {
  const disks = new Set(layoutOf(view, view.text('zpool_layout'))?.disks ?? splitList(view.text('disks')))
  return view.facts.pools.filter((pool) => pool.disks.some((disk) => disks.has(disk))).map((pool) => pool.name)
}

export function renderLayout(layout: SetupLayout | undefined): string {
  return layout === undefined ? 'none' : `${layout.shape}, holds ${renderDiskSize(layout.capacityBytes)}`
}

function listLayouts(view: View): readonly SetupLayout[] {
  const disks = splitList(view.text('disks'))
  const { layout } = view.given
  const isGiven = layout !== undefined && layout.disks.length === disks.length && layout.disks.every((disk) => disks.includes(disk))
  return [...(isGiven ? [layout] : []), ...view.facts.layouts(disks)]
}

/** All that are empty and stay in the machine; when there are none, nothing is proposed to be erased. */
function proposeDisks(disks: readonly SetupDisk[]): string[] {
  return disks.filter((disk) => disk.unusable === null && disk.holds.length === 0 && !disk.removable).map((disk) => disk.name)
}

function checkPool(text: string, view: View): Verdict {
  if (text === newPool) return ok()
  const pool = view.facts.pools.find((candidate) => candidate.name === text)
  if (pool === undefined) return wrong('Choose one of the pools, or make a new one.')
  return isUsable(pool) ? ok() : wrong(refusalOf(pool))
}

function isUsable(pool: SetupPool): boolean {
  return pool.state === 'ONLINE' || pool.state === 'DEGRADED'
}

function refusalOf(pool: SetupPool): string {
  return `${pool.name} cannot be used: it is ${pool.state}.`
}

function poolRow(pool: SetupPool): Row {
  const cells = [pool.name, pool.state, pool.sizeBytes > 0 ? renderDiskSize(pool.sizeBytes) : '-', pool.disks.join(' ')]
  return { value: pool.name, cells, ...(isUsable(pool) ? {} : { refusal: refusalOf(pool) }) }
}

function diskRow(disk: SetupDisk): Row {
  const cells = [disk.name, renderDiskSize(disk.sizeBytes), disk.kind, disk.model, disk.unusable ?? (disk.holds.join(', ') || 'empty')]
  return { value: disk.name, cells, ...(disk.unusable === null ? {} : { refusal: `${disk.name} cannot be used: ${disk.unusable}.` }) }
}

function layoutRow(layout: SetupLayout): Row {
  return { value: layout.name, cells: [layout.name, renderDiskSize(layout.capacityBytes), layout.survives, layout.shape] }
}

function checkDisks(text: string, view: View): Verdict {
  const names = splitList(text)
  if (names.length === 0)
    return unfinished(view.facts.disks.length === 0 ? 'No disk was found. Ctrl-C gives a shell to look why.' : 'Choose a disk with the space bar.')
  for (const name of names) {
    const refusal = refusalOfDisk(name, view)
    if (refusal !== null) return wrong(refusal)
  }
  const rival = view.facts.pools.find((pool) => pool.name === systemPool && !pool.disks.some((disk) => names.includes(disk)))
  if (rival !== undefined) return wrong(`The pool ${rival.name} on ${renderList(rival.disks)} has the name the new one needs: choose its disks too, or use it.`)
  return view.facts.layouts(names).length === 0 && view.given.layout === undefined ? wrong('No pool can be made of these disks.') : ok()
}

function refusalOfDisk(name: string, view: View): string | null {
  const disk = view.facts.disks.find((candidate) => candidate.name === name)
  if (disk === undefined) return `There is no disk ${name}.`
  return disk.unusable === null ? null : `${name} cannot be used: ${disk.unusable}.`
}

function checkDoomed(text: string, view: View): Verdict {
  const doomed = doomedPools(view)
  const typed = splitList(text)
  const stranger = typed.find((name) => !view.facts.pools.some((pool) => pool.name.startsWith(name)))
  if (stranger !== undefined) return wrong(`${stranger} is not the name of a pool here.`)
  const left = doomed.filter((pool) => !typed.includes(pool))
  return left.length === 0 ? ok() : unfinished(`Type ${left.join(' ')} to destroy ${left.length === 1 ? 'it' : 'them'}.`)
}
