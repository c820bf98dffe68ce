import type { MachineChange } from '#contracts/machine/event.ts'
import type { Filesystem, MachineRecord, Nic } from '#contracts/machine/record.ts'
import { diffJson } from '#lib/diff.ts'
import { type CheckedPayload, checkPayload } from './check.ts'
import { completeRecord, type Wanted } from './complete.ts'
import type { CreateFacts } from './create.ts'
import { editFilesystems, editMaps, editNics } from './edits.ts'
import { planEffects, type UpdateEffects } from './effects.ts'
import { type Memory, planMemory, scaleMemory } from './memory.ts'
import { planNicList } from './nics.ts'
import { assertNoProblems, judgeNotices, type Problem } from './problems.ts'
import { checkRoutes, routeWarnings } from './routes.ts'

export type UpdateFacts = Pick<CreateFacts, 'now' | 'newUuid' | 'newMac' | 'readNicTag' | 'readImage' | 'conflicts' | 'strict'>

/** The machine as it is. */
export interface CurrentMachine {
  record: MachineRecord
  /** GiB; null is no limit. */
  quota_gib: number | null
  running: boolean
}

export interface UpdatePlan {
  record: MachineRecord
  quota_gib: number | null
  warnings: string[]
  effects: UpdateEffects
  /** Differences of the stored properties and the quota; `last_modified` is left out. */
  changes: MachineChange[]
}

const machineKeys = { nics: 'mac', filesystems: 'target' }

/**
 * Turns a payload of `vmadm update` into the next record and what follows from it (reference 1.6). A property
 * given as '' or null goes back to its default. All mistakes are told at once, as by planCreate.
 */
export function planUpdate(current: CurrentMachine, payload: Record<string, unknown>, facts: UpdateFacts): UpdatePlan {
  const { record } = current
  const checked = checkPayload('update', record.brand, payload)
  const notices = judgeNotices(
    checked.notices.filter((notice) => !isUnchanged(notice.path, payload, record)),
    facts.strict,
  )
  const work: Work = { current, checked, facts, problems: [...checked.problems, ...notices.problems], warnings: notices.warnings }
  const nics = planNics(work)
  const filesystems = planFilesystems(work)
  const memory = planUpdateMemory(work)
  const wanted: Wanted = { ...planPlain(work), ...editMaps(record, checked.edits) }
  checkTogether(wanted, nics, work)
  assertNoProblems(work.problems)

  const quota_gib = planQuota(work)
  const next = completeRecord(record, wanted, { memory, nics, filesystems })
  const changes = diffJson(shownOf(record, current.quota_gib), shownOf(next, quota_gib), machineKeys)
  const effects = planEffects(record, next, changes, current.running)
  const warnings = [...work.warnings, ...resolverWarnings(next, effects, changes)]
  return { record: changes.length === 0 ? record : { ...next, last_modified: facts.now }, quota_gib, warnings, effects, changes }
}

interface Work {
  current: CurrentMachine
  checked: CheckedPayload
  facts: UpdateFacts
  problems: Problem[]
  warnings: string[]
}

/** Repeating what is so already (`uuid`, `brand` …) is no reason to warn. */
function isUnchanged(path: string, payload: Record<string, unknown>, record: MachineRecord): boolean {
  const value = payload[path]
  return typeof value !== 'object' && value !== undefined && Object.hasOwn(record, path) && Reflect.get(record, path) === value
}

function planNics({ current, checked, facts, problems, warnings }: Work): Nic[] {
  const { record } = current
  const edit = checked.edits['nics']
  if (edit === undefined) return record.nics
  const edited = editNics(record.nics, edit)
  const planned = planNicList(edited.drafts, record, facts)
  problems.push(...edited.problems, ...planned.problems)
  warnings.push(...edited.warnings)
  return planned.nics
}

function planFilesystems({ current, checked, facts, problems }: Work): Filesystem[] {
  const edited = editFilesystems(current.record.filesystems ?? [], checked.edits['filesystems'], facts.newUuid)
  problems.push(...edited.problems)
  return edited.filesystems
}

const memoryNames = ['max_locked_memory', 'max_swap', 'tmpfs', 'max_shm_memory'] as const

/** What is given counts; what is unset gets its default; the rest follows max_physical_memory. */
function planUpdateMemory({ current, checked, problems, warnings }: Work): Memory {
  const given = checked.values as Partial<Memory> & { ram?: number }
  const old = current.record
  const physical = given.max_physical_memory ?? given.ram ?? old.max_physical_memory
  if (given.ram !== undefined && given.ram !== physical) warnings.push('"ram" contradicts "max_physical_memory" and is ignored.')
  const followed: Partial<Memory> = { ...scaleMemory(old, physical), max_shm_memory: old.max_shm_memory }
  for (const name of memoryNames) {
    if (checked.unset.has(name)) delete followed[name]
    else if (given[name] !== undefined) followed[name] = given[name]
  }
  const planned = planMemory(followed)
  const isBad = problems.some((problem) => ['max_swap', 'ram', 'max_physical_memory'].includes(problem.path))
  if (!isBad) problems.push(...planned.problems)
  warnings.push(...planned.warnings)
  return planned.memory
}

/** Plain properties of the record with those of the payload over them; unset ones are left out, so that they get their defaults. */
function planPlain({ current, checked }: Work): Wanted {
  const given = Object.entries(checked.values)
  const kept = Object.entries(current.record).filter(([name]) => !checked.unset.has(name))
  // The table of properties has checked the type of each value.
  return Object.fromEntries([...kept, ...given]) as Wanted
}

function checkTogether(wanted: Wanted, nics: readonly Nic[], { current, checked, problems, warnings }: Work): void {
  const { record } = current
  const routes = wanted.routes ?? {}
  // Routes can name nics that go away.
  if (checked.edits['routes'] !== undefined || checked.edits['nics'] !== undefined)
    problems.push(...checkRoutes(routes, nics, checked.edits['routes'] === undefined ? 'routes' : 'set_routes'))
  if (checked.edits['routes'] !== undefined) warnings.push(...routeWarnings(routes, nics))
  if (record.delegate_dataset === true) return
  if (checked.values['indestructible_delegated'] === true)
    problems.push({ path: 'indestructible_delegated', message: 'indestructible_delegated needs a delegated dataset, and the machine was made without one.' })
  for (const name of ['zfs_data_compression', 'zfs_data_recsize']) {
    if (checked.values[name] !== undefined) warnings.push(`"${name}" has no effect without a delegated dataset.`)
  }
}

function planQuota({ current, checked }: Work): number | null {
  if (checked.unset.has('quota')) return null
  const { quota } = checked.values as { quota?: number }
  if (quota === undefined) return current.quota_gib
  return quota === 0 ? null : quota
}

function resolverWarnings(next: MachineRecord, effects: UpdateEffects, changes: readonly MachineChange[]): string[] {
  const changed = changes.some((change) => change.path[0] === 'resolvers')
  if (!changed || effects.resolvers || next.maintain_resolvers === true) return []
  return ['The new resolvers are not written into the guest; set maintain_resolvers to have that done.']
}

function shownOf(record: MachineRecord, quotaGib: number | null): Record<string, unknown> {
  const { internal: _internal, last_modified: _modified, ...shown } = record
  return { ...shown, ...(quotaGib === null ? {} : { quota: quotaGib }) }
}
