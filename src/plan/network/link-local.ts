/** The last 64 bits that IPv6 derives from a MAC (RFC 4291, modified EUI-64), as four groups: `0:ff:fe00:1`. */
export function planInterfaceId(mac: string): string {
  const bytes = mac.split(':').map((part) => Number.parseInt(part, 16))
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes
  const groups = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f]
  return groups.map((group) => group.toString(16)).join(':')
}

/** Link-local address that the kernel gives a link with this MAC. */
export function planLinkLocal(mac: string): string {
  return `fe80::${planInterfaceId(mac)}`
}
