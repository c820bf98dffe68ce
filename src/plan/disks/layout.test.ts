import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isLayoutGroup, listDataDevices, PoolLayout, type LayoutDisk } from '#contracts/platform/layout.ts'
import { planDiskLayout, type LayoutWishes } from './layout.ts'

interface Shelf {
  count: number
  gb: number
  ssd?: true
  type?: string
  removable?: true
}

/** Disks `d00`, `d01` … in the order of the shelves. */
function makeDisks(...shelves: Shelf[]): LayoutDisk[] {
  const disks = shelves.flatMap(({ count, gb, ssd, type, removable }) =>
    Array.from({ length: count }, () => ({
      type: type ?? 'SATA',
      vid: 'ACME',
      pid: `D${gb}`,
      size: String(gb * 1e9),
      removable: removable ?? false,
      solid_state: ssd ?? false,
    })),
  )
  return disks.map((disk, at) => ({ name: `d${String(at).padStart(2, '0')}`, ...disk }))
}

/** `2×mirror(2) +1 spares 1 logs 2 cache 0`, or the error. */
function describeLayout(disks: readonly LayoutDisk[], wishes: Partial<LayoutWishes> = {}): string {
  const layout = planDiskLayout(disks, { cache: true, ...wishes })
  if ('error' in layout) return layout.error
  const groups = layout.vdevs.map((vdev) => (isLayoutGroup(vdev) ? `${vdev.type}(${vdev.devices.length})` : 'single'))
  const text = [...new Set(groups)].map((group) => `${groups.filter((other) => other === group).length}×${group}`).join(' ')
  const extra = (['spares', 'logs', 'cache'] as const).map((role) => (layout[role] === undefined ? '' : ` ${role} ${layout[role].length}`))
  return text + extra.join('')
}

test('the class of layout follows the number of rotating disks', () => {
  const expected: Record<number, string> = {
    1: '1×single',
    2: '1×mirror(2)',
    3: '1×raidz(3)',
    4: '1×raidz(4)',
    5: '1×raidz2(5)',
    6: '1×raidz2(6)',
    7: '3×mirror(2) spares 1',
    8: '3×mirror(2) spares 2',
    9: '4×mirror(2) spares 1',
    16: '7×mirror(2) spares 2',
    17: '2×raidz2(8) spares 1',
    24: '2×raidz2(11) spares 2',
  }
  for (const [count, layout] of Object.entries(expected)) assert.equal(describeLayout(makeDisks({ count: Number(count), gb: 600 })), layout, `${count} disks`)
})

test('large disks get double parity, SSDs as well', () => {
  assert.equal(describeLayout(makeDisks({ count: 8, gb: 4000 })), '1×raidz2(8)')
  assert.equal(describeLayout(makeDisks({ count: 12, gb: 4000 })), '1×raidz2(11) spares 1')
  assert.equal(describeLayout(makeDisks({ count: 5, gb: 480, ssd: true })), '1×raidz(5)')
  assert.equal(describeLayout(makeDisks({ count: 8, gb: 480, ssd: true })), '1×raidz2(8)')
})

test('a wished number of spares changes the class where it must', () => {
  assert.equal(describeLayout(makeDisks({ count: 5, gb: 600 }), { spares: 0 }), '1×raidz(5)')
  assert.equal(describeLayout(makeDisks({ count: 10, gb: 600 }), { spares: 1 }), '1×raidz2(9) spares 1')
  assert.equal(describeLayout(makeDisks({ count: 13, gb: 600 }), { spares: 0 }), '1×raidz3(13)')
  assert.equal(describeLayout(makeDisks({ count: 15, gb: 600 }), { spares: 0 }), '5×raidz(3)')
  assert.equal(describeLayout(makeDisks({ count: 24, gb: 4000 }), { spares: 0 }), '3×raidz2(8)')
  assert.equal(describeLayout(makeDisks({ count: 25, gb: 4000 }), { spares: 0 }), '5×raidz(5)')
})

test('a wished width chooses the class among many disks and may leave disks over', () => {
  const disks = makeDisks({ count: 16, gb: 600 })
  assert.equal(describeLayout(disks, { width: 2 }), '8×mirror(2)')
  assert.equal(describeLayout(disks, { width: 5 }), '3×raidz(5) spares 1')
  assert.equal(describeLayout(disks, { width: 8 }), '2×raidz2(8)')
  assert.equal(describeLayout(disks, { width: 15 }), '1×raidz3(15) spares 1')
  assert.equal(describeLayout(disks, { width: 5, spares: 0 }), '3×raidz(5)')
  assert.equal(describeLayout(disks, { width: 3, spares: 1, layout: 'mirror' }), '5×mirror(3) spares 1')
})

test('SSDs beside rotating disks: few of the smallest are the log, the others cache', () => {
  const rust: Shelf = { count: 4, gb: 2000 }
  assert.equal(describeLayout(makeDisks(rust, { count: 1, gb: 100, ssd: true })), '1×raidz(4) logs 1')
  assert.equal(describeLayout(makeDisks(rust, { count: 5, gb: 100, ssd: true })), '1×raidz(4) cache 5')
  const mixed = makeDisks(rust, { count: 2, gb: 100, ssd: true }, { count: 3, gb: 400, ssd: true })
  assert.equal(describeLayout(mixed), '1×raidz(4) logs 2 cache 3')
  assert.equal(describeLayout(mixed, { cache: false }), '1×raidz(4) logs 2')
  assert.equal(describeLayout(makeDisks({ count: 2, gb: 300 }, { count: 3, gb: 2000 })), '1×raidz(3) cache 2')
})

test('without rotating disks the largest SSDs store', () => {
  assert.equal(describeLayout(makeDisks({ count: 2, gb: 100, ssd: true }, { count: 3, gb: 960, ssd: true })), '1×raidz(3) logs 2')
})

test('disks of nearly one size are one group, however they are attached; the largest are the spares', () => {
  const disks = makeDisks({ count: 6, gb: 600.1, type: 'SCSI' }, { count: 1, gb: 610 })
  assert.equal(describeLayout(disks), '3×mirror(2) spares 1')
  const layout = planDiskLayout(disks, { cache: true })
  assert.ok(!('error' in layout))
  assert.deepEqual(
    layout.spares?.map((disk) => disk.name),
    ['d06'],
  )
  assert.equal(layout.capacity, 3 * 600.1e9)
})

test('removable and tiny disks are not used', () => {
  assert.equal(describeLayout(makeDisks({ count: 1, gb: 32, removable: true }, { count: 1, gb: 0.3 })), 'no primary storage disks available')
  assert.equal(describeLayout(makeDisks({ count: 1, gb: 600 }, { count: 1, gb: 0.3 })), '1×single')
})

test('what cannot be is refused with the numbers', () => {
  const refusals: [number, Partial<LayoutWishes>, RegExp][] = [
    [2, { spares: 1 }, /^too many spares \(1\)/],
    [18, { spares: 1 }, /^invalid number of spares \(1\)/],
    [1, { layout: 'mirror' }, /at least 2 disks/],
    [4, { layout: 'mirror', spares: 1 }, /^1 is an invalid number of spares for 4 disks/],
    [6, { layout: 'mirror', spares: 5 }, /too many spares/],
    [3, { layout: 'mirror', width: 4 }, /^4 is an invalid width for mirroring and 3 disks/],
    [7, { layout: 'raidz2', width: 6 }, /^6 is an invalid width for raidz2 and 7 disks \(min: 7, default max: 12\)/],
    [16, { layout: 'raidz3', width: 15, spares: 2 }, /^15 is an invalid width for raidz3 and 2 spares/],
    [4, { layout: 'raidz2' }, /^no acceptable raidz2 layout is possible with 4 disks$/],
    [14, { layout: 'raidz1', spares: 1 }, /^no acceptable raidz layout is possible with 14 disks and 1 spare$/],
    [1, { layout: 'single', spares: 1 }, /too many spares/],
    [3, { layout: 'single', spares: 1 }, /^spares are not allowed/],
    [3, { layout: 'stripe' }, /^unknown layout stripe$/],
  ]
  for (const [count, wishes, pattern] of refusals) assert.match(describeLayout(makeDisks({ count, gb: 600 }), wishes), pattern)
})

test('a layout is printed in the order and with the fields scripts know', () => {
  const layout = planDiskLayout(makeDisks({ count: 1, gb: 600 }), { cache: true })
  assert.equal(
    JSON.stringify(layout),
    '{"vdevs":[{"name":"d00","vid":"ACME","pid":"D600","size":"600000000000","solid_state":false}],"capacity":"600000000000"}',
  )
  const pool = planDiskLayout(makeDisks({ count: 7, gb: 600 }, { count: 1, gb: 100, ssd: true }, { count: 1, gb: 400, ssd: true }), { cache: true })
  assert.deepEqual(Object.keys(pool), ['spares', 'vdevs', 'capacity', 'logs', 'cache'])
})

test('whatever the disks, a layout uses none twice, is valid, and stores no more than there is', () => {
  const shelf = fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    gb: fc.constantFrom(100, 480, 600, 1600, 4000),
    ssd: fc.constantFrom(true as const, undefined),
  })
  const wishes = fc.record({ cache: fc.boolean(), spares: fc.integer({ min: 0, max: 6 }), width: fc.integer({ min: 2, max: 16 }) }, { requiredKeys: ['cache'] })
  fc.assert(
    fc.property(fc.array(shelf, { minLength: 1, maxLength: 3 }), wishes, (shelves, wanted) => {
      const disks = makeDisks(...shelves.map(({ ssd, ...rest }) => ({ ...rest, ...(ssd === undefined ? {} : { ssd }) })))
      const layout = planDiskLayout(disks, wanted)
      if ('error' in layout) return
      assert.ok(PoolLayout.safeParse(layout).success)
      const used = [...listDataDevices(layout), ...(layout.logs ?? []), ...(layout.cache ?? [])].map((device) => device.name)
      assert.equal(new Set(used).size, used.length)
      assert.ok(Number(layout.capacity) <= disks.reduce((sum, disk) => sum + Number(disk.size), 0))
      for (const vdev of layout.vdevs) assert.ok(!isLayoutGroup(vdev) || vdev.devices.length >= 2)
      if (wanted.spares !== undefined) assert.equal(layout.spares?.length ?? 0, wanted.spares)
    }),
  )
})
