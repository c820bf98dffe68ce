import { platformPaths, systemPool } from '#contracts/platform/names.ts'
import { renderUsbkeyConfig } from '#contracts/platform/usbkey-config.ts'
import { parseCidr, renderAddress, renderNetmask } from '#lib/cidr.ts'
import type { SetupLayout } from './facts.ts'
import type { View } from './question.ts'
import { doomedPools, layoutOf, wantsNewPool } from './questions-disks.ts'
import { splitList } from './check-network.ts'
import { keyLines } from './ssh-key.ts'

/** All that setting up a node comes to. */
export interface SetupWork {
  pool: { kind: 'adopt'; name: string } | { kind: 'create'; name: string; layout: SetupLayout; destroys: readonly string[] }
  /** The platform goes onto the pool's disks. */
  bootable: boolean
  /** Text of /usbkey/config. */
  config: string
  /** root's password; null = no login with one. */
  secret: { password: string } | { hash: string } | null
  /** Text of the authorized_keys file; '' = none. */
  keys: string
}

/** root's keys; read at every boot. */
export const authorizedKeysFile = '/usbkey/authorized_keys'
/** root's line of /etc/shadow. */
export const shadowFile = '/usbkey/shadow'
export const configFile = platformPaths.usbkeyConfig

/** The answers as work to be done. Only for answers with no open question. */
export function planSetupWork(view: View): SetupWork {
  const keys = keyLines(view.text('root_authorized_keys'))
  return {
    pool: planPool(view),
    bootable: view.applies('bootpool') && view.text('bootpool') === 'zones',
    config: renderUsbkeyConfig(listSettings(view)),
    secret: planSecret(view),
    keys: keys.map((key) => `${key}\n`).join(''),
  }
}

function planPool(view: View): SetupWork['pool'] {
  if (!wantsNewPool(view)) return { kind: 'adopt', name: view.text('pool') }
  // An answer that is not open names a layout that is there.
  return { kind: 'create', name: systemPool, layout: layoutOf(view, view.text('zpool_layout'))!, destroys: doomedPools(view) }
}

function planSecret(view: View): SetupWork['secret'] {
  const password = view.text('root_password')
  if (password !== '') return { password }
  return view.given.root_shadow === undefined ? null : { hash: view.given.root_shadow }
}

function listSettings(view: View): [string, string][] {
  const settings: [string, string][] = [['hostname', view.text('hostname')]]
  if (view.applies('admin_nic')) settings.push(['admin_nic', view.text('admin_nic')], ...listAddress(view))
  for (const [key, id] of [
    ['dns_resolvers', 'dns_resolvers'],
    ['dns_search', 'dns_search'],
    ['ntp_hosts', 'ntp_host'],
  ] as const) {
    const values = view.applies(id) ? splitList(view.text(id)) : []
    if (values.length > 0) settings.push([key, values.join(',')])
  }
  if (view.given.dns_domain !== undefined) settings.push(['dns_domain', view.given.dns_domain])
  return settings
}

function listAddress(view: View): [string, string][] {
  const address = view.text('admin_ip')
  const cidr = parseCidr(address)
  if (cidr === null) return [['admin_ip', address]]
  return [
    ['admin_ip', renderAddress(cidr)],
    ['admin_netmask', renderNetmask(cidr.prefix)],
    ['headnode_default_gateway', view.text('headnode_default_gateway')],
  ]
}
