import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from './machine.ts'

export interface Boot {
  machine: Machine
  /** ext4 file with the checkout. */
  checkout: string
  /** What the guest's tests report; what its console says. */
  results: string
  console: string
  /** Words added to the kernel's command line. */
  words: string[]
  timeoutMs: number
}

/** Runs the machine until it switches itself off; false when it did not within the time, and was killed. */
export async function bootMachine(boot: Boot): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const child = spawn('/bin/sh', ['-c', 'exec "$@"', 'sh', ...emulatorArgv(boot)], {
    env: { PATH: '/usr/bin:/bin', TMPDIR: '/var/tmp', QEMU_MODULE_DIR: join(boot.machine.emulator, 'usr/lib/x86_64-linux-gnu/qemu') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const says = createWriteStream(boot.console, { flags: 'a' })
  child.stdout.pipe(says, { end: false })
  child.stderr.pipe(says, { end: false })
  const stop = (): void => void child.kill('SIGKILL')
  const timer = setTimeout(stop, boot.timeoutMs)
  // Whatever ends this program, the guest ends with it.
  process.once('exit', stop)
  child.once('error', reject)
  child.once('close', (code) => {
    clearTimeout(timer)
    process.removeListener('exit', stop)
    says.end(() => resolve(code === 0))
  })
  return await promise
}

/** Through the tree's own loader, so that no change of root is needed and nothing of QEMU is installed here. */
function emulatorArgv({ machine, checkout, results, words }: Boot): string[] {
  const inTree = (path: string): string => join(machine.emulator, path)
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map(inTree).join(':')
  const disk = (name: string, file: string, mode: string): string[] => ['-drive', `if=none,id=${name},format=raw,cache=unsafe,${mode},file=${file}`]
  return [
    inTree('lib64/ld-linux-x86-64.so.2'),
    '--library-path',
    libraries,
    inTree('usr/bin/qemu-system-x86_64'),
    '-L',
    inTree('usr/share/qemu'),
    '-L',
    inTree('usr/share/seabios'),
    '-nodefaults',
    '-no-user-config',
    '-no-reboot',
    '-display',
    'none',
    '-machine',
    'q35',
    '-accel',
    'tcg,thread=multi,tb-size=256',
    '-cpu',
    'max',
    '-m',
    '2048',
    '-smp',
    '2',
    '-serial',
    'stdio',
    '-device',
    'virtio-rng-pci',
    '-device',
    'virtio-serial-pci',
    '-chardev',
    `file,id=results,path=${results}`,
    '-device',
    'virtserialport,chardev=results,name=results',
    // Of two NVMe disks either may come up as the first.
    ...disk('root', machine.root, 'snapshot=on'),
    '-device',
    'nvme,drive=root,serial=root',
    ...disk('checkout', checkout, 'readonly=on'),
    '-device',
    'virtio-blk-pci,drive=checkout',
    '-kernel',
    machine.kernel,
    '-append',
    ['root=/dev/nvme0n1', 'rw', 'console=ttyS0', 'quiet', 'panic=-1', 'mitigations=off', ...words].join(' '),
  ]
}
