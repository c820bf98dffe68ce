import type { Custom, CustomUser } from '#contracts/platform/custom.ts'
import { homeOf, parseAccounts, parseGroups, renderAccounts } from './accounts.ts'
import type { CustomFacts, CustomItem, CustomStep } from './facts.ts'

/** Keys lie outside of homes: root writes nothing where a user could have put a link. sshd of the platform looks there. */
export const keysDirectory = '/etc/ssh/authorized_keys.d'

export function keysPath(name: string): string {
  return `${keysDirectory}/${name}`
}

export function planUsers(facts: CustomFacts, custom: Custom): CustomItem[] {
  return custom.users.map((user, index) => {
    const problem = problemOfTwins(custom.users.slice(0, index), user) ?? problemOfUser(facts, user)
    const item = { kind: 'user', name: user.name } as const
    return problem === null ? { ...item, steps: stepsOf(facts, user) } : { ...item, steps: [], problem }
  })
}

/** Keys of root, apart from those of /usbkey/config. */
export function planRootKeys(facts: CustomFacts, custom: Custom): CustomItem[] {
  if (custom.root_authorized_keys.length === 0) return []
  const problem = problemOfKeys('root', custom.root_authorized_keys)
  const item = { kind: 'root_keys', name: 'root' } as const
  return problem === null ? [{ ...item, steps: keySteps(facts, 'root', custom.root_authorized_keys) }] : [{ ...item, steps: [], problem }]
}

function stepsOf(facts: CustomFacts, user: CustomUser): CustomStep[] {
  const wanted = renderAccounts(facts.accounts, user)
  const same = wanted.passwd === facts.accounts.passwd && wanted.group === facts.accounts.group && wanted.shadow === facts.accounts.shadow
  const home = homeOf(user)
  return [
    ...(same ? [] : [{ kind: 'account.ensure', user } as const]),
    ...(facts.directories.has(home) ? [] : [{ kind: 'home.ensure', path: home, uid: user.uid } as const]),
    ...keySteps(facts, user.name, user.authorized_keys),
  ]
}

function keySteps(facts: CustomFacts, name: string, keys: readonly string[]): CustomStep[] {
  const path = keysPath(name)
  const text = keys.map((key) => `${key}\n`).join('')
  const present = facts.files.get(path)?.text ?? ''
  // sshd reads it as the user who logs in.
  return present === text ? [] : [{ kind: 'file.write', path, text, mode: 0o644 }]
}

function problemOfTwins(before: readonly CustomUser[], user: CustomUser): string | null {
  if (before.some((other) => other.name === user.name)) return `The user ${user.name} is declared twice.`
  const twin = before.find((other) => other.uid === user.uid)
  return twin === undefined ? null : `The users ${twin.name} and ${user.name} have the same uid ${user.uid}.`
}

function problemOfUser(facts: CustomFacts, user: CustomUser): string | null {
  const own = parseAccounts(facts.pristine.passwd)
  if (own.some(({ name }) => name === user.name)) return `The user ${user.name} is one of the platform's own and cannot be declared.`
  const present = [
    ...parseAccounts(facts.accounts.passwd).map(({ name, uid }) => ({ name, id: uid })),
    ...parseGroups(facts.accounts.group).map(({ name, gid }) => ({ name, id: gid })),
  ]
  const holder = present.find(({ name, id }) => id === user.uid && name !== user.name)
  if (holder !== undefined) return `The uid ${user.uid} of ${user.name} belongs to ${holder.name} already; choose another.`
  const groups = new Set(parseGroups(facts.accounts.group).map(({ name }) => name))
  const missing = user.groups.find((name) => !groups.has(name))
  if (missing !== undefined) return `The user ${user.name} shall be in the group ${missing}, which this platform has not.`
  if (user.groups.includes('sudo')) return `The user ${user.name} cannot be in the group sudo; who shall be root logs in as root.`
  if (!isShell(facts.shells, user.shell)) return `The shell ${user.shell} of ${user.name} is not one of /etc/shells.`
  if (!/^\/(opt|zones|home)\//.test(homeOf(user))) return `The home ${homeOf(user)} of ${user.name} must be below /opt, /zones or /home.`
  return problemOfKeys(user.name, user.authorized_keys)
}

function isShell(shells: string, shell: string): boolean {
  return /^\/(usr\/)?(sbin\/nologin|bin\/false)$/.test(shell) || shells.split('\n').includes(shell)
}

const keyTypes = /^(ssh-(rsa|ed25519|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]{20,}={0,3}( .*)?$/
// Options before the key: words with quoted values.
const keyOptions = /^(?:[a-z0-9-]+(?:="(?:[^"\\]|\\.)*")?)(?:,[a-z0-9-]+(?:="(?:[^"\\]|\\.)*")?)* /i

function problemOfKeys(name: string, keys: readonly string[]): string | null {
  const at = keys.findIndex((key) => !keyTypes.test(key) && !keyTypes.test(key.replace(keyOptions, '')))
  return at < 0 ? null : `Key ${at + 1} of ${name} is not an ssh public key: "${keys[at]!.slice(0, 30)}…".`
}
