import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, readTextFile } from '#host/fs/atomic.ts'
import type { ZoneRuntime } from '#host/runtime.ts'
import { startDetached } from '../run/detach.ts'
import { run } from '../run/run.ts'
import { planLxcfsMounts } from './mounts.ts'

/**
 * The host's one lxcfs, mounted at `directory`: starts it when it does not answer, after taking away the
 * mount of a dead one. It outlives the daemon. Zones that run keep the dead one's files (reading them fails
 * with ENOTCONN, it does not hang) until `refreshLxcfs`. Resolves to true when it was started now.
 */
export async function ensureLxcfs(directory: string, context: Context): Promise<boolean> {
  if (await isLxcfsAlive(directory)) return false
  await run(['umount', '--lazy', directory], { okCodes: [0, 1, 32] }, context)
  await ensureDirectory(directory, 0o755)
  const argv: ['lxcfs', ...string[]] = ['lxcfs', '--foreground', '--enable-cfs', '--enable-loadavg', '--pidfile', `${directory}.pid`]
  // Read-only as a file system, which no zone can undo: lxcfs runs as the host's root and passes writes below
  // /sys/devices/system/cpu on, so that any zone could take a CPU of the host away.
  const { channel } = await startDetached([...argv, '-o', 'ro,allow_other', directory], context)
  // lxcfs has no use for the channel; letting go of it lets a daemon end.
  channel.destroy()
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await isLxcfsAlive(directory)) return true
    await sleep(10)
  }
  throw new AppError('RuntimeFailed', `lxcfs did not mount ${directory} within two seconds.`, { hint: 'is /dev/fuse there, and the package lxcfs installed?' })
}

/** True when an lxcfs answers at the directory. */
export async function isLxcfsAlive(directory: string): Promise<boolean> {
  // ENOTCONN: its process died, the mount is left.
  const text = await readTextFile(`${directory}/proc/uptime`).catch(() => null)
  return text !== null
}

/** Gives a running zone (by the pid of its init) the files of the lxcfs that lives now. */
export async function refreshLxcfs(keeper: string, initPid: number, directory: string, context: Context): Promise<void> {
  await run([keeper as `/${string}`, 'refresh', String(initPid), ...planLxcfsMounts(directory).flat()], { timeoutMs: 5000 }, context)
}

export interface LxcfsWatch {
  directory: string
  /** The keeper program. */
  keeper: string
  runtime: Pick<ZoneRuntime, 'list'>
  intervalMs: number
}

/** Looks after lxcfs until the context is cancelled: starts it anew when it has died, and refreshes the running zones. */
export async function superviseLxcfs(watch: LxcfsWatch, context: Context): Promise<void> {
  while (!context.signal.aborted) {
    await checkLxcfs(watch, context).catch((error: unknown) => context.log.error({ error }, 'lxcfs'))
    await sleep(watch.intervalMs, undefined, { signal: context.signal, ref: false }).catch(() => {})
  }
}

/** One round of `superviseLxcfs`. */
export async function checkLxcfs(watch: LxcfsWatch, context: Context): Promise<void> {
  if (!(await ensureLxcfs(watch.directory, context))) return
  const running = (await watch.runtime.list()).filter((zone) => zone.pid !== null)
  context.log.warn({ zones: running.length }, 'lxcfs was started anew')
  const refreshed = await Promise.allSettled(running.map(async (zone) => await refreshLxcfs(watch.keeper, zone.pid!, watch.directory, context)))
  for (const one of refreshed) if (one.status === 'rejected') context.log.error({ error: one.reason as unknown }, 'lxcfs')
}
