// namespaces: host: a kernel for the guests may have to be fetched. Nothing of this machine is changed: media are files, made without mounting.
import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { readEspOffset } from '#host/boot/gpt-offset.ts'
import { ensureBiosLoader } from '#host/boot/loader.ts'
import { readAt, writeAt } from '#host/fs/blocks.ts'
import { decideBoot } from '#plan/boot/decide.ts'
import { parseEnvironment, renderEnvironment } from '#plan/boot/environment.ts'
import { command } from '../bench/command.ts'
import { boot, createMediaLab, fresh, type MediaLab, old } from '../harness/media-lab.ts'

let lab: MediaLab
before(async () => {
  lab = await createMediaLab()
})
after(async () => {
  if (lab !== undefined) await rm(lab.top, { recursive: true, force: true })
})

/** A disk with both images, as an installed one is: its BIOS sectors written by the code that does so on a node. */
async function createDisk(environment: BootEnvironment, name: string): Promise<{ file: string; read: () => Promise<BootEnvironment>; image: string[] }> {
  const file = join(lab.top, `${name}.img`)
  await command(['cp', '--sparse=always', lab.usb, file])
  const image = ['-i', `${file}@@${await readEspOffset(file)}`]
  await command(['mcopy', '-s', ...image, join(lab.top, `platform-${fresh}`), '::/'])
  await writeFile(join(lab.top, 'grubenv'), renderEnvironment({ environment, others: new Map([['theirs', '1']]) }))
  await writeFile(join(lab.top, 'medium.cfg'), 'set spirula_medium=disk\n')
  await command(['mcopy', '-o', ...image, join(lab.top, 'grubenv'), join(lab.top, 'medium.cfg'), '::/boot/grub/'])
  // Wiped, so that what boots is what is written now.
  const table = await readAt(file, 0, 512)
  await writeAt(file, [
    { offset: 0, bytes: Buffer.alloc(0x1b8) },
    { offset: 1 << 20, bytes: Buffer.alloc(1 << 20) },
  ])
  assert.equal(await ensureBiosLoader(file, 2048, join(lab.top, 'loader')), true)
  assert.equal(await ensureBiosLoader(file, 2048, join(lab.top, 'loader')), false)
  assert.ok((await readAt(file, 0x1b8, 72)).equals(table.subarray(0x1b8)), 'the partition table is as it was')
  const read = async (): Promise<BootEnvironment> => {
    await command(['mcopy', '-o', ...image, '::/boot/grub/grubenv', join(lab.top, 'grubenv.read')])
    const block = parseEnvironment(await readFile(join(lab.top, 'grubenv.read')))
    assert.deepEqual([...block.others], [['theirs', '1']])
    return block.environment
  }
  return { file, read, image }
}

/** What the model says of boots until one ends well. */
function foretell(start: BootEnvironment): { boots: string[]; failed: string | undefined; end: BootEnvironment } {
  const boots: string[] = []
  let now = start
  for (;;) {
    const decision = decideBoot(now, [old, fresh])
    boots.push(decision.stamp!)
    now = decision.environment
    if (decision.stamp === old) return { boots, failed: decision.failed, end: now }
  }
}

for (const firmware of ['bios', 'uefi'] as const) {
  test(`an image that always restarts is given up after its boots, as the model says (${firmware})`, async () => {
    const start = { default: fresh, good: old, tries: 2 }
    const disk = await createDisk(start, `count-${firmware}`)
    const said = await boot(lab, { firmware, as: 'disk', file: disk.file })
    const told = foretell(start)
    assert.deepEqual(told.boots, [fresh, fresh, old])
    assert.deepEqual(
      said.map(({ stamp }) => stamp),
      told.boots,
    )
    assert.ok(said.at(-1)!.words.includes(`spirula.failed=${told.failed}`))
    assert.ok(said.every(({ words }) => words.includes('spirula.medium=disk')))
    assert.deepEqual(await disk.read(), told.end)
  })
}

test('a boot that cannot be counted takes the good image', async () => {
  const start = { default: fresh, good: old, tries: 2 }
  const disk = await createDisk(start, 'read-only')
  const said = await boot(lab, { firmware: 'bios', as: 'disk', file: disk.file, readOnly: true })
  assert.deepEqual(
    said.map(({ stamp }) => stamp),
    [old],
  )
  assert.ok(said[0]!.words.includes(`spirula.failed=${fresh}`))
})

test('an image that is not whole is not taken, one whose files cannot be read is given up; the operator’s settings count', async () => {
  const start = { default: fresh, good: old, tries: 2 }
  const part = await createDisk(start, 'part')
  await command(['mdel', ...part.image, `::/platform-${fresh}/SHA256SUMS`])
  await writeFile(join(lab.top, 'custom.cfg'), 'set spirula_arguments="mitigations=off quiet"\nset spirula_console=text\nset spirula_timeout=1\n')
  await command(['mcopy', ...part.image, join(lab.top, 'custom.cfg'), '::/boot/grub/'])
  const said = await boot(lab, { firmware: 'bios', as: 'disk', file: part.file })
  assert.deepEqual(
    said.map(({ stamp }) => stamp),
    [old],
  )
  const { words } = said[0]!
  assert.ok(words.indexOf('console=tty0') > words.indexOf('console=ttyS0,115200'), 'the screen is the main console')
  for (const word of ['mitigations=off', 'quiet']) assert.ok(words.includes(word))
  assert.deepEqual(await part.read(), start)
  const unreadable = await createDisk(start, 'unreadable')
  await writeFile(join(lab.top, 'broken'), 'no kernel at all')
  await command(['mcopy', '-o', ...unreadable.image, join(lab.top, 'broken'), `::/platform-${fresh}/vmlinuz`])
  const next = await boot(lab, { firmware: 'bios', as: 'disk', file: unreadable.file })
  assert.deepEqual(
    next.map(({ stamp }) => stamp),
    [old],
  )
  assert.ok(next[0]!.words.includes(`spirula.failed=${fresh}`))
  assert.deepEqual(await unreadable.read(), { default: fresh, good: old, tries: 1, failed: fresh })
})
