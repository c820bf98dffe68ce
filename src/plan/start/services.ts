import { listOf } from './network-settings.ts'

type Values = ReadonlyMap<string, string>

/** Used until the settings name time servers. */
const defaultNtp = 'pool 2.debian.pool.ntp.org iburst\n'

/** For /run/systemd/resolved.conf.d; null when the settings say nothing of names. */
export function renderResolved(values: Values): string | null {
  const servers = listOf(values.get('dns_resolvers'))
  const domains = [...new Set([...listOf(values.get('dns_domain')), ...listOf(values.get('dns_search'))])]
  if (servers.length === 0 && domains.length === 0) return null
  const lines = ['[Resolve]', ...(servers.length === 0 ? [] : [`DNS=${servers.join(' ')}`]), ...(domains.length === 0 ? [] : [`Domains=${domains.join(' ')}`])]
  return `${lines.join('\n')}\n`
}

/** Sources of chrony; a server that cannot be resolved yet is asked for again later. */
export function renderChronySources(values: Values): string {
  const hosts = listOf(values.get('ntp_hosts'))
  return hosts.length === 0 ? defaultNtp : hosts.map((host) => `server ${host} iburst\n`).join('')
}

/** For /run/spirula/sshd: where the host's keys are, and whether root may come with a password. */
export function renderSshd(keys: readonly string[], hasPassword: boolean): string {
  const login = hasPassword ? ['PasswordAuthentication yes', 'PermitRootLogin yes'] : ['PasswordAuthentication no', 'PermitRootLogin prohibit-password']
  return `${[...keys.map((key) => `HostKey ${key}`), ...login].join('\n')}\n`
}

/** The name of a node: the settings', else one made from the first nic so that nodes of a network differ. */
export function planHostname(values: Values, macs: readonly string[]): string {
  const set = values.get('hostname') ?? ''
  if (set !== '') return set
  const [mac] = [...macs].sort()
  return mac === undefined ? 'spirula' : `spirula-${mac.replaceAll(':', '').slice(-6)}`
}

export function renderHosts(hostname: string, domain: string): string {
  const short = hostname.split('.')[0]!
  const full = hostname.includes('.') || domain === '' ? hostname : `${hostname}.${domain}`
  const names = [...new Set([full, hostname, short])].join(' ')
  return `127.0.0.1 localhost\n127.0.1.1 ${names}\n::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n`
}

/** Root's hash out of the text of /usbkey/shadow: one line that is the hash, or a line of shadow(5); null when there is none. */
export function parseRootHash(text: string): string | null {
  const line = text.split('\n').find((one) => one.startsWith('root:')) ?? text.split('\n').find((one) => one.trim() !== '') ?? ''
  const hash = line.startsWith('root:') ? (line.split(':')[1] ?? '') : line.trim()
  return hash !== '' && !/[:\s]/.test(hash) ? hash : null
}

/** Root's hash in the text of /etc/shadow; locked when root is not in it. */
export function readRootHash(shadow: string): string {
  return /^root:([^:\n]*):/m.exec(shadow)?.[1] ?? '*'
}

/**
 * Root's hash for this boot. While no pool tells a password, whoever has the console of an image without one is let in:
 * they could as well change the kernel's command line. sshd takes no empty password.
 */
export function planRootHash({ own, current, hasPool }: { own: string | null; current: string; hasPool: boolean }): string {
  if (own !== null) return own
  if (current !== '' && current !== '*') return current
  return hasPool ? '*' : ''
}

/** True for a hash that a password can match: not locked, not empty. */
export function canLogIn(hash: string | null): boolean {
  return hash !== null && /^\$[0-9a-z]+\$/.test(hash)
}

/** The text of /etc/shadow with root's hash replaced; as it was when root is not in it. */
export function replaceRootHash(shadow: string, hash: string): string {
  return shadow.replace(/^root:[^:\n]*:/m, () => `root:${hash}:`)
}
