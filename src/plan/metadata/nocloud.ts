import type { MachineRecord, Nic } from '#contracts/machine/record.ts'

/** Files of a NoCloud seed by name. JSON wherever we are free to choose, since every JSON text is YAML. */
export interface NoCloudSeed {
  'meta-data': string
  'user-data': string
  'vendor-data': string
  'network-config': string
}

/**
 * What cloud-init of a zone reads in place of its SmartOS source, which recognises only BrandZ and DMI
 * names. `customer_metadata` may give `cloud-init:user-data`, `cloud-init:vendor-data` and
 * `cloud-init:network-config` literally; `user-data` is the older name of the first.
 */
export function renderNoCloudSeed(record: MachineRecord): NoCloudSeed {
  const given = (key: string): string | undefined => (Object.hasOwn(record.customer_metadata, key) ? String(record.customer_metadata[key]) : undefined)
  return {
    'meta-data': renderJson(renderMetaData(record)),
    'user-data': given('cloud-init:user-data') ?? given('user-data') ?? '',
    // Else cloud-init lets root log in only to be told to use another name.
    'vendor-data': given('cloud-init:vendor-data') ?? `#cloud-config\n${renderJson({ disable_root: false })}`,
    'network-config': given('cloud-init:network-config') ?? renderJson(renderNetworkConfig(record)),
  }
}

function renderMetaData(record: MachineRecord): Record<string, unknown> {
  const keys = String(record.customer_metadata['root_authorized_keys'] ?? '')
    .split('\n')
    .map((line) => line.trim())
  const isName = record.dns_domain === '' || record.hostname.includes('.')
  return {
    'instance-id': record.uuid,
    'local-hostname': isName ? record.hostname : `${record.hostname}.${record.dns_domain}`,
    'public-keys': keys.filter((line) => line !== '' && !line.startsWith('#')),
    ...(record.datacenter_name === undefined ? {} : { 'availability-zone': record.datacenter_name }),
  }
}

/** cloud-init's network-config version 2; nics are found by MAC. The first nic is primary when none says so. */
export function renderNetworkConfig(record: MachineRecord): Record<string, unknown> {
  const primary = record.nics.find((nic) => nic.primary === true) ?? record.nics[0]
  const ethernets = record.nics.map((nic) => [nic.interface, renderEthernet(nic, nic === primary, record)])
  return { version: 2, ethernets: Object.fromEntries(ethernets) }
}

function renderEthernet(nic: Nic, primary: boolean, record: MachineRecord): Record<string, unknown> {
  const addresses = nic.ips.filter((address) => address.includes('/'))
  const routes = [...renderGateways(nic, primary), ...renderStaticRoutes(nic, primary, record)]
  const nameservers = { addresses: record.resolvers, ...(record.dns_domain === '' ? {} : { search: [record.dns_domain] }) }
  return {
    'match': { macaddress: nic.mac.toLowerCase() },
    'set-name': nic.interface,
    'dhcp4': nic.ips.includes('dhcp'),
    ...(nic.ips.includes('addrconf') ? { 'dhcp6': true, 'accept-ra': true } : { dhcp6: false }),
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(routes.length === 0 ? {} : { routes }),
    ...(primary && record.resolvers.length > 0 ? { nameservers } : {}),
    ...(nic.mtu === undefined ? {} : { mtu: nic.mtu }),
  }
}

interface SeedRoute {
  to: string
  via: string
}

/** Only the primary nic gives a default route. Written as a prefix: `default` is younger than cloud-init 22. */
function renderGateways(nic: Nic, primary: boolean): SeedRoute[] {
  if (!primary) return []
  const gateways = nic.gateways ?? (nic.gateway === undefined ? [] : [nic.gateway])
  return gateways.map((via) => ({ to: via.includes(':') ? '::/0' : '0.0.0.0/0', via }))
}

/** A machine's static routes stand at its primary nic. Those over a link without a gateway are left to the node, which sets all of them. */
function renderStaticRoutes(nic: Nic, primary: boolean, record: MachineRecord): SeedRoute[] {
  if (!primary || nic.ips.length === 0) return []
  const routes = Object.entries(record.routes).filter(([, via]) => /^[0-9a-f.:]+$/i.test(via))
  return routes.map(([to, via]) => ({ to: to.includes('/') ? to : `${to}/${to.includes(':') ? 128 : 32}`, via }))
}

function renderJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
