import { AppError } from '#contracts/errors.ts'
import type { Disk } from '#contracts/platform/disk.ts'
import type { Context } from '../context.ts'
import { renderClearLabel, renderListDisks, renderPartition, renderSettle, renderWipe } from './argv.ts'
import { listWithChildren, parseBlocks, zfsMember } from './parse-disks.ts'
import type { DiskRunner } from './runner.ts'

/** What a disk is divided into. */
export interface DiskPlan {
  disk: Disk
  /** Input of sfdisk. */
  script: string
  /** Paths that must be there afterwards. */
  partitions: readonly string[]
}

/**
 * Divides disks anew; all that was on them is gone. Old signatures are erased first, so that nothing of a former use is
 * found inside the new partitions. Ends when the partitions can be opened; Timeout when one does not appear.
 */
export async function createPartitions(plans: readonly DiskPlan[], context: Context, runner: DiskRunner): Promise<void> {
  const divided = await Promise.allSettled(
    plans.map(async ({ disk, script }) => {
      await eraseDisk(disk.path, context, runner)
      await runner.run(renderPartition(disk.path), { input: script }, context)
    }),
  )
  // None is still being written to when the first failure is told.
  for (const one of divided) if (one.status === 'rejected') throw one.reason
  await runner.run(renderSettle(), {}, context)
  for (const path of plans.flatMap((plan) => plan.partitions)) {
    if (await runner.exists(path)) continue
    throw new AppError('Timeout', `The partition ${path} was made, but it did not appear.`, { hint: 'udevadm settle; lsblk' })
  }
}

async function eraseDisk(path: string, context: Context, runner: DiskRunner): Promise<void> {
  const blocks = parseBlocks((await runner.run(renderListDisks(path), {}, context)).stdout).flatMap(listWithChildren)
  for (const block of blocks) {
    // 1: what looks like a pool's has no label to clear.
    if (block.fstype === zfsMember) await runner.run(renderClearLabel(block.path), { okCodes: [0, 1] }, context)
  }
  // The partitions before the disk, whose table names them.
  await runner.run(renderWipe(blocks.map((block) => block.path).toReversed()), {}, context)
}
