import { resolve } from 'node:path'
import { isAppError } from '#contracts/errors.ts'
import { systemDatasets } from '#contracts/platform/names.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../run/run.ts'
import { renderListMounts, renderMountDataset, renderMountTree } from './argv.ts'
import { parseMountables, type Mountable } from './parse-pools.ts'
import { diskRunner, type DiskRunner } from './runner.ts'

/**
 * Mounts an imported pool's datasets where they say, as long as that is below `top` (the mountpoint its pool should
 * have, `/zones` or `/POOL`) or, with `system`, a place of systemDatasets: a disk from elsewhere must not cover /etc.
 * Gives a sentence for each dataset that is not mounted.
 */
export async function mountPool(pool: string, options: { top: string; system: boolean }, context: Context, runner: DiskRunner = diskRunner): Promise<string[]> {
  const places: readonly string[] = options.system ? Object.values(systemDatasets) : []
  const isFit = ({ mountpoint }: Mountable): boolean => isBelow(mountpoint, options.top) || places.some((place) => isBelow(mountpoint, place))
  const all = await listMountables(pool, context, runner)
  const strange = all.filter((dataset) => !isFit(dataset))
  const complaints = strange.map(({ name, mountpoint }) => `The dataset ${name} was not mounted: ${mountpoint} is not a place for it.`)
  if (all.length === strange.length) return complaints
  // All at once, in parallel, where nothing is to be left out; what fails is then tried alone, for its own words.
  if (strange.length === 0) await runner.run(renderMountTree(pool), { okCodes: [0, 1] }, context)
  const left = (strange.length === 0 ? await listMountables(pool, context, runner) : all).filter(isFit)
  // A mountpoint before those below it.
  for (const dataset of left.toSorted((a, b) => (a.mountpoint < b.mountpoint ? -1 : 1))) {
    const complaint = await mountOne(dataset, context, runner)
    if (complaint !== null) complaints.push(complaint)
  }
  return complaints
}

async function listMountables(pool: string, context: Context, runner: DiskRunner): Promise<Mountable[]> {
  return parseMountables((await runner.run(renderListMounts(pool), {}, context)).stdout)
}

async function mountOne({ name, mountpoint }: Mountable, context: Context, runner: DiskRunner): Promise<string | null> {
  try {
    await runner.run(renderMountDataset(name), {}, context)
    return null
  } catch (error) {
    if (!isAppError(error, 'CommandFailed')) throw error
    const words = error.cause instanceof CommandFailure ? error.cause.stderrTail.trim() : error.message
    return `The dataset ${name} could not be mounted at ${mountpoint}: ${words}`
  }
}

function isBelow(mountpoint: string, top: string): boolean {
  const path = resolve(mountpoint)
  return path === top || path.startsWith(`${top}/`)
}
