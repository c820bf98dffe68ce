// namespaces: host: a kernel for the guests may have to be fetched. Nothing of this machine is changed: media are files, made without mounting.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { type Context, silentLog } from '#host/context.ts'
import { readAt, writeAt } from '#host/fs/blocks.ts'
import { ensureBiosLoader } from '#host/boot/loader.ts'
import { readEspOffset } from '#host/boot/gpt-offset.ts'
import { run } from '#host/run/run.ts'
import { decideBoot } from '#plan/boot/decide.ts'
import { parseEnvironment, renderEnvironment } from '#plan/boot/environment.ts'
import { createIpxe } from '../../src/platform/media/ipxe.ts'
import { createIso } from '../../src/platform/media/iso.ts'
import { createLoaderFiles } from '../../src/platform/media/loader.ts'
import { createToolTree } from '../../src/platform/media/tool-tree.ts'
import { createUsbImage } from '../../src/platform/media/usb.ts'
import { type Emulator, ensureEmulator, readFirmware } from '../../src/platform/run/emulator.ts'
import { command } from '../bench/command.ts'

const old = '20261101T000000Z'
const fresh = '20261102T000000Z'
const context: Context = { signal: new AbortController().signal, log: silentLog, now: () => new Date(0) }
const tree = createToolTree('/')
const missing = ['usr/lib/grub/i386-pc', 'usr/lib/grub/x86_64-efi', 'usr/bin/xorriso', 'usr/bin/mtools', 'usr/sbin/mkfs.fat', 'usr/bin/cpio'].filter(
  (path) => !existsSync(join('/', path)),
)
const skip = missing.length === 0 ? false : `missing: ${missing.join(', ')} (grub-pc-bin grub-efi-amd64-bin grub-common xorriso mtools dosfstools cpio)`

let top: string
let emulator: Emulator
let usb: string
let iso: string

before(async () => {
  if (skip !== false) return
  top = await mkdtemp('/var/tmp/spirula-media-')
  emulator = await ensureEmulator({ uefi: true }, context)
  const kernel = await ensureKernel()
  await createPlatform(old, kernel, 'poweroff -f')
  await createPlatform(fresh, kernel, 'reboot -f')
  await createLoaderFiles(tree, 'platform/grub', join(top, 'loader'), context)
  ;[usb, iso] = [join(top, 'one.usb.img'), join(top, 'one.iso')]
  await createUsbImage(tree, sourceOf(old), usb, context)
  await createIso(tree, sourceOf(old), iso, context)
})
after(async () => {
  if (top !== undefined) await rm(top, { recursive: true, force: true })
})

function sourceOf(stamp: string): Parameters<typeof createUsbImage>[1] {
  return { platformDir: join(top, `platform-${stamp}`), loader: join(top, 'loader'), stamp }
}

/** Debian's kernel for virtual machines, fetched once. */
async function ensureKernel(): Promise<string> {
  const cache = '/var/cache/spirula/test/boot-media'
  const kernel = join(cache, 'vmlinuz')
  if (existsSync(kernel)) return kernel
  await mkdir(join(cache, 'deb'), { recursive: true })
  const stdout = await command(['apt-cache', 'depends', 'linux-image-cloud-amd64'])
  const name = /Depends: (linux-image-[^\s]+)/.exec(stdout)?.[1]
  assert.ok(name !== undefined, `apt knows no kernel: ${stdout}`)
  await command(['/bin/sh', '-c', `cd ${cache} && apt-get download ${name} && dpkg-deb -x ${name}_*.deb deb && rm ${name}_*.deb`])
  const found = (await readdir(join(cache, 'deb/boot'))).find((file) => file.startsWith('vmlinuz-'))
  await copyFile(join(cache, 'deb/boot', found!), kernel)
  await rm(join(cache, 'deb'), { recursive: true })
  return kernel
}

/** A platform whose system says what it was started with, and ends. */
async function createPlatform(stamp: string, kernel: string, ends: string): Promise<void> {
  const directory = join(top, `platform-${stamp}`)
  const root = join(top, `root-${stamp}`)
  for (const name of ['bin', 'proc', 'dev']) await mkdir(join(root, name), { recursive: true })
  await copyFile('/bin/busybox', join(root, 'bin/busybox'))
  const init = [
    '#!/bin/busybox sh',
    'b=/bin/busybox',
    '$b mount -t proc proc /proc',
    '$b mount -t devtmpfs dev /dev',
    // On a busy machine the kernel has something to say about its clock, else in the midst of the line.
    '$b dmesg -n 1',
    `echo "HELLO ${stamp} $($b cat /proc/cmdline) END" > /dev/ttyS0`,
    `$b ${ends}`,
    '',
  ]
  await writeFile(join(root, 'init'), init.join('\n'), { mode: 0o755 })
  await mkdir(directory)
  await command(['/bin/sh', '-c', `cd ${root} && find . | cpio --quiet -o -H newc > ${join(directory, 'boot_archive')}`])
  await copyFile(kernel, join(directory, 'vmlinuz'))
  for (const name of ['manifest.json', 'sbom.cdx.json']) await writeFile(join(directory, name), '{}\n')
  await command(['/bin/sh', '-c', `cd ${directory} && sha256sum vmlinuz boot_archive manifest.json sbom.cdx.json > SHA256SUMS`])
}

interface Start {
  firmware: 'bios' | 'uefi'
  as: 'usb' | 'cd' | 'disk'
  file: string
  /** Writes of the guest fail. */
  readOnly?: boolean
}

/** Starts a machine and waits until it switches itself off; gives what its systems said: stamp and kernel arguments. */
async function boot({ firmware, as, file, readOnly }: Start): Promise<{ stamp: string; words: string[] }[]> {
  const drive = `if=none,id=boot,format=raw,file=${file}${readOnly === true || as === 'cd' ? ',readonly=on' : ''}`
  const device = {
    usb: ['-drive', drive, '-device', 'qemu-xhci', '-device', 'usb-storage,drive=boot,removable=on,bootindex=0'],
    cd: ['-drive', `${drive},media=cdrom`, '-device', 'ide-cd,drive=boot,bootindex=0'],
    disk: ['-drive', drive, '-device', 'virtio-blk-pci,drive=boot,bootindex=0'],
  }[as]
  const machine = [
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-machine',
    'q35',
    '-accel',
    'tcg,thread=multi,tb-size=256',
    '-cpu',
    'max',
    '-m',
    '512',
    '-smp',
    '2',
  ]
  const argv = [...emulator.argv.slice(1), ...machine, ...(await renderFirmware(firmware)), ...device, '-serial', 'stdio']
  const { stdout } = await run([emulator.argv[0], ...argv], { env: emulator.env, timeoutMs: 240_000 }, context)
  const said = [...stdout.matchAll(/HELLO (\S+) (.*?) END/g)].map(([, stamp, words]) => ({ stamp: stamp!, words: words!.split(' ') }))
  // The last words of a machine explain most failures.
  if (said.length === 0 || process.env['SPIRULA_TEST_CONSOLE'] !== undefined) console.log(stdout.slice(-3000))
  return said
}

async function renderFirmware(firmware: Start['firmware']): Promise<string[]> {
  if (firmware === 'bios') return []
  const { code, variables } = readFirmware(emulator)
  await copyFile(variables, join(top, 'variables.fd'))
  return ['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${code}`, '-drive', `if=pflash,unit=1,format=raw,file=${join(top, 'variables.fd')}`]
}

async function digestOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}

test('the same input gives the same bytes, whenever it is made', { skip }, async () => {
  await createLoaderFiles(tree, 'platform/grub', join(top, 'loader2'), context)
  for (const name of await readdir(join(top, 'loader')))
    assert.equal(await digestOf(join(top, 'loader', name)), await digestOf(join(top, 'loader2', name)), name)
  const again = { ...sourceOf(old), loader: join(top, 'loader2') }
  await createUsbImage(tree, again, join(top, 'two.usb.img'), context)
  await createIso(tree, again, join(top, 'two.iso'), context)
  assert.equal(await digestOf(usb), await digestOf(join(top, 'two.usb.img')))
  assert.equal(await digestOf(iso), await digestOf(join(top, 'two.iso')))
  await createIpxe(sourceOf(old), join(top, 'ipxe'), context)
  assert.match(
    await readFile(join(top, 'ipxe/boot.ipxe'), 'utf8'),
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
  test(`the ${medium} medium boots under ${firmware} as ${as}, with the arguments of the menu`, { skip }, async () => {
    const said = await boot({ firmware, as, file: medium === 'iso' ? iso : usb, readOnly: medium === 'iso' })
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

/** A disk with both images, as an installed one is: its BIOS sectors written by the code that does so on a node. */
async function createDisk(environment: BootEnvironment, name: string): Promise<{ file: string; read: () => Promise<BootEnvironment>; image: string[] }> {
  const file = join(top, `${name}.img`)
  await command(['cp', '--sparse=always', usb, file])
  const image = ['-i', `${file}@@${await readEspOffset(file)}`]
  await command(['mcopy', '-s', ...image, join(top, `platform-${fresh}`), '::/'])
  await writeFile(join(top, 'grubenv'), renderEnvironment({ environment, others: new Map([['theirs', '1']]) }))
  await writeFile(join(top, 'medium.cfg'), 'set spirula_medium=disk\n')
  await command(['mcopy', '-o', ...image, join(top, 'grubenv'), join(top, 'medium.cfg'), '::/boot/grub/'])
  // Wiped, so that what boots is what is written now.
  const table = await readAt(file, 0, 512)
  await writeAt(file, [
    { offset: 0, bytes: Buffer.alloc(0x1b8) },
    { offset: 1 << 20, bytes: Buffer.alloc(1 << 20) },
  ])
  assert.equal(await ensureBiosLoader(file, 2048, join(top, 'loader')), true)
  assert.equal(await ensureBiosLoader(file, 2048, join(top, 'loader')), false)
  assert.ok((await readAt(file, 0x1b8, 72)).equals(table.subarray(0x1b8)), 'the partition table is as it was')
  const read = async (): Promise<BootEnvironment> => {
    await command(['mcopy', '-o', ...image, '::/boot/grub/grubenv', join(top, 'grubenv.read')])
    const block = parseEnvironment(await readFile(join(top, 'grubenv.read')))
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
  test(`an image that always restarts is given up after its boots, as the model says (${firmware})`, { skip }, async () => {
    const start = { default: fresh, good: old, tries: 2 }
    const disk = await createDisk(start, `count-${firmware}`)
    const said = await boot({ firmware, as: 'disk', file: disk.file })
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

test('a boot that cannot be counted takes the good image', { skip }, async () => {
  const start = { default: fresh, good: old, tries: 2 }
  const disk = await createDisk(start, 'read-only')
  const said = await boot({ firmware: 'bios', as: 'disk', file: disk.file, readOnly: true })
  assert.deepEqual(
    said.map(({ stamp }) => stamp),
    [old],
  )
  assert.ok(said[0]!.words.includes(`spirula.failed=${fresh}`))
})

test('an image that is not whole is not taken, one whose files cannot be read is given up; the operator’s settings count', { skip }, async () => {
  const start = { default: fresh, good: old, tries: 2 }
  const part = await createDisk(start, 'part')
  await command(['mdel', ...part.image, `::/platform-${fresh}/SHA256SUMS`])
  await writeFile(join(top, 'custom.cfg'), 'set spirula_arguments="mitigations=off quiet"\nset spirula_console=text\nset spirula_timeout=1\n')
  await command(['mcopy', ...part.image, join(top, 'custom.cfg'), '::/boot/grub/'])
  const said = await boot({ firmware: 'bios', as: 'disk', file: part.file })
  assert.deepEqual(
    said.map(({ stamp }) => stamp),
    [old],
  )
  const { words } = said[0]!
  assert.ok(words.indexOf('console=tty0') > words.indexOf('console=ttyS0,115200'), 'the screen is the main console')
  for (const word of ['mitigations=off', 'quiet']) assert.ok(words.includes(word))
  assert.deepEqual(await part.read(), start)
  const unreadable = await createDisk(start, 'unreadable')
  await writeFile(join(top, 'broken'), 'no kernel at all')
  await command(['mcopy', '-o', ...unreadable.image, join(top, 'broken'), `::/platform-${fresh}/vmlinuz`])
  const next = await boot({ firmware: 'bios', as: 'disk', file: unreadable.file })
  assert.deepEqual(
    next.map(({ stamp }) => stamp),
    [old],
  )
  assert.ok(next[0]!.words.includes(`spirula.failed=${fresh}`))
  assert.deepEqual(await unreadable.read(), { default: fresh, good: old, tries: 1, failed: fresh })
})
