import { join } from 'node:path'
import { availableParallelism } from 'node:os'
import type { StopEvent } from '#contracts/node/stop-event.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { writeFileAtomic } from '#host/fs/atomic.ts'
import { planBootGroups } from '#plan/machine/boot-order.ts'
import { shutDownMachineRequest } from '../machines/lifecycle.ts'
import type { Operations } from '../operations/operations.ts'
import type { Parts } from '../parts.ts'
import { inLanes } from './lanes.ts'

/** Even the last group gets this long to end in order. */
const leastGraceS = 5

/**
 * Stops every machine that runs, in the reverse of the boot order, each group together. Autoboot stays as it
 * is, so that they come back with the node. Machines share `timeoutS`; what still runs at its end is halted.
 * What ran is noted in `config/last-shutdown.json`. Whoever stops reading the events stops it after the group.
 */
export async function* stopAllMachines(timeoutS: number, operations: Operations, parts: Parts): AsyncGenerator<StopEvent> {
  const deadline = parts.now().getTime() + timeoutS * 1000
  const running = (): MachineRecord[] => [...parts.machines.all()].filter((record) => parts.live.isRunning(record.uuid))
  const ran = running()
  parts.startup.stopping = true
  try {
    await noteShutdown(ran, parts)
    yield { type: 'begin', machines: ran.map(({ uuid }) => uuid) }
    let failed = 0
    // Twice: a zone that was just rebooting, or starting, is seen by the second look.
    for (const round of [ran, null]) {
      for (const group of planBootGroups(round ?? running()).toReversed()) {
        const graceS = Math.max(leastGraceS, Math.round((deadline - parts.now().getTime()) / 1000))
        const events = await stopGroup(group, graceS, { operations, parts })
        failed += events.filter((event) => event.type === 'failed').length
        yield* events
      }
    }
    yield { type: 'end', failed }
  } finally {
    parts.startup.stopping = false
  }
}

async function stopGroup(group: MachineRecord[], graceS: number, { operations, parts }: { operations: Operations; parts: Parts }): Promise<StopEvent[]> {
  const lanes = inLanes(Math.max(8, 4 * availableParallelism()))
  return await Promise.all(
    group.map((record) =>
      lanes(async (): Promise<StopEvent> => {
        const { uuid, alias } = record
        const about = { uuid, ...(alias === undefined ? {} : { alias }) }
        const operation = await operations.wait(operations.start(shutDownMachineRequest(uuid, graceS, parts)).id)
        if (operation.state !== 'done') return { type: 'failed', ...about, message: operation.message }
        // The kernel's word for an init that powered off by itself; a halted one was killed.
        return { type: 'stopped', ...about, exit_status: parts.live.lastExit(uuid)?.exit_status ?? null }
      }),
    ),
  )
}

async function noteShutdown(ran: readonly MachineRecord[], parts: Parts): Promise<void> {
  const note = {
    v: 1,
    at: parts.now().toISOString(),
    ran: ran.map(({ uuid, alias, autoboot }) => ({ uuid, ...(alias === undefined ? {} : { alias }), autoboot })),
  }
  await writeFileAtomic(join(parts.layout.configDir, 'last-shutdown.json'), `${JSON.stringify(note, null, 2)}\n`)
}
