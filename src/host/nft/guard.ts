import type { NicPlan } from '../network.ts'
import { renderFromRules, renderToRules } from './guard-rules.ts'
import { renderTargetRules } from './ndp-rules.ts'
import { checkToken } from './token.ts'

/**
 * The guards: table `bridge spirula`, whose two base chains find the nic's own chain by the name of its link in
 * one look-up, so that neither a frame nor a change costs more when there are more zones. A link named
 * `z…` without a guard sends nothing.
 */
export const guardTable = 'bridge spirula'

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

/** Text for one `nft -f -`: the whole of it takes effect at once, or nothing. `fresh` forgets leases of a former nic of that name. */
export function renderGuards(nics: readonly NicPlan[], options: { fresh: boolean }): string {
  return base + nics.map((nic) => renderGuard(nic, options.fresh)).join('')
}

/** Removes the guards of links; those that have none are made first, as nft refuses to delete what is not there. */
export function renderGuardRemoval(hostLinks: readonly string[]): string {
  return base + hostLinks.map((name) => renderRemoval(checkToken('link', name))).join('')
}

function renderGuard(nic: NicPlan, fresh: boolean): string {
  const link = checkToken('link', nic.host_link)
  checkToken('mac', nic.mac)
  return `${renderObjects(link)}${renderFlush(link)}${fresh ? `flush set ${guardTable} lease_${link}\n` : ''}table ${guardTable} {
  chain from_${link} {
${indent(renderFromRules(nic))}
  }
  chain target_${link} {
${indent(renderTargetRules(nic))}
  }
  chain to_${link} {
${indent(renderToRules(nic))}
  }
}
add element ${guardTable} from_nics { "${link}" : goto from_${link} }
add element ${guardTable} to_nics { "${link}" : goto to_${link} }
`
}

function renderRemoval(link: string): string {
  return `${renderObjects(link)}add element ${guardTable} from_nics { "${link}" : goto from_${link} }
add element ${guardTable} to_nics { "${link}" : goto to_${link} }
delete element ${guardTable} from_nics { "${link}" }
delete element ${guardTable} to_nics { "${link}" }
${renderFlush(link)}delete chain ${guardTable} from_${link}
delete chain ${guardTable} to_${link}
delete chain ${guardTable} target_${link}
delete set ${guardTable} lease_${link}
`
}

/** A lease names an address that a DHCP server gave the nic; 30 days outlive any renewal. */
function renderObjects(link: string): string {
  return `table ${guardTable} {
  set lease_${link} { typeof @nh,96,32; size 16; flags dynamic,timeout; timeout 30d; }
  chain target_${link} { }
  chain from_${link} { }
  chain to_${link} { }
}
`
}

function renderFlush(link: string): string {
  return ['from', 'to', 'target'].map((chain) => `flush chain ${guardTable} ${chain}_${link}\n`).join('')
}

function indent(rules: readonly string[]): string {
  return rules.map((rule) => `    ${rule}`).join('\n')
}
