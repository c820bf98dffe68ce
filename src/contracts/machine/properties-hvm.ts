import { z } from 'zod'
import { type PropertyTable, describeProperty, hvmBrands } from './properties-shape.ts'
import { choiceSchema, integerSchema, patternSchema, textSchema } from './properties-values.ts'

const pciFields = {
  path: describeProperty(textSchema(1024), 'Device of the node', { set: 'both', brands: ['bhyve'], effect: 'restart', default: 'required' }),
  pci_slot: describeProperty(patternSchema(/^\d{1,3}(:\d{1,3}){0,2}$/, 'must be BUS:DEVICE:FUNCTION, DEVICE:FUNCTION or DEVICE'), 'Place on the guest’s bus', { set: 'both', brands: ['bhyve'], effect: 'restart' }),
} satisfies PropertyTable

const vncPassword = z.string('must be text').max(8, 'VNC password is too long, maximum length is 8 characters.')

/** Virtual machines (reference 1.5.7). Known here so that hints and documents are right; the hypervisor comes later. */
export const hvmProperties = {
  boot: describeProperty(textSchema(256), 'Order of boot devices', { set: 'both', brands: hvmBrands, effect: 'restart', default: 'order=cd' }),
  bootrom: describeProperty(textSchema(1024), 'bios, uefi, or a path', { set: 'both', brands: ['bhyve'], effect: 'restart', default: 'bios' }),
  bhyve_extra_opts: describeProperty(textSchema(), 'Further arguments', { set: 'both', brands: ['bhyve'], effect: 'restart' }),
  com1: describeProperty(textSchema(1024), 'First serial port', { set: 'both', brands: ['bhyve'], effect: 'restart', default: '/dev/zconsole' }),
  com2: describeProperty(textSchema(1024), 'Second serial port', { set: 'both', brands: ['bhyve'], effect: 'restart', default: 'socket,/tmp/vm.ttyb' }),
  pci_devices: describeProperty(z.array(z.record(z.string(), z.unknown(), 'must be an object'), 'must be a list of objects'), 'Devices of the node given to the guest', { set: 'create', brands: ['bhyve'], effect: 'restart', collection: { kind: 'list', key: 'path', fields: pciFields } }),
  vnc_port: describeProperty(integerSchema(-1, 65_535), 'TCP port of the screen; 0 is any, -1 is off', { set: 'both', brands: hvmBrands, effect: 'live', default: '0' }),
  vnc_password: describeProperty(vncPassword, 'Password of the screen', { set: 'both', brands: hvmBrands, effect: 'live', secret: true }),
  disk_driver: describeProperty(choiceSchema(['virtio', 'ide', 'scsi', 'ahci', 'nvme']), 'Model of disks that name none', { set: 'both', brands: hvmBrands, effect: 'restart' }),
  nic_driver: describeProperty(choiceSchema(['virtio', 'e1000', 'rtl8139']), 'Model of nics that name none', { set: 'both', brands: hvmBrands, effect: 'restart' }),
  cpu_type: describeProperty(choiceSchema(['qemu64', 'host']), 'CPU the guest sees', { set: 'both', brands: ['kvm'], effect: 'restart', default: 'qemu64' }),
  qemu_opts: describeProperty(textSchema(), 'Arguments of qemu', { set: 'both', brands: ['kvm'], effect: 'restart' }),
  qemu_extra_opts: describeProperty(textSchema(), 'Further arguments of qemu', { set: 'both', brands: ['kvm'], effect: 'restart' }),
  spice_opts: describeProperty(textSchema(), 'Options of SPICE', { set: 'both', brands: ['kvm'], effect: 'restart' }),
  spice_port: describeProperty(integerSchema(-1, 65_535), 'TCP port of SPICE', { set: 'both', brands: ['kvm'], effect: 'restart' }),
  spice_password: describeProperty(textSchema(64), 'Password of SPICE', { set: 'both', brands: ['kvm'], effect: 'restart', secret: true }),
  vga: describeProperty(choiceSchema(['cirrus', 'std', 'vmware', 'qxl', 'xenfb']), 'Graphics card', { set: 'both', brands: ['kvm'], effect: 'restart', default: 'std' }),
  virtio_txburst: describeProperty(integerSchema(1), 'Packets sent at once', { set: 'both', brands: ['kvm'], effect: 'restart', default: '128' }),
  virtio_txtimer: describeProperty(integerSchema(1), 'Time before waiting packets are sent', { set: 'both', brands: ['kvm'], effect: 'restart', unit: 'ns', default: '200000' }),
} satisfies PropertyTable
