import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { readJsonFile, readTextFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { planBootGroups } from '#plan/machine/boot-order.ts'
import { startMachineRequest } from '../machines/lifecycle.ts'
import type { Operations } from '../operations/operations.ts'
import type { Parts } from '../parts.ts'
import { inLanes } from './lanes.ts'

/** A group that has not come up by then no longer holds up the next. */
const groupLimitMs = 60_000

/** Once for each boot of the node: a machine that was shut down from inside stays down when only the daemon restarts. */
export async function autobootOnce(parts: Parts, operations: Operations): Promise<void> {
  const marker = join(parts.layout.runDir, 'autobooted.json')
  const boot_id = (await readTextFile('/proc/sys/kernel/random/boot_id'))?.trim() ?? 'unknown'
  const noted = (await readJsonFile(marker)) as { boot_id?: string } | null
  if (noted?.boot_id === boot_id) return
  await writeFileAtomic(marker, JSON.stringify({ boot_id }), { durable: false })
  await bootMachines(parts, async (uuid) => {
    if (!parts.startup.stopping) await operations.wait(operations.start(startMachineRequest(uuid, parts)).id)
  })
}

/**
 * Starts what should run, by boot order: group after group, a bounded number at a time. The next group begins
 * when all of the one before run or have failed, or took too long. Resolves when every start has ended.
 */
export async function bootMachines(parts: Parts, start: (uuid: string) => Promise<void>, limitMs = groupLimitMs): Promise<void> {
  const lanes = inLanes(Math.max(4, 2 * availableParallelism()))
  const started: Promise<unknown>[] = []
  for (const group of planBootGroups([...parts.machines.all()].filter((record) => isToBoot(record, parts)))) {
    const all = Promise.allSettled(group.map(({ uuid }) => lanes(() => start(uuid))))
    started.push(all)
    await Promise.race([all, sleep(limitMs, undefined, { ref: false })])
  }
  await Promise.all(started)
}

function isToBoot(record: MachineRecord, parts: Parts): boolean {
  return record.autoboot && record.internal.failed === undefined && record.internal.receiving !== true && !parts.live.isRunning(record.uuid)
}
