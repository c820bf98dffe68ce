import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { NicPlan, RoutePlan } from '#host/network.ts'
import { ensureDirectory, listDirectory, readJsonFile, removeFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { planNics } from '#plan/network/nics.ts'
import type { Parts } from '../parts.ts'

/** The machine's nics ready to be plumbed. NicTagNotFound when a tag has gone since it was made. */
export function planMachineNics(record: MachineRecord, zoneid: number, parts: Pick<Parts, 'tags'>): { nics: NicPlan[]; routes: RoutePlan[] } {
  return planNics(record, zoneid, (name) => {
    const tag = parts.tags.get(name)
    if (tag === undefined) throw new AppError('NicTagNotFound', `Invalid nic tag "${name}": the node has no such tag.`, { hint: 'nictagadm list' })
    return tag
  })
}

/** MAC → host end of the nics a zone was booted with; nics added since are not among them. */
export type BootedNics = Record<string, string>

/** Notes what a zone is booted with, for live updates and for its end, also after a restart of the daemon. */
export async function noteBootedNics(uuid: string, nics: NicPlan[], parts: Pick<Parts, 'layout'>): Promise<void> {
  await ensureDirectory(nicsDir(parts), 0o700)
  const booted: BootedNics = Object.fromEntries(nics.map((nic) => [nic.mac, nic.host_link]))
  await writeFileAtomic(pathOf(uuid, parts), JSON.stringify(booted), { durable: false })
}

export async function readBootedNics(uuid: string, parts: Pick<Parts, 'layout'>): Promise<BootedNics> {
  return ((await readJsonFile(pathOf(uuid, parts))) ?? {}) as BootedNics // our own file, written atomically
}

/** Host ends of all zones, running or about to. */
export async function readAllBootedLinks(parts: Pick<Parts, 'layout'>): Promise<Set<string>> {
  const names = (await listDirectory(nicsDir(parts))).filter((name) => name.endsWith('.json'))
  const booted = await Promise.all(names.map((name) => readBootedNics(name.slice(0, -'.json'.length), parts)))
  return new Set(booted.flatMap((nics) => Object.values(nics)))
}

export async function forgetBootedNics(uuid: string, parts: Pick<Parts, 'layout'>): Promise<void> {
  await removeFile(pathOf(uuid, parts), { durable: false })
}

/** The plan of those nics that the zone was booted with, under the host ends they got then. */
export function planBootedNics(
  record: MachineRecord,
  zoneid: number,
  of: { booted: BootedNics; parts: Pick<Parts, 'tags'> },
): ReturnType<typeof planMachineNics> {
  const { nics, routes } = planMachineNics(record, zoneid, of.parts)
  const attached = nics.flatMap((nic) => {
    const host_link = of.booted[nic.mac]
    return host_link === undefined ? [] : [{ ...nic, host_link }]
  })
  return { nics: attached, routes }
}

function nicsDir(parts: Pick<Parts, 'layout'>): string {
  return join(parts.layout.runDir, 'nics')
}

function pathOf(uuid: string, parts: Pick<Parts, 'layout'>): string {
  return join(nicsDir(parts), `${uuid}.json`)
}
