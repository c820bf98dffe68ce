import { readTextFile } from '../fs/atomic.ts'
import { writeKernelFile } from '../fs/kernel.ts'

/** Does work in a hurry; see `createGracePeriods`. */
export type Hurry = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Making and ending namespaces, mounts and packet filter rules waits for RCU grace periods of the kernel, 8 to
 * 16 ms each, which is more than all else that a zone's start takes. While such work is under way grace periods
 * are expedited (Documentation/ABI/testing/sysfs-kernel-rcu: `rcu_expedited`); it costs the other CPUs an
 * interrupt each, so it is not left on. Where somebody has set it, or the kernel has no such switch, nothing is done.
 */
export async function createGracePeriods(path = '/sys/kernel/rcu_expedited'): Promise<Hurry> {
  let isOurs = (await readTextFile(path).catch(() => null))?.trim() === '0'
  let working = 0
  const set = async (value: '0' | '1'): Promise<void> => {
    await writeKernelFile(path, value).catch(() => {
      // A read-only /sys: the work takes longer, that is all.
      isOurs = false
    })
  }
  return async (work) => {
    working += 1
    if (isOurs && working === 1) await set('1')
    try {
      return await work()
    } finally {
      working -= 1
      if (isOurs && working === 0) await set('0')
    }
  }
}
