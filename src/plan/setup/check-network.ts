import { isInSubnet, isNetworkOrBroadcast, isUnicast, networkOf, parseAddress, parseCidr, renderAddress, type Cidr } from '#lib/cidr.ts'
import { ok, unfinished, wrong, type Verdict } from './verdict.ts'

const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i

/** A host name, with or without domain. */
export function checkHostname(text: string): Verdict {
  if (text === '') return unfinished('A name is needed.')
  if (text.length > 64) return wrong('At most 64 characters.')
  const bad = /[^a-z0-9.-]/i.exec(text)?.[0]
  if (bad !== undefined) return wrong(`${bad === ' ' ? 'A blank' : `"${bad}"`} cannot be in a host name: use letters, digits, - and dots.`)
  if (/^[.-]|\.\.|-\.|\.-/.test(text)) return wrong('Each part must begin and end with a letter or digit.')
  if (/[.-]$/.test(text)) return unfinished('The name must end with a letter or digit.')
  if (/^[\d.]+$/.test(text)) return unfinished('A name of digits only would be taken for an address.')
  return text.split('.').every((part) => part.length <= 63) ? ok() : wrong('At most 63 characters between dots.')
}

/** `dhcp`, `none`, or ADDRESS/PREFIX of a host (IPv4). */
export function checkAdminAddress(text: string): Verdict {
  const expected = 'Type dhcp, or an address with its prefix length, such as 10.0.0.2/24.'
  if (text === 'dhcp' || text === 'none') return ok(text === 'none' ? 'The node will have no address of its own.' : undefined)
  if ('dhcp'.startsWith(text) || 'none'.startsWith(text)) return unfinished(expected)
  if (!/^[\d./]*$/.test(text)) return wrong(expected)
  if (hasTooLargeNumber(text)) return wrong('The numbers of an address go up to 255.')
  const cidr = parseCidr(text)
  if (cidr === null)
    return parseAddress(text) === null ? maybeAddress(text, expected) : unfinished('Add the prefix length of the network: /24 is the netmask 255.255.255.0.')
  return checkHostCidr(cidr)
}

function checkHostCidr(cidr: Cidr): Verdict {
  if (cidr.prefix < 8) return unfinished('The prefix length of a real network is 8 or more.')
  const shown = renderAddress(cidr)
  if (!isUnicast(cidr)) return wrong(`${shown} is no address of a host.`)
  if (isNetworkOrBroadcast(cidr))
    return wrong(`${shown} is the first or last address of ${renderAddress(networkOf(cidr))}/${cidr.prefix}, which no host can have.`)
  return ok()
}

/** `none`, or an address inside the network of `own`, but not `own` itself. */
export function checkGateway(text: string, own: string): Verdict {
  if (text === 'none') return ok('The node will reach its own network only.')
  if ('none'.startsWith(text)) return unfinished('Type the address of the gateway, or none.')
  if (!/^[\d.]*$/.test(text)) return wrong('An IPv4 address or none is expected.')
  if (hasTooLargeNumber(text)) return wrong('The numbers of an address go up to 255.')
  const gateway = parseAddress(text)
  const cidr = parseCidr(own)
  if (gateway === null) return maybeAddress(text, 'Type the address of the gateway, or none.')
  if (cidr === null) return ok()
  if (gateway.value === cidr.value) return unfinished(`${text} is the address of this node.`)
  const network = `${renderAddress(networkOf(cidr))}/${cidr.prefix}`
  return isInSubnet(gateway, cidr) ? ok() : unfinished(`${text} is not in the network ${network}.`)
}

/** Addresses with commas or blanks between; none when `optional`. */
export function checkResolvers(text: string, optional: boolean): Verdict {
  const parts = splitList(text)
  if (parts.length === 0) return optional ? ok() : unfinished('Type the address of a name server.')
  if (/[^\d.a-f:, ]/i.test(text)) return wrong('Addresses are expected, not names: 8.8.8.8, 2001:4860:4860::8888')
  if (parts.length > 3) return wrong('At most three name servers.')
  const bad = parts.find((part) => parseAddress(part) === null)
  if (bad !== undefined) return parts.at(-1) === bad ? unfinished(`"${bad}" is not an address yet.`) : wrong(`"${bad}" is not an address.`)
  return ok()
}

/** Domains with commas or blanks between; none is fine. */
export function checkDomains(text: string): Verdict {
  const parts = splitList(text)
  if (parts.length > 6) return wrong('At most six domains.')
  return checkEach(parts, (part) => part.split('.').every((piece) => label.test(piece) && piece.length <= 63), 'domain')
}

/** Names or addresses with commas or blanks between; none is fine. */
export function checkHosts(text: string): Verdict {
  const parts = splitList(text)
  if (parts.length > 8) return wrong('At most eight servers.')
  return checkEach(
    parts,
    (part) => parseAddress(part) !== null || (part.length <= 253 && part.split('.').every((piece) => label.test(piece))),
    'host name or address',
  )
}

function checkEach(parts: readonly string[], isGood: (part: string) => boolean, what: string): Verdict {
  const bad = parts.find((part) => !isGood(part))
  if (bad === undefined) return ok()
  const message = `"${bad}" is not a ${what}.`
  return bad === parts.at(-1) && /^[a-z0-9.:-]*$/i.test(bad) ? unfinished(message) : wrong(message)
}

/** `a, b c` → a b c. */
export function splitList(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '')
}

function hasTooLargeNumber(text: string): boolean {
  return (text.split('/')[0] ?? '').split('.').some((part) => Number(part) > 255)
}

function maybeAddress(text: string, expected: string): Verdict {
  return /^\d{0,3}(\.\d{0,3}){0,3}(\/\d{0,2})?$/.test(text) ? unfinished(expected) : wrong(expected)
}
