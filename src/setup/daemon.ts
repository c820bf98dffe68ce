import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodeClient, type NodeClient } from '#client/node-client.ts'
import { AppError, isAppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { readTextFile, removeFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { run } from '#host/run/run.ts'
import { readLastLines, rotateLog } from './daemon-log.ts'
import { startLogged } from './detached.ts'
import { type Choices, type Places, socketOf } from './settings.ts'
import { renderUnit, unitName, unitPath } from './unit.ts'

/** A pool may have to be made, or machines taken over, before the daemon answers. */
const startLimitMs = 90_000
const stopLimitMs = 30_000

export interface Ping {
  ping: 'pong'
  pid: number
  version: string
}

/** What the daemon answers; null when none is there. Other failures are thrown. */
export async function readPing(node: NodeClient): Promise<Ping | null> {
  try {
    return await node.json<Ping>('node.ping')
  } catch (error) {
    if (isAppError(error, 'DaemonUnreachable')) return null
    throw error
  }
}

export type DaemonChange = 'started' | 'restarted' | 'running'

/** Starts the daemon, or starts it anew when its program has changed since; zones do not notice. */
export async function ensureDaemon(places: Places, choices: Choices, context: Context): Promise<DaemonChange> {
  const node = createNodeClient(socketOf(places))
  const stamp = (await readTextFile(join(places.root, 'dist/node/.stamp'))) ?? ''
  const stampFile = join(places.runDir, 'daemon.stamp')
  const running = await readPing(node)
  if (running !== null && (await readTextFile(stampFile)) === stamp) return 'running'
  if (running !== null) await stopDaemon(places, context)
  await rotateLog(places.logFile)
  await (hasSystemd() ? startUnit : startProcess)(places, choices, context)
  await writeFileAtomic(stampFile, stamp, { durable: false })
  return running === null ? 'started' : 'restarted'
}

/** Stops the daemon; zones go on. False when there was none. */
export async function stopDaemon(places: Places, context: Context): Promise<boolean> {
  const ping = await readPing(createNodeClient(socketOf(places)))
  if (ping === null) return false
  if (hasSystemd() && existsSync(unitPath)) await run(['systemctl', 'stop', unitName], {}, context)
  else process.kill(ping.pid, 'SIGTERM')
  await removeFile(join(places.runDir, 'daemon.stamp'), { durable: false })
  const deadline = performance.now() + stopLimitMs
  while (isAlive(ping.pid)) {
    if (performance.now() > deadline)
      throw new AppError('Timeout', `The node daemon (process ${ping.pid}) did not end within ${stopLimitMs / 1000} s.`, { hint: './spirula logs' })
    await sleep(20)
  }
  return true
}

export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system')
}

/** argv of the daemon. */
export function renderDaemon(places: Places, choices: Choices): string[] {
  return [
    process.execPath,
    join(places.root, 'dist/node/main.js'),
    '--pool',
    choices.pool,
    '--mountpoint',
    `/${choices.pool}`,
    '--backing-dir',
    places.backingDir,
    '--pool-size',
    String(choices.pool_size_bytes),
    '--run-dir',
    places.runDir,
    '--cgroup-parent',
    choices.cgroup_parent,
    '--native-dir',
    join(places.root, 'build/native'),
  ]
}

async function startProcess(places: Places, choices: Choices): Promise<void> {
  const started = await startLogged(renderDaemon(places, choices), places.logFile)
  await waitForAnswer(places, () => started.ended())
}

async function startUnit(places: Places, choices: Choices, context: Context): Promise<void> {
  const unit = renderUnit(renderDaemon(places, choices), places.logFile)
  if ((await readTextFile(unitPath)) !== unit) {
    await writeFileAtomic(unitPath, unit, { mode: 0o644 })
    await run(['systemctl', 'daemon-reload'], {}, context)
  }
  await run(['systemctl', 'enable', '--now', unitName], {}, context)
  await waitForAnswer(places, () => null)
}

async function waitForAnswer(places: Places, ended: () => string | null): Promise<void> {
  const node = createNodeClient(socketOf(places))
  const deadline = performance.now() + startLimitMs
  while ((await readPing(node)) === null) {
    const end = ended()
    if (end === null && performance.now() < deadline) {
      await sleep(30)
      continue
    }
    const what = end === null ? `did not answer within ${startLimitMs / 1000} s` : `ended with ${end} instead of starting`
    const lastWords = await readLastLines(places.logFile, 10)
    throw new AppError('DaemonUnreachable', `The node daemon ${what}. Its last words:\n${lastWords.replaceAll(/^/gm, '    ')}`, { hint: './spirula logs' })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    // ESRCH: gone. Root gets no other error.
    return false
  }
}
