import type { ImageManifest, InstalledImage } from '#contracts/image/manifest.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { NicTag } from '#contracts/network/address.ts'
import type { ZoneLimits } from '#host/runtime.ts'
import type { DatasetOptions, SnapshotName } from '#host/storage.ts'

/**
 * Everything the node does to the machine it runs on, as data: printed by `-n`, stored in the journal,
 * executed by the table in `execute.ts`. Each step can be run again after it was cut off, and undone
 * whether or not it had been run.
 */
export type Step =
  | { kind: 'together'; steps: Step[] }
  | { kind: 'record.write'; record: MachineRecord; previous: MachineRecord | null }
  | { kind: 'record.remove'; record: MachineRecord }
  | { kind: 'dataset.create'; dataset: string; options: DatasetOptions }
  | { kind: 'dataset.clone'; origin: SnapshotName; dataset: string; options: DatasetOptions }
  | { kind: 'dataset.rename'; from: string; to: string }
  | { kind: 'dataset.swap'; dataset: string; fresh: string; old: string; children: string[] }
  | { kind: 'dataset.destroy'; dataset: string }
  | { kind: 'dataset.quota'; dataset: string; bytes: number | null; previous: number | null }
  | { kind: 'dataset.options'; dataset: string; options: DatasetOptions; previous: DatasetOptions }
  | { kind: 'snapshot.take'; snapshot: SnapshotName }
  | { kind: 'snapshot.rollback'; snapshot: SnapshotName }
  | { kind: 'snapshot.destroy'; snapshot: SnapshotName }
  | { kind: 'snapshot.hold'; snapshot: SnapshotName; tag: string }
  | { kind: 'snapshot.release'; snapshot: SnapshotName; tag: string }
  | { kind: 'guest.prepare'; uuid: string; dataset: string; record: MachineRecord; first_boot: boolean }
  | { kind: 'guest.refresh'; uuid: string; resolvers: boolean; metadata: boolean }
  | { kind: 'guest.await'; uuid: string; timeout_s: number }
  | { kind: 'zone.boot'; uuid: string; first: boolean; record?: MachineRecord }
  | { kind: 'zone.shutdown'; uuid: string; grace_s: number; was_running: boolean }
  | { kind: 'zone.halt'; uuid: string; was_running: boolean }
  | { kind: 'zone.signal'; uuid: string; signal: string | number }
  | { kind: 'zone.limits'; uuid: string; limits: ZoneLimits; previous: ZoneLimits }
  | { kind: 'zone.tmpfs'; uuid: string; mib: number; previous: number }
  | { kind: 'nic.apply'; uuid: string; record: MachineRecord; previous: MachineRecord }
  | { kind: 'machine.archive'; uuid: string }
  | { kind: 'machine.stream'; uuid: string; bundle: string; quota_bytes: number | null; datasets: string[] }
  | { kind: 'machine.load'; uuid: string; bundle: string }
  | { kind: 'machine.inspect'; uuid: string }
  | { kind: 'image.unpack'; dataset: string; manifest: ImageManifest; file: string }
  | { kind: 'image.write'; image: InstalledImage }
  | { kind: 'image.remove'; image: InstalledImage }
  | { kind: 'tag.write'; tag: NicTag; previous: NicTag | null }
  | { kind: 'tag.remove'; tag: NicTag }

/** The step itself, or what it does together. */
export function membersOf(step: Step): Step[] {
  return step.kind === 'together' ? step.steps : [step]
}

export type StepKind = Step['kind']
export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>

/**
 * How a restart after a kill knows whether an operation goes forward or back. It looks at the state
 * itself, so that committing is the one atomic write or removal of a record and needs no mark of its own.
 */
export type Commit =
  | { when: 'never' } // always undone
  | { when: 'always' } // always finished
  | { when: 'record_written'; uuid: string; revision: number }
  | { when: 'record_removed'; uuid: string }
  | { when: 'image_written'; uuid: string }
  | { when: 'image_removed'; uuid: string }

export interface Plan {
  steps: Step[]
  commit: Commit
  /**
   * Number of the step from which there is no way back: a failure there is no failure of the operation, the
   * rest is done later. Absent: every failure takes all back.
   */
  finish_from?: number
  /** false: nothing of it outlives a reboot, so its journal entry needs no fsync. */
  durable: boolean
  warnings: string[]
  result?: unknown
}
