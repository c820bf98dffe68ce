import { AppError } from '#contracts/errors.ts'
import { type Cidr, isInSubnet, networkOf, parseAddress, parseCidr, renderAddress } from '#lib/cidr.ts'

/**
 * Addresses and CIDRs of one family as subnets, none within another. InvalidPayload names text that is no address: nothing unparsed may reach the ruleset.
 */
export function parseSources(texts: readonly string[], family: 4 | 6): Cidr[] {
  const subnets = texts.map(parseSource).filter((cidr) => cidr.family === family)
  subnets.sort((a, b) => a.prefix - b.prefix)
  const kept: Cidr[] = []
  for (const subnet of subnets) if (!kept.some((wider) => isInSubnet(subnet, wider))) kept.push(subnet)
  return kept
}

/** `10.0.0.2` or `10.1.0.0/16` */
export function renderSource(cidr: Cidr): string {
  return cidr.prefix === (cidr.family === 4 ? 32 : 128) ? renderAddress(cidr) : `${renderAddress(cidr)}/${cidr.prefix}`
}

/** Match of the first `prefix` bits found at `offset` bits of the transport header, where nft knows no field name. */
export function renderBitsMatch(cidr: Cidr, offset: number): string {
  if (cidr.prefix === 0) return ''
  const bits = cidr.value >> BigInt(128 - cidr.prefix)
  return `@th,${offset},${cidr.prefix} 0x${bits.toString(16)}`
}

function parseSource(text: string): Cidr {
  const address = parseAddress(text)
  const cidr = address === null ? parseCidr(text) : { ...address, prefix: address.family === 4 ? 32 : 128 }
  if (cidr === null) throw new AppError('InvalidPayload', `"${text}" is neither an IP address nor a subnet.`)
  return { ...cidr, value: networkOf(cidr).value }
}
