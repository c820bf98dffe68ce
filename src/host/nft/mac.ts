/** A MAC as one number, for matches by offset. */
export function hexOf(mac: string): string {
  return `0x${mac.replaceAll(':', '')}`
}

/** The interface identifier an address made by SLAAC has (RFC 4291 appendix A), as four groups. */
export function interfaceIdOf(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((part) => Number.parseInt(part, 16))
  return [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f].map((group) => group.toString(16)).join(':')
}
