import type { NicPlan } from '../network.ts'
import { renderFromRules, renderToRules } from './guard-rules.ts'
import { renderTargetRules } from './ndp-rules.ts'
import { checkToken } from './token.ts'

/**
 * The guards: table `bridge spirula`, whose two base chains find the nic's own chain by the name of its link in
 * one look-up, so that a frame costs no more when there are more zones. A link named `z…` without a guard
 * sends nothing.
 */
export const guardTable = 'bridge spirula'
export const guardMap = ['bridge', 'spirula', 'from_nics'] as const

/** Frames to the bridge group addresses would reach the host's stack past this hook: the ports forward them here, to be dropped. */
const base = `table ${guardTable} {
  map from_nics { type ifname : verdict; }
  map to_nics { type ifname : verdict; }
  chain guard_from { type filter hook prerouting priority -300; policy accept; }
  chain guard_to { type filter hook postrouting priority 300; policy accept; }
}
flush chain ${guardTable} guard_from
flush chain ${guardTable} guard_to
table ${guardTable} {
  chain guard_from {
    iifname != "z*" accept
    ether type 8021q drop
    ether type 8021ad drop
    ether daddr & ff:ff:ff:ff:ff:f0 == 01:80:c2:00:00:00 drop
    iifname vmap @from_nics
    drop
  }
  chain guard_to {
    oifname vmap @to_nics
  }
}
`

/** Links named in the listing of `guardMap`, sorted. */
export function parseGuardMap(text: string): string[] {
  return [...text.matchAll(/"(z\d+n\d+)" : /g)].map((match) => match[1]!).sort()
}

/** Text for `nft -f -` that makes the base chains; the guards that there are stay. */
export function renderGuardBase(): string {
  return base
}

/**
 * Text for one `nft -f -`: the whole of it takes effect at once, or nothing; the base must be there. Only commands
 * for which nft (1.0.6) does not first read all chains and sets of the node back from the kernel: no `table`
 * block, no `add rule`, no `add element`. So a change costs the same however many zones there are.
 */
export function renderGuards(nics: readonly NicPlan[]): string {
  return nics.map(renderGuard).join('')
}

/** Removes the guards of links; those that have none are made first, as nft refuses to delete what is not there. */
export function renderGuardRemoval(hostLinks: readonly string[]): string {
  return hostLinks.map((name) => renderRemoval(checkToken('link', name))).join('')
}

function renderGuard(nic: NicPlan): string {
  const link = checkToken('link', nic.host_link)
  checkToken('mac', nic.mac)
  return [
    renderObjects(link),
    renderFlush(link),
    renderChain(`target_${link}`, renderTargetRules(nic)),
    renderChain(`from_${link}`, renderFromRules(nic)),
    renderChain(`to_${link}`, renderToRules(nic)),
    renderElements(link),
  ].join('')
}

function renderRemoval(link: string): string {
  return `${renderObjects(link)}${renderElements(link)}delete element ${guardTable} from_nics { "${link}" }
delete element ${guardTable} to_nics { "${link}" }
${renderFlush(link)}delete chain ${guardTable} from_${link}
delete chain ${guardTable} to_${link}
delete chain ${guardTable} target_${link}
delete set ${guardTable} lease_${link}
`
}

/** A lease names an address that a DHCP server gave the nic; 30 days outlive any renewal. */
function renderObjects(link: string): string {
  return `add set ${guardTable} lease_${link} { typeof @nh,96,32; size 16; flags dynamic,timeout; timeout 30d; }
${['target', 'from', 'to'].map((chain) => `add chain ${guardTable} ${chain}_${link}\n`).join('')}`
}

/** To name a map again together with elements is the one way to add to it that reads nothing back. */
function renderElements(link: string): string {
  return ['from', 'to'].map((way) => `add map ${guardTable} ${way}_nics { type ifname : verdict; elements = { "${link}" : goto ${way}_${link} }; }\n`).join('')
}

function renderFlush(link: string): string {
  return ['from', 'to', 'target'].map((chain) => `flush chain ${guardTable} ${chain}_${link}\n`).join('')
}

function renderChain(name: string, rules: readonly string[]): string {
  return rules.length === 0 ? '' : `add chain ${guardTable} ${name} {\n${rules.map((rule) => `  ${rule}\n`).join('')}}\n`
}
