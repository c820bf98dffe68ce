import { access, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { attempt, command } from '../bench/command.ts'

/** What a pool of a test is made of on this machine: what a node would choose here. */
export function readPoolKind(): 'zfs' | 'btrfs' {
  return existsSync('/sys/module/zfs') && existsSync('/usr/sbin/zpool') ? 'zfs' : 'btrfs'
}

/** Pools of ZFS are known to the whole kernel, so each test has a name of its own there; `tag` is of letters and digits. */
export function poolNameOf(tag: string): string {
  return readPoolKind() === 'zfs' ? `spt${tag}` : 'zones'
}

/** The file that a node makes for its pool below its backing directory. */
export function poolFileOf(directory: string, name: string): string {
  return join(directory, `${name}.${readPoolKind()}`)
}

/** Ends the use of a pool, its file stays. */
export async function exportPool(name: string, mountpoint: string): Promise<void> {
  await command(readPoolKind() === 'zfs' ? ['zpool', 'export', name] : ['umount', mountpoint])
}

/** Copies the pool file of an exported pool into `directory`, to be opened at another mountpoint. */
export async function copyPool(from: { file: string; name: string }, to: { directory: string; mountpoint: string }): Promise<void> {
  await command(['cp', '--sparse=always', from.file, to.directory])
  if (readPoolKind() !== 'zfs') return
  // An adopted pool keeps its mountpoint, which is below the other node's directory.
  await command(['zpool', 'import', '-N', '-d', to.directory, from.name])
  await command(['zfs', 'set', '-u', `mountpoint=${to.mountpoint}`, from.name])
  await command(['zpool', 'export', from.name])
}

/** Takes a test's pool away, whatever state it is in; one of that name that lies elsewhere is left alone. */
export async function removePool(name: string, { directory, mountpoint }: { directory: string; mountpoint: string }): Promise<void> {
  if (readPoolKind() === 'zfs') await destroyZfsPool(name, directory)
  else {
    await attempt(['umount', mountpoint])
    await attempt(['umount', '--lazy', mountpoint])
  }
  // Never into a pool that is still mounted.
  if (!(await isMountedBelow(directory))) await rm(directory, { recursive: true, force: true })
}

async function destroyZfsPool(name: string, directory: string): Promise<void> {
  // The mounts of a zone that was killed go a little after it.
  for (let tries = 0; tries < 50; tries += 1) {
    const disks = await command(['zpool', 'list', '-HPv', '-o', 'name', name]).catch(() => '')
    if (!disks.includes(`${directory}/`)) return
    await attempt(['zpool', 'destroy', '-f', name])
    await sleep(100)
  }
}

async function isMountedBelow(directory: string): Promise<boolean> {
  const mounts = await command(['cat', '/proc/self/mountinfo'])
  return mounts.includes(` ${directory}/`) && (await access(directory).then(() => true))
}

/** Waits until what was destroyed has been freed. */
export async function settlePool(name: string, mountpoint: string): Promise<void> {
  if (readPoolKind() === 'zfs') {
    await command(['zpool', 'sync', name])
    await command(['zpool', 'wait', '-t', 'free', name])
    return
  }
  await command(['btrfs', 'filesystem', 'sync', mountpoint])
  await attempt(['btrfs', 'subvolume', 'sync', mountpoint])
}

/** Names of the pool's datasets below its top (or paths of subvolumes), as the pool itself has them. */
export async function listPoolDatasets(name: string, mountpoint: string): Promise<string[]> {
  if (readPoolKind() === 'zfs') {
    const lines = (await command(['zfs', 'list', '-H', '-r', '-t', 'filesystem,snapshot', '-o', 'name', name])).split('\n')
    return lines.map((line) => line.slice(name.length + 1)).filter((line) => line !== '')
  }
  return (await command(['btrfs', 'subvolume', 'list', mountpoint])).split('\n').map((line) => line.split(' path ')[1] ?? '')
}
