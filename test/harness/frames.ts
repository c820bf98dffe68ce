/** Raw Ethernet frames as hex, for the spoofing tests. Checksums of the upper layers are left 0: a bridge does not look. */
export const own = { mac: '020820000061', ip: '0a5a003d', ip6: 'fd900000000000000000000000000061', linkLocal: 'fe80000000000000000820fffe000061' }
export const other = { mac: '020820000099', ip: '0a5a0063', ip6: 'fd900000000000000000000000000099', linkLocal: 'fe80000000000000000820fffe000099' }
const broadcast = 'ffffffffffff'
const allNodes = 'ff020000000000000000000000000001'
const nowhere = '0'.repeat(32)

export function ether(type: string, payload: string, from = own.mac, to = broadcast): string {
  return to + from + type + payload
}

export function ipv4(protocol: string, payload: string, from = own.ip, fragment = '0000'): string {
  const length = hex(20 + payload.length / 2, 2)
  const words = ['4500', length, '0000', fragment, `40${protocol}`, '0000', from.slice(0, 4), from.slice(4), 'ffff', 'ffff']
  const sum = words.reduce((total, word) => total + Number.parseInt(word, 16), 0)
  words[5] = hex(~((sum & 0xffff) + (sum >> 16)) & 0xffff, 2)
  return words.join('') + payload
}

export function ipv6(next: string, payload: string, from = own.ip6, to = allNodes): string {
  return `60000000${hex(payload.length / 2, 2)}${next}ff${from}${to}${payload}`
}

export function udp(from: number, to: number, payload = 'beef'): string {
  return hex(from, 2) + hex(to, 2) + hex(8 + payload.length / 2, 2) + '0000' + payload
}

export function tcpSyn(to: number): string {
  return `3039${hex(to, 2)}00000001000000005002ffff00000000`
}

export function arp(senderMac: string, senderIp: string): string {
  return `0001080006040001${senderMac}${senderIp}000000000000${own.ip}`
}

/** BOOTP up to the end of `file`, then the cookie and option 53. */
export function bootp(operation: '01' | '02', hardware: string): string {
  return `${operation}010600abcdef0100000000${'00000000'.repeat(4)}${hardware}${'00'.repeat(10)}${'00'.repeat(192)}63825363350101ff`
}

export function neighbour(type: 'solicit' | 'advert', target: string, option = ''): string {
  return `${type === 'solicit' ? '8700' : '8800'}0000${type === 'advert' ? '20000000' : '00000000'}${target}${option}`
}

export const routerAdvert = `86000000400007080000000000000000`
export const routerSolicit = '8500000000000000'
export const redirect = `8900000000000000${other.linkLocal}${other.ip6}`
export const listenerReport = `8f0000000000000104000000ff0200000000000000000001ff000061`
export { allNodes, nowhere }

function hex(value: number, bytes: number): string {
  return value.toString(16).padStart(bytes * 2, '0')
}
