import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { MetadataStore } from '#plan/metadata/keys.ts'
import type { MetadataAccess } from '../metadata/server.ts'
import type { Parts } from '../parts.ts'
import { publishState, viewMachine } from './read.ts'

type PartsWithout = Omit<Parts, 'metadata'>

/** What a guest may read and store of its own machine. It does not wait for operations: one of them may be waiting for the guest. */
export function createMetadataAccess(parts: PartsWithout): MetadataAccess {
  const change = async (uuid: string, store: MetadataStore, edit: (map: Record<string, string | number | boolean>) => void): Promise<void> => {
    await parts.machines.update(uuid, (current) => {
      const record = requireRecord(uuid, current)
      const map = { ...record[store] }
      edit(map)
      return { ...record, [store]: map, last_modified: parts.now().toISOString() }
    })
    publishState(uuid, parts)
  }
  return {
    get(uuid) {
      // On its first boot a guest may ask before its record is on disk.
      const record = requireRecord(uuid, parts.machines.get(uuid) ?? parts.reserved.get(uuid))
      const { internal_metadata: _hidden, ...machine } = viewMachine(record, parts)
      return { record, extra: { ...machine } }
    },
    put: (uuid, store, key, value) => change(uuid, store, (map) => void (map[key] = value)),
    remove: (uuid, store, key) => change(uuid, store, (map) => void delete map[key]),
  }
}

function requireRecord(uuid: string, record: MachineRecord | undefined): MachineRecord {
  if (record === undefined) throw new AppError('MachineNotFound', `${uuid}: No such zone configured`)
  return record
}
