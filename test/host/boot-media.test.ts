// namespaces: host: a kernel for the guests may have to be fetched. Nothing of this machine is changed: media are files, made without mounting.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createIpxe } from '../../src/platform/media/ipxe.ts'
import { createIso } from '../../src/platform/media/iso.ts'
import { createLoaderFiles } from '../../src/platform/media/loader.ts'
import { createUsbImage } from '../../src/platform/media/usb.ts'
import { boot, context, createMediaLab, type MediaLab, old, sourceOf, tree } from '../harness/media-lab.ts'

let lab: MediaLab
before(async () => {
  lab = await createMediaLab()
})
after(async () => {
  if (lab !== undefined) await rm(lab.top, { recursive: true, force: true })
})

async function digestOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}

test('the same input gives the same bytes, whenever it is made', async () => {
  await createLoaderFiles(tree, 'platform/grub', join(lab.top, 'loader2'), context)
  for (const name of await readdir(join(lab.top, 'loader')))
    assert.equal(await digestOf(join(lab.top, 'loader', name)), await digestOf(join(lab.top, 'loader2', name)), name)
  const again = { ...sourceOf(lab, old), loader: join(lab.top, 'loader2') }
  await createUsbImage(tree, again, join(lab.top, 'two.usb.img'), context)
  await createIso(tree, again, join(lab.top, 'two.iso'), context)
  assert.equal(await digestOf(lab.usb), await digestOf(join(lab.top, 'two.usb.img')))
  assert.equal(await digestOf(lab.iso), await digestOf(join(lab.top, 'two.iso')))
  await createIpxe(sourceOf(lab, old), join(lab.top, 'ipxe'), context)
  assert.match(
    await readFile(join(lab.top, 'ipxe/boot.ipxe'), 'utf8'),
    /^#!ipxe\n[\s\S]*kernel platform-20261101T000000Z\/vmlinuz initrd=boot_archive .*spirula.medium=pxe/,
  )
})

const media = [
  ['bios', 'usb', 'usb'],
  ['uefi', 'usb', 'usb'],
  ['bios', 'cd', 'iso'],
  ['uefi', 'cd', 'iso'],
  // An ISO written to a stick.
  ['bios', 'usb', 'iso'],
  ['uefi', 'usb', 'iso'],
] as const

for (const [firmware, as, medium] of media) {
  test(`the ${medium} medium boots under ${firmware} as ${as}, with the arguments of the menu`, async () => {
    const said = await boot(lab, { firmware, as, file: medium === 'iso' ? lab.iso : lab.usb, readOnly: medium === 'iso' })
    assert.deepEqual(
      said.map(({ stamp }) => stamp),
      [old],
    )
    const words = said[0]!.words
    for (const word of ['console=tty0', 'console=ttyS0,115200', 'panic=10', `spirula.medium=${medium}`])
      assert.ok(words.includes(word), `${word} in ${words.join(' ')}`)
    assert.ok(words.indexOf('console=tty0') < words.indexOf('console=ttyS0,115200'), 'the last console is the main one')
    assert.ok(!words.some((word) => word.startsWith('spirula.failed')))
  })
}
