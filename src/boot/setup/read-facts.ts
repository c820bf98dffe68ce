import { readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Disk } from '#contracts/platform/disk.ts'
import { importPools } from '#host/disks/import-pools.ts'
import { readDisks } from '#host/disks/inventory.ts'
import type { Context } from '#host/context.ts'
import { readTextFile } from '#host/fs/atomic.ts'
import { run } from '#host/run/run.ts'
import { freeDisks, planSetupDisks, planSetupPools, type FoundPool } from '#plan/setup/disk-facts.ts'
import type { SetupFacts, SetupLink } from '#plan/setup/facts.ts'
import { describeGivenLayout, planSetupLayouts } from '#plan/setup/layouts.ts'
import { readNics } from '../start/nics.ts'

const sysNet = '/sys/class/net'

/** The machine as the dialogue needs it. What cannot be read is left out, with a sentence in `problems`. */
export async function readSetupFacts(boot: Pick<SetupFacts, 'stamp' | 'netboot'>, context: Context): Promise<{ facts: SetupFacts; problems: string[] }> {
  const problems: string[] = []
  const orNothing = async <T>(reading: Promise<T[]>, what: string): Promise<T[]> =>
    await reading.catch((error: unknown) => {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
      return []
    })
  const links = await orNothing(readSetupLinks(context), 'The network ports could not be read')
  // Before the disks: what is imported counts as in use.
  const pools = await orNothing(readPools(context), 'No pool can be looked for')
  const inventory = await orNothing<Disk>(readDisks(context), 'The disks could not be read')
  const free = freeDisks(inventory)
  const facts: SetupFacts = {
    ...boot,
    links,
    disks: planSetupDisks(inventory, pools),
    pools: planSetupPools(inventory, pools),
    layouts: (disks) => planSetupLayouts(free, disks),
    readLayout: (layout) => describeGivenLayout(free, layout),
  }
  return { facts, problems }
}

/** The wired ports. A port that is switched off does not tell whether a cable is in, so all are switched on. */
export async function readSetupLinks(context: Context): Promise<SetupLink[]> {
  const nics = await readNics()
  const links = nics.map(async ({ name, mac, carrier }): Promise<SetupLink> => {
    if (!carrier) await run(['ip', 'link', 'set', 'dev', name, 'up'], { okCodes: [0, 1, 2] }, context)
    const read = async (file: string): Promise<string> => ((await readTextFile(`${sysNet}/${name}/${file}`).catch(() => null)) ?? '').trim()
    const driver = await readlink(`${sysNet}/${name}/device/driver`).then(basename, () => '')
    const speed = Number(await read('speed'))
    return { name, mac, carrier: carrier || (await read('carrier')) === '1', driver, speedMbps: speed > 0 ? speed : 0 }
  })
  return await Promise.all(links)
}

/** Pools of this machine, imported if they were not; `start` does so too. */
async function readPools(context: Context): Promise<FoundPool[]> {
  const outcomes = await importPools({}, context)
  const { stdout } = await run(['zpool', 'list', '-H', '-p', '-o', 'name,size'], { okCodes: [0, 1] }, context)
  const sizes = new Map(
    stdout
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([name = '', size]) => [name, Number(size)]),
  )
  return outcomes.map(({ name, state, imported, unfinished, locked }) => ({
    name,
    state: imported ? state : `not imported (${state})`,
    sizeBytes: sizes.get(name) ?? 0,
    unfinished,
    locked,
  }))
}
