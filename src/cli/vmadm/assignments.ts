import { parsePayload } from '../payload.ts'
import { usage } from '../parse-args.ts'

/**
 * Properties whose `key=value` is not text. Kept apart from the property table because loading its
 * schemas takes longer than the command; `assignments.test.ts` holds these lists to the table.
 */
export const booleanProperties = [
  'autoboot',
  'archive_on_delete',
  'do_not_inventory',
  'indestructible_zoneroot',
  'indestructible_delegated',
  'restart_init',
  'maintain_resolvers',
  'firewall_enabled',
  'docker',
]
export const integerProperties = [
  'ram',
  'max_physical_memory',
  'max_locked_memory',
  'max_swap',
  'tmpfs',
  'boot_order',
  'cpu_cap',
  'cpu_shares',
  'zfs_io_priority',
  'max_lwps',
  'max_msg_ids',
  'max_sem_ids',
  'max_shm_ids',
  'max_shm_memory',
  'vcpus',
  'quota',
  'zfs_root_recsize',
  'zfs_data_recsize',
  'zfs_filesystem_limit',
  'zfs_snapshot_limit',
  'flexible_disk_size',
  'vnc_port',
  'spice_port',
  'virtio_txburst',
  'virtio_txtimer',
  'zlog_max_size',
]
export const listProperties = ['limit_priv', 'fs_allowed', 'resolvers', 'internal_metadata_namespaces']

/**
 * The payload that `key=value` words stand for. Values of lists and of remove_… keys are split at commas,
 * those of set_…, add_… and update_… are JSON; an empty value unsets a property. Throws Usage for a word without `=`.
 */
export function parseAssignments(words: readonly string[]): Record<string, unknown> {
  const payload: Record<string, unknown> = {}
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals < 1) throw usage(`Invalid argument "${word}": PROPERTY=VALUE is expected.`)
    const key = word.slice(0, equals)
    payload[key] = parseValue(key, word.slice(equals + 1))
  }
  return payload
}

function parseValue(key: string, text: string): unknown {
  if (/^[[{]/.test(text)) return parsePayload(`{"value": ${text}}`)['value']
  if (key.startsWith('remove_') || listProperties.includes(key)) return text === '' ? [] : text.split(',')
  if (booleanProperties.includes(key) && /^(true|false)$/.test(text)) return text === 'true'
  if (integerProperties.includes(key) && /^-?[0-9]{1,15}$/.test(text)) return Number(text)
  return text
}
