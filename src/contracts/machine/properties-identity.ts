import { z } from 'zod'
import { brands, defaultBootOrder, machineStates } from './record.ts'
import { type PropertyTable, describeProperty, osBrands } from './properties-shape.ts'
import { booleanSchema, choiceSchema, integerSchema, listSchema, patternSchema, scalarMapSchema, textSchema, uuidSchema } from './properties-values.ts'

const zeroUuid = '00000000-0000-0000-0000-000000000000'
const domainName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$/i
const privilege = patternSchema(/^[!-]?[a-z][a-z_]{0,63}$/, 'must be a privilege name, with "-" or "!" before it to take it away')

/** Who a machine is and how it lives (reference 1.5.1). */
export const identityProperties = {
  uuid: describeProperty(uuidSchema(), 'Name of the machine for programs, unique everywhere', { set: 'create', default: 'generated', example: '5b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a001' }),
  zonename: describeProperty(patternSchema(/^[a-z0-9][a-z0-9_.-]{0,62}$/i, 'must be 1 to 63 letters, digits and "_.-", beginning with a letter or digit'), 'Name of the zone', { set: 'create', default: 'the uuid' }),
  alias: describeProperty(textSchema(189), 'Name for people; need not be unique', { set: 'both', example: 'web01' }),
  hostname: describeProperty(patternSchema(/^(?=.{1,64}$)[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)*$/i, 'must be a host name of at most 64 characters'), 'Host name in the guest', { set: 'both', effect: 'restart', default: 'the zonename', example: 'web01' }),
  dns_domain: describeProperty(patternSchema(domainName, 'must be a domain name'), 'Search domain in the guest', { set: 'both', brands: osBrands, effect: 'restart', default: 'local', example: 'example.com' }),
  brand: describeProperty(choiceSchema(brands), 'Kind of machine', { set: 'create', default: 'required', example: 'lx' }),
  image_uuid: describeProperty(uuidSchema(), 'Image the root is cloned from; it must be installed', { set: 'create', brands: osBrands, default: 'required' }),
  owner_uuid: describeProperty(uuidSchema(), 'Who owns the machine', { set: 'both', default: zeroUuid }),
  billing_id: describeProperty(uuidSchema(), 'Label for accounting', { set: 'both', default: zeroUuid }),
  autoboot: describeProperty(booleanSchema(), 'Start with the node; start sets it, stop clears it', { set: 'both', default: 'true' }),
  boot_order: describeProperty(integerSchema(0, 1_000_000), 'With autoboot: lower numbers start first when the node boots, equal ones together, and stop last; ours, SmartOS has none', { set: 'both', default: String(defaultBootOrder), example: 10 }),
  archive_on_delete: describeProperty(booleanSchema(), 'Keep configuration and logs under zones/archive when deleted', { set: 'both', default: 'false' }),
  do_not_inventory: describeProperty(booleanSchema(), 'Hide from the cloud’s inventory', { set: 'both', default: 'false' }),
  indestructible_zoneroot: describeProperty(booleanSchema(), 'Refuse to delete or reprovision', { set: 'both', effect: 'live', default: 'false' }),
  indestructible_delegated: describeProperty(booleanSchema(), 'Refuse to delete the delegated dataset', { set: 'both', effect: 'live', default: 'false' }),
  package_name: describeProperty(textSchema(256), 'Label of the size', { set: 'both', example: 'small-1g' }),
  package_version: describeProperty(textSchema(64), 'Version of the label', { set: 'both' }),
  limit_priv: describeProperty(listSchema(privilege, 128, 'privilege names'), 'Privileges of the zone', { set: 'both', effect: 'restart', default: 'default', example: ['default'] }),
  fs_allowed: describeProperty(listSchema(patternSchema(/^[a-z0-9_.-]{1,32}$/, 'must be the name of a file system'), 64, 'names of file systems'), 'File systems the guest may mount itself', { set: 'both', brands: osBrands, effect: 'restart', example: ['ufs', 'nfs'] }),
  kernel_version: describeProperty(patternSchema(/^\d+(\.\d+){1,3}[\w.+-]{0,64}$/, 'must be a kernel version such as 4.3.0'), 'Accepted for scripts of SmartOS; the guest sees the kernel of the node', { set: 'both', brands: ['lx'], example: '4.3.0' }),
  init_name: describeProperty(textSchema(1024), 'Program that runs as init', { set: 'both', brands: osBrands, effect: 'restart', default: 'that of the image' }),
  restart_init: describeProperty(booleanSchema(), 'Start init again when it ends', { set: 'both', brands: osBrands, effect: 'restart', default: 'true' }),
  nowait: describeProperty(booleanSchema(), 'Create does not wait for the guest to report that it is provisioned', { set: 'create', brands: osBrands, default: 'false' }),
  mdata_exec_timeout: describeProperty(integerSchema(0, 86_400), 'Time limit of the user-script; 0 is none', { set: 'create', brands: osBrands, unit: 's', default: '300' }),
  app_svc_dependent: describeProperty(textSchema(), 'Attribute of SmartOS zones', { set: 'read', brands: osBrands }),
} satisfies PropertyTable

/** What vmadm get prints but nobody sets. */
export const readProperties = {
  v: describeProperty(z.literal(1), 'Version of this object', { set: 'read', default: '1' }),
  hvm: describeProperty(booleanSchema(), 'Whether it is a virtual machine with its own kernel', { set: 'read' }),
  type: describeProperty(z.enum(['OS', 'LX', 'KVM', 'BHYVE']), 'Kind in short', { set: 'read' }),
  state: describeProperty(z.enum(machineStates), 'State for people', { set: 'read' }),
  zone_state: describeProperty(z.string(), 'State of the zone', { set: 'read' }),
  zoneid: describeProperty(z.int(), 'Number of the running zone', { set: 'read' }),
  zonedid: describeProperty(z.int(), 'Number of the zone for debugging', { set: 'read' }),
  zonepath: describeProperty(z.string(), 'Directory of the machine', { set: 'read' }),
  pid: describeProperty(z.int(), 'Process id of init on the node', { set: 'read' }),
  boot_timestamp: describeProperty(z.string(), 'When it was booted', { set: 'read' }),
  create_timestamp: describeProperty(z.string(), 'When it was created', { set: 'read' }),
  last_modified: describeProperty(z.string(), 'When its properties changed last', { set: 'read' }),
  exit_status: describeProperty(z.int(), 'How init ended: its code, or the negative number of the signal', { set: 'read' }),
  exit_timestamp: describeProperty(z.string(), 'When init ended', { set: 'read' }),
  init_restarts: describeProperty(z.int(), 'How often init was started again', { set: 'read' }),
  server_uuid: describeProperty(uuidSchema(), 'The node it is on', { set: 'read' }),
  headnode_id: describeProperty(z.string(), 'Unused', { set: 'read' }),
  datacenter_name: describeProperty(z.string(), 'The data center it is in', { set: 'read' }),
  platform_buildstamp: describeProperty(z.string(), 'Platform of the node', { set: 'read' }),
  snapshots: describeProperty(z.array(z.object({ name: z.string(), created_at: z.string(), size: z.int() })), 'Snapshots, newest first; size in MiB', { set: 'read' }),
  datasets: describeProperty(z.array(z.string()), 'Delegated datasets', { set: 'read' }),
  zfs_filesystem: describeProperty(z.string(), 'Dataset of the root', { set: 'read' }),
  missing: describeProperty(z.object({ datasets: z.array(z.string()), disks: z.array(z.string()), filesystems: z.array(z.string()) }), 'What a received machine still waits for', { set: 'read' }),
  transition_to: describeProperty(z.string(), 'State it is going to', { set: 'read' }),
  transition_expire: describeProperty(z.string(), 'When that is given up', { set: 'read' }),
  zlog_mode: describeProperty(z.string(), 'Mode of the console log', { set: 'read' }),
  zlog_name: describeProperty(z.string(), 'Name of the console log', { set: 'read' }),
  failed: describeProperty(booleanSchema(), 'Whether provisioning failed', { set: 'read' }),
  provisioning: describeProperty(booleanSchema(), 'Whether it is being provisioned', { set: 'read' }),
  free_space: describeProperty(z.int(), 'Space for disks and snapshots that is free', { set: 'read', brands: ['bhyve'], unit: 'MiB' }),
} satisfies PropertyTable

/** Labels and documents kept for the guest and its owner (reference 1.5.8). */
export const metadataProperties = {
  customer_metadata: describeProperty(scalarMapSchema(), 'Metadata the guest reads and writes', { set: 'create', effect: 'live', default: '{}', collection: { kind: 'map' }, secret: true, example: { 'user-script': '#!/bin/sh\ntrue\n' } }),
  internal_metadata: describeProperty(scalarMapSchema(), 'Metadata the guest can only read', { set: 'create', effect: 'live', default: '{}', collection: { kind: 'map' }, secret: true }),
  tags: describeProperty(scalarMapSchema(), 'Labels; firewall rules can name them', { set: 'create', effect: 'live', default: '{}', collection: { kind: 'map' }, example: { role: 'web' } }),
  internal_metadata_namespaces: describeProperty(listSchema(patternSchema(/^[A-Za-z0-9_.-]{1,64}$/, 'must be a prefix of metadata keys'), 64, 'prefixes'), 'Prefixes of keys that are served from internal_metadata, read only', { set: 'both', effect: 'live', example: ['docker'] }),
  docker: describeProperty(booleanSchema(), 'Made from a Docker image', { set: 'both', brands: ['joyent-minimal', 'lx'], effect: 'restart', default: 'false' }),
  zlog_max_size: describeProperty(integerSchema(0), 'Size at which the console log is rotated', { set: 'both', brands: osBrands, effect: 'restart', unit: 'bytes' }),
} satisfies PropertyTable

/** Old names that are still taken at creation. */
export const deprecatedProperties = {
  create_only: describeProperty(booleanSchema(), 'Make the configuration only; part of receive', { set: 'create', default: 'false' }),
  dataset_uuid: describeProperty(uuidSchema(), 'Old name', { set: 'create', deprecated: 'image_uuid' }),
  zone_dataset_uuid: describeProperty(uuidSchema(), 'Old name', { set: 'create', deprecated: 'image_uuid' }),
  zfs_storage_pool_name: describeProperty(textSchema(256), 'Old name', { set: 'create', deprecated: 'zpool' }),
  default_gateway: describeProperty(patternSchema(/^[\d.]{7,15}$/, 'must be an IPv4 address'), 'Old form of the first nic’s gateway', { set: 'create', deprecated: 'nics.*.gateways' }),
} satisfies PropertyTable
