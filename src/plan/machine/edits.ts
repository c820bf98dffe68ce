import type { Filesystem, MachineRecord, Nic } from '#contracts/machine/record.ts'
import type { CheckedPayload, Edit } from './check.ts'
import type { Item } from './check-items.ts'
import { checkTargets, planFilesystem } from './filesystems.ts'
import { canonicalMac, type NicDraft, planNicDraft } from './nic-draft.ts'
import type { Problem } from './problems.ts'

/** The map after remove_ and set_: set_ merges, remove_ names keys; a key in both is removed. */
export function editMap<Value>(before: Readonly<Record<string, Value>>, edit: Edit | undefined): Record<string, Value> {
  const merged = new Map(Object.entries(before))
  // The table of properties has checked the values.
  for (const [name, value] of Object.entries(edit?.set ?? {})) merged.set(name, value as Value)
  for (const name of edit?.remove ?? []) merged.delete(name)
  return Object.fromEntries(merged)
}

interface EditedNics {
  drafts: NicDraft[]
  problems: Problem[]
  warnings: string[]
}

/** Drafts of the nics after remove_, update_ and add_nics; nics the payload does not name are untouched. */
export function editNics(before: readonly Nic[], edit: Edit | undefined): EditedNics {
  const removed = new Set((edit?.remove ?? []).map(canonicalMac))
  const problems = [...removed].filter((mac) => !before.some((nic) => nic.mac === mac)).map((mac) => missingNic('remove_nics', mac))
  const edited: EditedNics = { drafts: before.filter((nic) => !removed.has(nic.mac)).map(keepNic), problems, warnings: [] }
  for (const item of edit?.update ?? []) updateNic(item, before, edited)
  for (const item of edit?.add ?? []) edited.drafts.push(take(planNicDraft(item, null), edited))
  return edited
}

function updateNic(item: Item, before: readonly Nic[], edited: EditedNics): void {
  if (item.bad.has('mac')) return
  const given = item.values['mac']
  if (typeof given !== 'string') {
    edited.problems.push({
      path: `${item.path}.mac`,
      message: `${item.path}.mac is missing: it names the nic to change and cannot be changed itself.`,
      missing: true,
    })
    return
  }
  const mac = canonicalMac(given)
  const place = edited.drafts.findIndex((draft) => draft.nic.mac === mac)
  const base = before.find((nic) => nic.mac === mac)
  if (base === undefined || place < 0) edited.problems.push(missingNic(item.path, mac))
  else if (edited.drafts[place]?.touched === true) edited.problems.push({ path: item.path, message: `${item.path}: the nic ${mac} is named twice.` })
  else edited.drafts[place] = take(planNicDraft(item, base), edited)
}

function take(planned: { draft: NicDraft; problems: Problem[]; warnings: string[] }, edited: EditedNics): NicDraft {
  edited.problems.push(...planned.problems)
  edited.warnings.push(...planned.warnings)
  return planned.draft
}

function keepNic(nic: Nic, index: number): NicDraft {
  const { primary, ...rest } = nic
  return { path: `nics.${index}`, nic: rest, primary: primary === true ? 'was' : 'no', touched: false }
}

function missingNic(path: string, mac: string): Problem {
  return { path, message: `${path}: the machine has no nic with MAC ${mac.slice(0, 40)}.` }
}

interface EditedFilesystems {
  filesystems: Filesystem[]
  problems: Problem[]
}

/** The mounts after remove_, update_ and add_filesystems. */
export function editFilesystems(before: readonly Filesystem[], edit: Edit | undefined, newUuid: () => string): EditedFilesystems {
  if (edit === undefined) return { filesystems: [...before], problems: [] }
  const removed = new Set(edit.remove)
  const problems = [...removed]
    .filter((target) => !before.some((filesystem) => filesystem.target === target))
    .map((target) => missingFilesystem('remove_filesystems', target))
  const edited: EditedFilesystems = { filesystems: before.filter((filesystem) => !removed.has(filesystem.target)), problems }
  for (const item of edit.update ?? []) updateFilesystem(item, edited, newUuid)
  for (const item of edit.add ?? []) {
    const planned = planFilesystem(item, null, newUuid)
    problems.push(...planned.problems)
    if (planned.filesystem !== null) edited.filesystems.push(planned.filesystem)
  }
  problems.push(...checkTargets(edited.filesystems, 'add_filesystems'))
  return edited
}

function updateFilesystem(item: Item, { filesystems, problems }: EditedFilesystems, newUuid: () => string): void {
  if (item.bad.has('target')) return
  const target = item.values['target']
  const place = filesystems.findIndex((filesystem) => filesystem.target === target)
  const base = filesystems[place]
  if (base === undefined) {
    problems.push(missingFilesystem(item.path, String(target)))
    return
  }
  const planned = planFilesystem(item, base, newUuid)
  problems.push(...planned.problems)
  if (planned.filesystem !== null) filesystems[place] = planned.filesystem
}

function missingFilesystem(path: string, target: string): Problem {
  return { path, message: `missing requested filesystem: ${target.slice(0, 200)}` }
}

/** The maps of a record after their edits. */
export function editMaps(
  record: MachineRecord,
  edits: CheckedPayload['edits'],
): Pick<MachineRecord, 'customer_metadata' | 'internal_metadata' | 'tags' | 'routes'> {
  return {
    customer_metadata: editMap(record.customer_metadata, edits['customer_metadata']),
    internal_metadata: editMap(record.internal_metadata, edits['internal_metadata']),
    tags: editMap(record.tags, edits['tags']),
    routes: editMap(record.routes, edits['routes']),
  }
}
