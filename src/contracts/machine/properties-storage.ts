import { z } from 'zod'
import { type PropertyTable, describeProperty, hvmBrands, osBrands } from './properties-shape.ts'
import { booleanSchema, choiceSchema, integerSchema, listSchema, pathSchema, patternSchema, powerOfTwoSchema, textSchema, uuidSchema } from './properties-values.ts'

const compression = choiceSchema(['on', 'off', 'gzip', 'gzip-1', 'gzip-2', 'gzip-3', 'gzip-4', 'gzip-5', 'gzip-6', 'gzip-7', 'gzip-8', 'gzip-9', 'lz4', 'lzjb', 'zle'])
const refreservation = 'must be a whole number of MiB or "auto"'
const recordSize = powerOfTwoSchema(512, 131_072)
const objectList = (maxItems: number): z.ZodType => z.array(z.record(z.string(), z.unknown(), 'must be an object'), 'must be a list of objects').max(maxItems, `must have at most ${maxItems} items`)

const filesystemFields = {
  type: describeProperty(patternSchema(/^[a-z0-9_.-]{1,32}$/, 'must be the name of a kind of file system'), 'Kind; lofs shows a directory of the node', { set: 'both', effect: 'restart', default: 'required', example: 'lofs' }),
  source: describeProperty(textSchema(1024), 'What is mounted: a path of the node, the UUID of a volume, or create-volume', { set: 'both', effect: 'restart', default: 'required', example: '/zones/shared' }),
  target: describeProperty(pathSchema(), 'Where it is seen in the machine', { set: 'both', effect: 'restart', default: 'required', example: '/shared' }),
  raw: describeProperty(textSchema(1024), 'Raw device', { set: 'both', effect: 'restart' }),
  options: describeProperty(listSchema(textSchema(256), 64, 'mount options'), 'Mount options', { set: 'both', effect: 'restart', example: ['ro', 'nodevices'] }),
} satisfies PropertyTable

const diskFields = {
  path: describeProperty(pathSchema(), 'Device; names the disk in updates', { set: 'both', brands: hvmBrands, effect: 'restart', default: 'assigned' }),
  size: describeProperty(integerSchema(1), 'Size', { set: 'both', brands: hvmBrands, effect: 'restart', unit: 'MiB', default: 'required without image_uuid', example: 10_240 }),
  boot: describeProperty(booleanSchema(), 'Boot from it', { set: 'both', brands: hvmBrands, effect: 'restart', default: 'the first disk' }),
  image_uuid: describeProperty(uuidSchema(), 'Image it is cloned from', { set: 'create', brands: hvmBrands }),
  image_size: describeProperty(integerSchema(1), 'Size of the image', { set: 'create', brands: hvmBrands, unit: 'MiB', default: 'read from the image' }),
  image_name: describeProperty(textSchema(512), 'Old label', { set: 'create', brands: ['kvm'], deprecated: 'image_uuid' }),
  media: describeProperty(choiceSchema(['disk', 'cdrom']), 'Kind of medium', { set: 'both', brands: hvmBrands, effect: 'restart', default: 'disk' }),
  model: describeProperty(choiceSchema(['virtio', 'ide', 'scsi', 'ahci', 'nvme']), 'Device the guest sees', { set: 'both', brands: hvmBrands, effect: 'restart', default: 'disk_driver', example: 'virtio' }),
  block_size: describeProperty(powerOfTwoSchema(512, 131_072), 'Block size of the volume', { set: 'create', brands: hvmBrands, unit: 'bytes', default: '8192' }),
  compression: describeProperty(compression, 'Compression of the volume', { set: 'both', brands: hvmBrands, effect: 'live', default: 'off' }),
  refreservation: describeProperty(z.union([z.int(refreservation).min(0, refreservation), z.literal('auto')], refreservation), 'Space kept for it', { set: 'both', brands: hvmBrands, effect: 'live', unit: 'MiB', default: 'size' }),
  zpool: describeProperty(textSchema(256), 'Pool of the volume', { set: 'create', brands: hvmBrands, default: 'zones' }),
  nocreate: describeProperty(booleanSchema(), 'The volume at path exists already', { set: 'create', brands: hvmBrands, default: 'false' }),
  guest_block_size: describeProperty(patternSchema(/^\d{3,6}(\/\d{3,6})?$/, 'must be BYTES or LOGICAL/PHYSICAL'), 'Block size the guest sees', { set: 'both', brands: ['bhyve'], effect: 'restart' }),
  notrim: describeProperty(booleanSchema(), 'Hide TRIM from the guest', { set: 'both', brands: ['bhyve'], effect: 'restart', default: 'false' }),
  pci_slot: describeProperty(patternSchema(/^\d{1,3}(:\d{1,3}){0,2}$/, 'must be BUS:DEVICE:FUNCTION, DEVICE:FUNCTION or DEVICE'), 'Place on the guest’s bus', { set: 'both', brands: ['bhyve'], effect: 'restart' }),
  uuid: describeProperty(uuidSchema(), 'Serial of the disk', { set: 'both', brands: ['bhyve'], effect: 'restart', default: 'assigned' }),
  dangerous_allow_shrink: describeProperty(booleanSchema(), 'Let an update make the disk smaller', { set: 'both', brands: ['bhyve'], default: 'false' }),
  zfs_filesystem: describeProperty(textSchema(256), 'Dataset of the volume', { set: 'read', brands: hvmBrands }),
} satisfies PropertyTable

/** Space, datasets, mounts, disks (reference 1.5.3, 1.5.4). */
export const storageProperties = {
  quota: describeProperty(integerSchema(0, 1_048_576), 'Space the machine may take with its snapshots; 0 is no limit', { set: 'both', effect: 'live', unit: 'GiB', default: '10', example: 20 }),
  zpool: describeProperty(patternSchema(/^[a-z][a-z0-9_.:-]{0,255}$/i, 'must be the name of a pool'), 'Pool it lies on', { set: 'create', default: 'the pool of the node' }),
  zfs_root_compression: describeProperty(compression, 'Compression of the root', { set: 'both', effect: 'live', default: 'off' }),
  zfs_root_recsize: describeProperty(recordSize, 'Record size of the root', { set: 'both', effect: 'live', unit: 'bytes', default: '131072' }),
  zfs_data_compression: describeProperty(compression, 'Compression of the delegated dataset', { set: 'both', brands: osBrands, effect: 'live', default: 'off' }),
  zfs_data_recsize: describeProperty(recordSize, 'Record size of the delegated dataset', { set: 'both', brands: osBrands, effect: 'live', unit: 'bytes', default: '131072' }),
  zfs_filesystem_limit: describeProperty(integerSchema(0), 'Most datasets the guest may make', { set: 'both', effect: 'live' }),
  zfs_snapshot_limit: describeProperty(integerSchema(0), 'Most snapshots the guest may make', { set: 'both', effect: 'live' }),
  delegate_dataset: describeProperty(booleanSchema(), 'Make a dataset zones/UUID/data that the guest manages', { set: 'create', brands: osBrands, default: 'false' }),
  filesystems: describeProperty(objectList(64), 'Further mounts in the machine', { set: 'create', brands: osBrands, effect: 'restart', collection: { kind: 'list', key: 'target', fields: filesystemFields } }),
  flexible_disk_size: describeProperty(integerSchema(1), 'Space for all disks and their snapshots', { set: 'both', brands: ['bhyve'], effect: 'live', unit: 'MiB' }),
  disks: describeProperty(objectList(64), 'Disks of the guest', { set: 'create', brands: hvmBrands, effect: 'restart', collection: { kind: 'list', key: 'path', fields: diskFields } }),
} satisfies PropertyTable
