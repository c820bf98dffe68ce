import type { GroupId } from './argv.ts'
import { renderGroup } from './argv.ts'

/** One step of native/btrfs-steps.c: its verb and words. Many are done in one process, in order, until one fails. */
export type Step = readonly [string, ...string[]]

function renderMember(group: GroupId | null): string {
  return group === null ? '-' : renderGroup(group)
}

/** Simple quotas; what is on already stays. */
export function renderEnableQuotas(): Step {
  return ['enable-quotas']
}

export function renderMakeDirectory(path: string): Step {
  return ['mkdir', path]
}

/** One that may be there already. */
export function renderEnsureDirectory(path: string): Step {
  return ['ensure-dir', path]
}

export function renderLink(text: string, path: string): Step {
  return ['link', text, path]
}

/** With all in it, but never across into a subvolume. Missing is fine. */
export function renderRemove(directory: string): Step {
  return ['remove', directory]
}

export function renderCreate(path: string, group: GroupId | null): Step {
  return ['create', path, renderMember(group)]
}

export function renderSnapshot(from: string, to: string, group: GroupId | null): Step {
  return ['snapshot', from, to, renderMember(group)]
}

/** A snapshot that cannot be written to. */
export function renderFreeze(from: string, to: string, group: GroupId | null): Step {
  return ['freeze', from, to, renderMember(group)]
}

/** What is missing or no subvolume is passed over. */
export function renderDelete(path: string): Step {
  return ['delete', path]
}

/** By id, so that no name inside a guest's tree is walked. */
export function renderDeleteById(id: number): Step {
  return ['delete-id', String(id)]
}

export function renderCompress(path: string, algorithm: string): Step {
  return ['compress', path, algorithm]
}

export function renderMakeGroup(group: GroupId): Step {
  return ['group', renderGroup(group)]
}

/** Limits the bytes that only members of the group use; with simple quotas these are the bytes they wrote. */
export function renderLimit(group: GroupId, bytes: number | null): Step {
  return ['limit', renderGroup(group), bytes === null ? 'none' : String(bytes)]
}

export function renderAssign(member: GroupId, parent: GroupId): Step {
  return ['assign', renderGroup(member), renderGroup(parent)]
}

/** One that is not a member is passed over. */
export function renderUnassign(member: GroupId, parent: GroupId): Step {
  return ['unassign', renderGroup(member), renderGroup(parent)]
}

/** Commits, and wakes the kernel's cleaner, which frees what deleted subvolumes took. */
export function renderSync(): Step {
  return ['sync']
}

/** A group that is missing or still in use is passed over. */
export function renderDrop(group: GroupId): Step {
  return ['drop', renderGroup(group)]
}
