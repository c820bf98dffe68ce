import { chmodSync, copyFileSync, mkdirSync, openSync, closeSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command } from '../bench/command.ts'
import type { Machine } from '../boot/machine.ts'

/** Drivers that the kernel of the boot tier's machine has as modules, in the order they are loaded. */
const drivers = [
  'net/core/failover',
  'drivers/net/net_failover',
  'drivers/net/virtio_net',
  'drivers/block/virtio_blk',
  'fs/fat/fat',
  'fs/fat/vfat',
  'fs/nls/nls_cp437',
  'fs/nls/nls_ascii',
]

/** Says READY and gives a shell on the serial console. */
const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for driver in ${drivers.map((path) => path.split('/').at(-1)).join(' ')}; do insmod /drivers/$driver.ko; done
ifconfig lo 127.0.0.1
echo 1 > /proc/sys/kernel/printk
stty -echo < /dev/console
echo READY
exec sh < /dev/console > /dev/console 2>&1
`

/** Writes an initial RAM disk of busybox and a few drivers to `file`: boots to a shell in seconds also when emulated. */
export async function createTinyArchive(machine: Machine, file: string): Promise<void> {
  const tree = `${file}.tree`
  for (const name of ['bin', 'dev', 'proc', 'sys', 'drivers', 'mnt']) mkdirSync(join(tree, name), { recursive: true })
  try {
    copyFileSync('/bin/busybox', join(tree, 'bin/busybox'))
    writeFileSync(join(tree, 'init'), init)
    chmodSync(join(tree, 'init'), 0o755)
    const version = readKernelVersion(machine.kernel)
    for (const driver of drivers)
      await extractDriver(machine, `/usr/lib/modules/${version}/kernel/${driver}.ko.xz`, join(tree, 'drivers', `${driver.split('/').at(-1)}.ko`))
    await command(['sh', '-c', 'find . | busybox cpio -o -H newc > "$1"', 'sh', file], { cwd: tree })
  } finally {
    rmSync(tree, { recursive: true })
  }
}

/** Out of the machine's root file system, without mounting it. */
async function extractDriver(machine: Machine, path: string, to: string): Promise<void> {
  await command(['sh', '-c', 'debugfs -R "dump $2 $3.xz" "$1" 2>/dev/null && xz -d "$3.xz"', 'sh', machine.root, path, to])
}

/** A kernel says where its version stands (Documentation/arch/x86/boot.rst, kernel_version). */
function readKernelVersion(kernel: string): string {
  const head = Buffer.alloc(32_768)
  const file = openSync(kernel, 'r')
  readSync(file, head)
  closeSync(file)
  const at = head.readUInt16LE(0x20e) + 0x200
  return head.toString('latin1', at, at + 100).split(' ')[0]!
}
