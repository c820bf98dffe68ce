import { z } from 'zod'
import { nicFields } from './properties-nic.ts'
import { type PropertyTable, describeProperty, osBrands } from './properties-shape.ts'
import { booleanSchema, ipSchema, listSchema } from './properties-values.ts'

const nics = z.array(z.record(z.string(), z.unknown(), 'must be an object'), 'must be a list of objects').max(32, 'must have at most 32 items')
const routes = z.record(z.string(), z.string('must be a gateway, nics[N] or macs[MAC]'), 'must be an object from destinations to gateways')

/** Nics and the network of a machine as a whole (reference 1.5.5, 1.5.6). */
export const networkProperties = {
  nics: describeProperty(nics, 'Network cards', { set: 'create', effect: 'restart', default: '[]', collection: { kind: 'list', key: 'mac', fields: nicFields }, example: [{ nic_tag: 'internal', ips: ['10.88.0.5/24'], gateways: ['10.88.0.1'] }] }),
  resolvers: describeProperty(listSchema(ipSchema(), 16, 'IPv4 and IPv6 addresses'), 'Name servers; written into the guest once unless maintain_resolvers', { set: 'both', effect: 'live', default: '[]', example: ['10.88.0.1'] }),
  maintain_resolvers: describeProperty(booleanSchema(), 'Write the resolvers into the guest at every boot and update', { set: 'both', brands: osBrands, effect: 'live', default: 'false' }),
  routes: describeProperty(routes, 'Static routes: address or CIDR to gateway, nics[N] or macs[MAC]', { set: 'create', effect: 'live', default: '{}', collection: { kind: 'map' }, example: { '10.2.0.0/16': '10.88.0.1' } }),
  firewall_enabled: describeProperty(booleanSchema(), 'Filter the machine’s traffic by firewall rules', { set: 'both', effect: 'live', default: 'false' }),
  firewall: describeProperty(z.object({ rules: z.array(z.unknown(), 'must be a list').optional(), remoteVMs: z.array(z.unknown(), 'must be a list').optional() }, 'must be an object with rules and remoteVMs'), 'Rules to add with the machine', { set: 'create' }),
} satisfies PropertyTable
