import type { CustomUser } from '#contracts/platform/custom.ts'
import type { Accounts } from './facts.ts'

export interface Account {
  name: string
  uid: number
}

/** Accounts of a passwd file. */
export function parseAccounts(passwd: string): Account[] {
  return splitLines(passwd).map((fields) => ({ name: fields[0] ?? '', uid: Number(fields[2]) }))
}

/** Names and numbers of the groups of a group file. */
export function parseGroups(group: string): { name: string; gid: number }[] {
  return splitLines(group).map((fields) => ({ name: fields[0] ?? '', gid: Number(fields[2]) }))
}

/** Where the home of a declared user is. */
export function homeOf(user: CustomUser): string {
  return user.home ?? `/opt/home/${user.name}`
}

/** The account files with the user in them as declared; the same texts when it is there already. */
export function renderAccounts(accounts: Accounts, user: CustomUser): Accounts {
  const { name, uid } = user
  const withUser = setLine(accounts.passwd, name, () => [name, 'x', String(uid), String(uid), '', homeOf(user), user.shell])
  const group = setLine(accounts.group, name, (old) => [name, 'x', String(uid), old?.[3] ?? ''])
  return {
    passwd: withUser,
    group: setMembership(group, name, new Set(user.groups)),
    // `*` lets nobody in by password and, unlike `!`, does not keep keys from being used.
    shadow: setLine(accounts.shadow, name, (old) => [name, user.password_hash ?? '*', old?.[2] ?? '20000', '0', '99999', '7', '', '', '']),
  }
}

/** The user in just those further groups, whatever was before. */
function setMembership(group: string, name: string, wanted: ReadonlySet<string>): string {
  const lines = splitLines(group).map((fields) => {
    const [groupName = '', password = 'x', gid = '', members = ''] = fields
    const others = members.split(',').filter((member) => member !== '' && member !== name)
    return [groupName, password, gid, (wanted.has(groupName) ? [...others, name] : others).join(',')].join(':')
  })
  return lines.map((line) => `${line}\n`).join('')
}

function setLine(text: string, name: string, render: (old: string[] | undefined) => string[]): string {
  const lines = splitLines(text)
  const at = lines.findIndex((fields) => fields[0] === name)
  const fresh = render(at < 0 ? undefined : lines[at])
  const all = at < 0 ? [...lines, fresh] : lines.with(at, fresh)
  return all.map((fields) => `${fields.join(':')}\n`).join('')
}

function splitLines(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'))
}
