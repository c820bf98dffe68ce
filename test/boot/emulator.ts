import { dirname } from 'node:path'
import { isAppError } from '#contracts/errors.ts'
import { silentLog } from '#host/context.ts'
import { startGuest } from '../../src/platform/run/guest.ts'
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
export async function bootMachine({ machine, checkout, results, console, words, timeoutMs }: Boot): Promise<boolean> {
  const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
  const append = ['root=/dev/nvme0n1', 'rw', 'console=ttyS0', 'quiet', 'panic=-1', 'mitigations=off', ...words].join(' ')
  const guest = await startGuest(
    {
      name: 'boot-tests',
      directory: dirname(console),
      consoleLog: console,
      emulator: machine.emulator,
      boot: { from: 'kernel', kernel: machine.kernel, append },
      memoryMiB: 2048,
      noReboot: true,
      nics: [],
      disks: [
        // Of two NVMe disks either may come up as the first.
        { file: machine.root, serial: 'root', bus: 'nvme', cache: 'unsafe', snapshot: true },
        { file: checkout, serial: 'checkout', readOnly: true },
      ],
      extra: [
        ['-device', 'virtio-serial-pci', '-chardev', `file,id=results,path=${results}`],
        ['-device', 'virtserialport,chardev=results,name=results'],
      ].flat(),
    },
    context,
  )
  try {
    return (await guest.waitForExit(timeoutMs)).code === 0
  } catch (error) {
    if (!isAppError(error, 'Timeout')) throw error
    await guest.kill()
    return false
  }
}
