import { z } from 'zod'
import { ImageManifest } from '../image/manifest.ts'
import { Operation } from '../operation/schema.ts'
import type { Route } from '../route.ts'

const Follow = z.object({ follow: z.stringbool().optional() })
const OperationParams = z.object({ id: z.uuid() })
const ImageParams = z.object({ uuid: z.uuid() })
const TagParams = z.object({ name: z.string().min(1).max(31) })

/** A nic tag; see NicTag in contracts/network/address.ts. */
export const NicTagSchema = z.strictObject({
  name: z.string(),
  type: z.enum(['normal', 'etherstub']),
  mac: z.string(),
  mtu: z.int().min(576).max(9000),
  host_addresses: z.array(z.string()).optional(),
  nat: z.boolean().optional(),
})

export const nodeRoutes = [
  { id: 'node.ping', method: 'GET', path: '/ping', summary: 'Is the daemon there', who: 'root', answer: 'json', errors: [], body: z.object({ ping: z.literal('pong'), pid: z.int(), version: z.string() }) },
  {
    id: 'node.status', method: 'GET', path: '/status', summary: 'Pool, counts, versions', who: 'root', answer: 'json', errors: [],
    body: z.object({
      pid: z.int(), version: z.string(), started_at: z.string(), rss_bytes: z.int(),
      pool: z.object({ name: z.string(), kind: z.string(), mountpoint: z.string(), size_bytes: z.int(), used_bytes: z.int(), available_bytes: z.int() }),
      machines: z.object({ total: z.int(), running: z.int(), failed: z.int() }),
      images: z.int(), operations: z.int(),
      settled: z.boolean().describe('What starts with the node has been started'),
      problems: z.array(z.string()).describe('Sentences about what is wrong, e.g. corrupt state files'),
    }),
  },
  {
    id: 'node.stop_all', method: 'POST', path: '/stop_all', summary: 'Stop every running machine, in reverse boot order, without changing autoboot', who: 'root', answer: 'stream', errors: [],
    description: 'NDJSON of StopEvent: `begin`, a `stopped` or `failed` for each machine, `end`. Machines share the time; those that still run at its end are halted.',
    request: z.strictObject({ timeout_s: z.int().min(0).max(86_400).optional() }),
  },
  { id: 'node.sysinfo', method: 'GET', path: '/sysinfo', summary: 'Facts about this node under the keys of SmartOS sysinfo(8)', who: 'root', answer: 'json', errors: [], body: z.record(z.string(), z.unknown()) },
  { id: 'operation.list', method: 'GET', path: '/operations', summary: 'Operations under way and recent', who: 'root', answer: 'json', errors: [], body: z.array(Operation) },
  { id: 'operation.get', method: 'GET', path: '/operations/:id', summary: 'One operation', who: 'root', answer: 'json', params: OperationParams, errors: ['OperationNotFound'], body: Operation },
  { id: 'operation.follow', method: 'GET', path: '/operations/:id/events', summary: 'Follow an operation to its end', who: 'root', answer: 'stream', params: OperationParams, errors: ['OperationNotFound'] },
  { id: 'operation.cancel', method: 'POST', path: '/operations/:id/cancel', summary: 'Ask an operation to stop and undo', who: 'root', answer: 'json', params: OperationParams, errors: ['OperationNotFound'], body: Operation },
  { id: 'image.list', method: 'GET', path: '/images', summary: 'Installed images', who: 'root', answer: 'json', errors: [], body: z.array(z.object({ manifest: ImageManifest, zpool: z.string(), source: z.string().nullable(), installed_at: z.string() })) },
  { id: 'image.get', method: 'GET', path: '/images/:uuid', summary: 'One installed image', who: 'root', answer: 'json', params: ImageParams, errors: ['ImageNotFound'], body: z.object({ manifest: ImageManifest, zpool: z.string(), source: z.string().nullable(), installed_at: z.string(), clones: z.int() }) },
  { id: 'image.install', method: 'POST', path: '/images', summary: 'Install an image from a file on this node', who: 'root', answer: 'operation', query: Follow, request: z.object({ manifest: z.record(z.string(), z.unknown()), file: z.string().describe('Absolute path of a tar archive (none, gzip, xz, zstd) or a ZFS stream') }), errors: ['ImageExists', 'ImageInvalid', 'NoSpace', 'NotSupported'] },
  { id: 'image.delete', method: 'DELETE', path: '/images/:uuid', summary: 'Delete an image', who: 'root', answer: 'operation', params: ImageParams, query: Follow, errors: ['ImageNotFound', 'ImageInUse'] },
  { id: 'nic_tag.list', method: 'GET', path: '/nic_tags', summary: 'Nic tags', who: 'root', answer: 'json', errors: [], body: z.array(NicTagSchema.extend({ link: z.string() })) },
  { id: 'nic_tag.create', method: 'POST', path: '/nic_tags', summary: 'Add a nic tag', who: 'root', answer: 'operation', query: Follow, request: NicTagSchema, errors: ['NicTagExists', 'InvalidPayload'] },
  { id: 'nic_tag.delete', method: 'DELETE', path: '/nic_tags/:name', summary: 'Remove a nic tag', who: 'root', answer: 'operation', params: TagParams, query: Follow.extend({ force: z.stringbool().optional() }), errors: ['NicTagNotFound', 'NicTagInUse'] },
  { id: 'nic_tag.machines', method: 'GET', path: '/nic_tags/:name/machines', summary: 'UUIDs of the machines with a nic on the tag', who: 'root', answer: 'json', params: TagParams, errors: ['NicTagNotFound'], body: z.array(z.string()) },
] as const satisfies readonly Route[]
