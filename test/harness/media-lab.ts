import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Context, silentLog } from '#host/context.ts'
import { run } from '#host/run/run.ts'
import { createIso } from '../../src/platform/media/iso.ts'
import { createLoaderFiles } from '../../src/platform/media/loader.ts'
import { createToolTree } from '../../src/platform/media/tool-tree.ts'
import { createUsbImage } from '../../src/platform/media/usb.ts'
import { type Emulator, ensureEmulator, readFirmware } from '../../src/platform/run/emulator.ts'
import { command } from '../bench/command.ts'

/** Boot media of tiny platforms, and machines that boot them. */
export interface MediaLab {
  top: string
  emulator: Emulator
  usb: string
  iso: string
}

export const old = '20261101T000000Z'
export const fresh = '20261102T000000Z'
export const context: Context = { signal: new AbortController().signal, log: silentLog, now: () => new Date(0) }
export const tree = createToolTree('/')

/** Makes two platforms, the older of which switches the machine off and the newer restarts it, and media of the older. */
export async function createMediaLab(): Promise<MediaLab> {
  const top = await mkdtemp('/var/tmp/spirula-media-')
  try {
    const lab = { top, emulator: await ensureEmulator({ uefi: true }, context), usb: join(top, 'one.usb.img'), iso: join(top, 'one.iso') }
    const kernel = await ensureKernel()
    await createPlatform(top, { stamp: old, kernel, ends: 'poweroff -f' })
    await createPlatform(top, { stamp: fresh, kernel, ends: 'reboot -f' })
    await createLoaderFiles(tree, 'platform/grub', join(top, 'loader'), context)
    await createUsbImage(tree, sourceOf(lab, old), lab.usb, context)
    await createIso(tree, sourceOf(lab, old), lab.iso, context)
    return lab
  } catch (error) {
    await rm(top, { recursive: true, force: true })
    throw error
  }
}

export function sourceOf({ top }: Pick<MediaLab, 'top'>, stamp: string): Parameters<typeof createUsbImage>[1] {
  return { platformDir: join(top, `platform-${stamp}`), loader: join(top, 'loader'), stamp }
}

/** Debian's kernel for virtual machines, fetched once. */
async function ensureKernel(): Promise<string> {
  const cache = '/var/cache/spirula/test/boot-media'
  const kernel = join(cache, 'vmlinuz')
  if (existsSync(kernel)) return kernel
  await mkdir(cache, { recursive: true })
  // Another test may be at it too.
  const making = await mkdtemp(join(cache, 'making-'))
  try {
    const name = /Depends: (linux-image-[^\s]+)/.exec(await command(['apt-cache', 'depends', 'linux-image-cloud-amd64']))?.[1]
    assert.ok(name !== undefined, 'apt knows no kernel: apt-get update')
    await command(['/bin/sh', '-c', `apt-get download ${name} && dpkg-deb -x ${name}_*.deb deb`], { cwd: making })
    const found = (await readdir(join(making, 'deb/boot'))).find((file) => file.startsWith('vmlinuz-'))
    await rename(join(making, 'deb/boot', found!), kernel)
  } finally {
    await rm(making, { recursive: true, force: true })
  }
  return kernel
}

/** A platform whose system says what it was started with, and ends. */
async function createPlatform(top: string, { stamp, kernel, ends }: { stamp: string; kernel: string; ends: string }): Promise<void> {
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
    // Switching off does not wait for what the serial port still has to send.
    '$b sleep 1',
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

export interface Start {
  firmware: 'bios' | 'uefi'
  as: 'usb' | 'cd' | 'disk'
  file: string
  /** Writes of the guest fail. */
  readOnly?: boolean
}

/** Starts a machine and waits until it switches itself off; gives what its systems said: stamp and kernel arguments. */
export async function boot({ top, emulator }: MediaLab, { firmware, as, file, readOnly }: Start): Promise<{ stamp: string; words: string[] }[]> {
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
  const argv = [...emulator.argv.slice(1), ...machine, ...(await renderFirmware({ top, emulator }, firmware)), ...device, '-serial', 'stdio']
  const { stdout } = await run([emulator.argv[0], ...argv], { env: emulator.env, timeoutMs: 240_000 }, context)
  const said = [...stdout.matchAll(/HELLO (\S+) (.*?) END/g)].map(([, stamp, words]) => ({ stamp: stamp!, words: words!.split(' ') }))
  // The last words of a machine explain most failures.
  if (said.length === 0 || process.env['SPIRULA_TEST_CONSOLE'] !== undefined) console.log(stdout.slice(-3000))
  return said
}

async function renderFirmware({ top, emulator }: Pick<MediaLab, 'top' | 'emulator'>, firmware: Start['firmware']): Promise<string[]> {
  if (firmware === 'bios') return []
  const { code, variables } = readFirmware(emulator)
  await copyFile(variables, join(top, 'variables.fd'))
  return ['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${code}`, '-drive', `if=pflash,unit=1,format=raw,file=${join(top, 'variables.fd')}`]
}
