import { access, readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { readMountAt } from '../pool/mounts.ts'
import type { GroupId } from './argv.ts'
import { parseGroup } from './parse.ts'

/** `simple`: squota. `classic`: qgroups that count shared extents. */
export type QuotaMode = 'simple' | 'classic' | 'off'

export interface GroupUsage {
  used_bytes: number
  quota_bytes: number | null
}

const limitsExclusive = 2

/** The kernel's directory about the file system mounted at `mountpoint`, `/sys/fs/btrfs/UUID`. PoolUnavailable when it is not mounted. */
export async function readSysfsDirectory(mountpoint: string): Promise<string> {
  const mount = await readMountAt(mountpoint)
  if (mount?.type !== 'btrfs') throw new AppError('PoolUnavailable', `No btrfs pool is mounted at ${mountpoint}.`)
  for (const uuid of await readdir('/sys/fs/btrfs')) {
    const directory = join('/sys/fs/btrfs', uuid)
    if (
      await access(join(directory, 'devices', basename(mount.source))).then(
        () => true,
        () => false,
      )
    )
      return directory
  }
  throw new AppError('PoolUnavailable', `The kernel does not list the btrfs file system mounted at ${mountpoint}.`, { internal: `device ${mount.source}` })
}

export async function readQuotaMode(sysfs: string): Promise<QuotaMode> {
  const mode = await readWord(join(sysfs, 'qgroups/mode'))
  if (mode === 'squota') return 'simple'
  if (mode === 'qgroup') return 'classic'
  // Kernels before 6.7 have no `mode`; the directory is there only while quotas are on.
  return mode === null && (await readWord(join(sysfs, 'qgroups/enabled'))) === '1' ? 'classic' : 'off'
}

/** True when classic quotas must count again before their numbers and limits hold. */
export async function isInconsistent(sysfs: string): Promise<boolean> {
  return (await readWord(join(sysfs, 'qgroups/inconsistent'))) === '1'
}

/** Usage and limit of one group without a process; null when there is no such group. */
export async function readGroupUsage(sysfs: string, group: GroupId): Promise<GroupUsage | null> {
  const directory = join(sysfs, 'qgroups', `${group.level}_${group.number}`)
  const [used, flags, limit] = await Promise.all(['exclusive', 'limit_flags', 'max_exclusive'].map((name) => readWord(join(directory, name))))
  if (typeof used !== 'string') return null
  const limited = (Number(flags) & limitsExclusive) !== 0 && Number(limit) > 0 && Number(limit) < 2 ** 63
  return { used_bytes: Number(used), quota_bytes: limited ? Number(limit) : null }
}

/** Groups that the kernel knows. */
export async function readGroupIds(sysfs: string): Promise<GroupId[]> {
  const names = await readdir(join(sysfs, 'qgroups'))
  return names.map((name) => parseGroup(name.replace('_', '/'))).filter((group) => group !== null)
}

async function readWord(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => null)
  return text === null ? null : text.trim()
}
