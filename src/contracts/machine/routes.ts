import { z } from 'zod'
import type { Route } from '../route.ts'

/** A UUID, an alias, or a prefix of a UUID that fits one machine only. */
const MachineName = z.object({ name: z.string().min(1).max(256) })
const SnapshotParams = MachineName.extend({ snapshot: z.string().min(1).max(64) })
/** Answer `follow=true` with the stream of the operation instead of 202. */
const Follow = z.object({ follow: z.stringbool().optional() })
const DryRun = Follow.extend({
  dry_run: z.stringbool().optional().describe('Only plan: answers `{steps: [{kind, …}], warnings}` as the result of a finished operation'),
  strict: z.stringbool().optional().describe('Unknown properties are errors'),
})
/** A machine payload; checked against the property table, so that every mistake is reported at once. */
const Payload = z.record(z.string(), z.unknown())

const common = ['MachineNotFound', 'AmbiguousName', 'Busy', 'Internal'] as const

export const machineRoutes = [
  {
    id: 'machine.list', method: 'GET', path: '/machines', summary: 'List machines', who: 'root', answer: 'json', errors: ['InvalidPayload', 'Usage'],
    query: z.object({
      fields: z.string().optional().describe('Comma list of fields to give; all when absent. Fields with dots reach inside: nics.0.ip, tags.role'),
      filter: z.union([z.string(), z.array(z.string())]).optional().describe('KEY=VALUE, VALUE `~REGEX` for a case-insensitive match; all must hold'),
    }),
    body: z.array(z.record(z.string(), z.unknown())),
  },
  { id: 'machine.get', method: 'GET', path: '/machines/:name', summary: 'One machine', who: 'root', answer: 'json', params: MachineName, errors: common, body: z.record(z.string(), z.unknown()) },
  { id: 'machine.create', method: 'POST', path: '/machines', summary: 'Create a machine', who: 'root', answer: 'operation', query: DryRun, request: Payload, errors: ['InvalidPayload', 'UnknownProperty', 'BrandUnsupported', 'MachineExists', 'ImageNotFound', 'NicTagNotFound', 'AddressConflict', 'NoSpace', 'ProvisionFailed', 'RuntimeFailed'] },
  { id: 'machine.validate_create', method: 'POST', path: '/validate/create', summary: 'Check a create payload', who: 'root', answer: 'json', request: Payload, errors: [], body: z.record(z.string(), z.unknown()).describe('{} when valid; else bad_values, bad_properties, missing_properties, or bad_brand') },
  { id: 'machine.validate_update', method: 'POST', path: '/validate/update/:brand', summary: 'Check an update payload', who: 'root', answer: 'json', params: z.object({ brand: z.string() }), request: Payload, errors: [], body: z.record(z.string(), z.unknown()) },
  { id: 'machine.update', method: 'PATCH', path: '/machines/:name', summary: 'Change a machine', who: 'root', answer: 'operation', params: MachineName, query: DryRun, request: Payload, errors: [...common, 'InvalidPayload', 'UnknownProperty', 'AddressConflict', 'NicTagNotFound', 'InvalidState', 'NoSpace'] },
  { id: 'machine.delete', method: 'DELETE', path: '/machines/:name', summary: 'Delete a machine', who: 'root', answer: 'operation', params: MachineName, query: DryRun, errors: [...common, 'Indestructible'] },
  { id: 'machine.start', method: 'POST', path: '/machines/:name/start', summary: 'Start a machine', who: 'root', answer: 'operation', params: MachineName, query: Follow, errors: [...common, 'InvalidState', 'AddressConflict', 'NicTagNotFound', 'RuntimeFailed'] },
  { id: 'machine.stop', method: 'POST', path: '/machines/:name/stop', summary: 'Stop a machine', who: 'root', answer: 'operation', params: MachineName, query: Follow, request: z.object({ force: z.boolean().optional(), timeout_s: z.int().min(0).max(86_400).optional() }), errors: [...common, 'InvalidState', 'NotSupported'] },
  { id: 'machine.reboot', method: 'POST', path: '/machines/:name/reboot', summary: 'Reboot a machine', who: 'root', answer: 'operation', params: MachineName, query: Follow, request: z.object({ force: z.boolean().optional() }), errors: [...common, 'InvalidState', 'Timeout', 'RuntimeFailed'] },
  { id: 'machine.kill', method: 'POST', path: '/machines/:name/kill', summary: 'Signal the init of a machine', who: 'root', answer: 'operation', params: MachineName, query: Follow, request: z.object({ signal: z.union([z.string(), z.int()]) }), errors: [...common, 'InvalidState', 'InvalidPayload'] },
  { id: 'machine.reprovision', method: 'POST', path: '/machines/:name/reprovision', summary: 'Swap the root for another image', who: 'root', answer: 'operation', params: MachineName, query: Follow, request: z.record(z.string(), z.unknown()).describe('{image_uuid}'), errors: [...common, 'ImageNotFound', 'Indestructible', 'InvalidPayload', 'InvalidState'] },
  { id: 'machine.info', method: 'GET', path: '/machines/:name/info', summary: 'What the hypervisor tells of a running machine', who: 'root', answer: 'json', params: MachineName, query: z.object({ types: z.string().optional() }), errors: [...common, 'NotSupported'], body: z.record(z.string(), z.unknown()) },
  { id: 'machine.enter', method: 'POST', path: '/machines/:name/enter', summary: 'How to enter a running zone: argv for root on this node', who: 'root', answer: 'json', params: MachineName, request: z.object({ argv: z.array(z.string()), tty: z.boolean(), user: z.string().optional(), env: z.record(z.string(), z.string()).optional() }), errors: [...common, 'InvalidState'], body: z.object({ uuid: z.uuid(), argv: z.array(z.string()) }) },
  { id: 'machine.console', method: 'GET', path: '/machines/:name/console', summary: 'Path of the console socket of a running zone', who: 'root', answer: 'json', params: MachineName, errors: [...common, 'InvalidState'], body: z.object({ uuid: z.uuid(), socket: z.string() }) },
  { id: 'machine.send', method: 'POST', path: '/machines/:name/send', summary: 'The machine and its datasets as a bundle', who: 'root', answer: 'bytes', params: MachineName, errors: [...common, 'InvalidState'] },
  { id: 'machine.receive', method: 'POST', path: '/receive', summary: 'Make a machine from a bundle', who: 'root', answer: 'operation', query: Follow, request: 'bytes', errors: ['MachineExists', 'InvalidPayload', 'ImageNotFound', 'NoSpace'] },
  { id: 'machine.install', method: 'POST', path: '/machines/:name/install', summary: 'Finish a received machine', who: 'root', answer: 'operation', params: MachineName, query: Follow, errors: [...common, 'InvalidState', 'DatasetNotFound'] },
  { id: 'snapshot.create', method: 'POST', path: '/machines/:name/snapshots', summary: 'Take a snapshot', who: 'root', answer: 'operation', params: MachineName, query: Follow, request: z.object({ name: z.string() }), errors: [...common, 'SnapshotExists', 'InvalidPayload', 'NotSupported'] },
  { id: 'snapshot.rollback', method: 'POST', path: '/machines/:name/snapshots/:snapshot/rollback', summary: 'Roll back to a snapshot', who: 'root', answer: 'operation', params: SnapshotParams, query: Follow, errors: [...common, 'SnapshotNotFound'] },
  { id: 'snapshot.delete', method: 'DELETE', path: '/machines/:name/snapshots/:snapshot', summary: 'Delete a snapshot', who: 'root', answer: 'operation', params: SnapshotParams, query: Follow, errors: [...common, 'SnapshotNotFound'] },
  {
    id: 'event.follow', method: 'GET', path: '/events', summary: 'Changes of machines, with exact differences', who: 'root', answer: 'stream', errors: ['MachineNotFound'],
    description: 'NDJSON of MachineEvent. The first line is of type `ready` and carries all machines and the current sequence number. With `since=SEQ` the missed events come instead, as far as they are kept; else a `ready` again.',
    query: z.object({ since: z.coerce.number().int().nonnegative().optional(), uuid: z.string().optional() }),
  },
] as const satisfies readonly Route[]
