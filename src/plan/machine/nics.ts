import { AppError } from '#contracts/errors.ts'
import type { Brand, Nic } from '#contracts/machine/record.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { isPublic, parseCidr } from '#lib/cidr.ts'
import { type AddressLookup, plainAddresses } from './address-index.ts'
import { findNicConflicts } from './conflicts.ts'
import type { NicDraft } from './nic-draft.ts'
import type { Problem } from './problems.ts'

export interface NicFacts {
  newMac: () => string
  readNicTag: (name: string) => NicTag | null
  conflicts: AddressLookup
}

export interface NicOwner {
  uuid: string
  brand: Brand
}

/** All nics of a machine made out of their drafts: names, MACs and the primary one chosen, then checked together. */
export function planNicList(drafts: readonly NicDraft[], owner: NicOwner, facts: NicFacts): { nics: Nic[]; problems: Problem[] } {
  const names = planNames(drafts, owner.brand)
  const macs = planMacs(drafts, facts)
  const primary = choosePrimary(drafts)
  const nics = drafts.map(({ nic }, index): Nic => {
    const { interface: _interface, mac: _mac, nic_tag, ips, ...rest } = nic
    return { interface: names[index] ?? '', mac: macs[index] ?? '', nic_tag, ips, ...rest, ...(index === primary ? { primary: true } : {}) }
  })
  const paths = drafts.map((draft) => draft.path)
  const problems = [...checkPrimary(drafts), ...checkDuplicates(nics, paths), ...checkCounts(nics), ...checkVrrp(nics, paths)]
  for (const [index, nic] of nics.entries()) {
    const path = paths[index] ?? ''
    if (drafts[index]?.touched === true) problems.push(...checkTag(nic, path, facts.readNicTag), ...findNicConflicts(nic, path, facts.conflicts, owner.uuid))
  }
  return { nics, problems }
}

/** net0, net1 … (eth0 … for lx): the lowest number that is free. */
function planNames(drafts: readonly NicDraft[], brand: Brand): string[] {
  const prefix = brand === 'lx' ? 'eth' : 'net'
  const taken = new Set(drafts.map((draft) => draft.nic.interface))
  return drafts.map(({ nic }) => {
    if (nic.interface !== undefined) return nic.interface
    let number = 0
    while (taken.has(`${prefix}${number}`)) number++
    taken.add(`${prefix}${number}`)
    return `${prefix}${number}`
  })
}

const mostDraws = 100

function planMacs(drafts: readonly NicDraft[], facts: NicFacts): string[] {
  const taken = new Set(drafts.map((draft) => draft.nic.mac))
  return drafts.map(({ nic }) => {
    if (nic.mac !== undefined) return nic.mac
    for (let draw = 0; draw < mostDraws; draw++) {
      const mac = facts.newMac()
      if (taken.has(mac) || facts.conflicts.byMac(mac) !== null) continue
      taken.add(mac)
      return mac
    }
    throw new AppError('Internal', `No free MAC was found in ${mostDraws} draws.`)
  })
}

/** Asked for, else the one before, else (it was removed) one with a public address, else the first. */
function choosePrimary(drafts: readonly NicDraft[]): number {
  const asked = drafts.findIndex((draft) => draft.primary === 'asked')
  if (asked >= 0) return asked
  const before = drafts.findIndex((draft) => draft.primary === 'was')
  if (before >= 0) return before
  // Only nics that stayed compete with their addresses: of a new machine the first nic is primary.
  const withPublic = drafts.some((draft) => !draft.touched) ? drafts.findIndex(hasPublicAddress) : -1
  return withPublic >= 0 ? withPublic : 0
}

function hasPublicAddress(draft: NicDraft): boolean {
  return draft.nic.ips.some((entry) => {
    const cidr = parseCidr(entry)
    return cidr !== null && isPublic(cidr)
  })
}

function checkPrimary(drafts: readonly NicDraft[]): Problem[] {
  const asked = drafts.filter((draft) => draft.primary === 'asked')
  return asked.slice(1).map((draft) => ({ path: `${draft.path}.primary`, message: 'payload specifies more than 1 primary NIC' }))
}

function checkDuplicates(nics: readonly Nic[], paths: readonly string[]): Problem[] {
  const problems: Problem[] = []
  const seen = new Set<string>()
  const claim = (kind: string, value: string, path: string, message: string): void => {
    if (seen.has(`${kind} ${value}`)) problems.push({ path, message })
    seen.add(`${kind} ${value}`)
  }
  for (const [index, nic] of nics.entries()) {
    const path = paths[index] ?? ''
    claim('interface', nic.interface, `${path}.interface`, `Cannot add multiple NICs with the same interface: ${nic.interface}`)
    if (nic.vrrp_vrid === undefined) claim('mac', nic.mac, `${path}.mac`, `Cannot add multiple NICs with the same MAC: ${nic.mac}`)
    else claim('vrid', String(nic.vrrp_vrid), `${path}.vrrp_vrid`, `Cannot add multiple NICs with the same VRID: ${nic.vrrp_vrid}`)
    for (const ip of new Set(plainAddresses(nic))) claim('ip', ip, `${path}.ips`, `Cannot add multiple NICs with the same IP: ${ip}`)
  }
  return problems
}

const mostNics = 32
const mostAddresses = 32

function checkCounts(nics: readonly Nic[]): Problem[] {
  const addresses = nics.reduce((sum, nic) => sum + nic.ips.length, 0)
  return [
    ...(nics.length > mostNics ? [{ path: 'nics', message: `The machine would have ${nics.length} nics, but is limited to ${mostNics}.` }] : []),
    ...(addresses > mostAddresses
      ? [{ path: 'nics.*.ips', message: `The nics have ${addresses} addresses together, but are limited to ${mostAddresses}.` }]
      : []),
  ]
}

function checkVrrp(nics: readonly Nic[], paths: readonly string[]): Problem[] {
  const plain = nics.filter((nic) => nic.vrrp_vrid === undefined)
  if (nics.length > 0 && plain.length === 0) return [{ path: 'nics', message: 'A machine needs at least one nic without vrrp_vrid.' }]
  const known = new Set(plain.flatMap(plainAddresses))
  return nics.flatMap((nic, index): Problem[] => {
    const path = `${paths[index]}.vrrp_primary_ip`
    if (nic.vrrp_vrid === undefined) return nic.vrrp_primary_ip === undefined ? [] : [{ path, message: `${path} needs vrrp_vrid beside it.` }]
    if (nic.vrrp_primary_ip === undefined) return [{ path, message: `${path} is missing: a nic with vrrp_vrid needs it.`, missing: true }]
    return known.has(nic.vrrp_primary_ip) ? [] : [{ path, message: `${path} ${nic.vrrp_primary_ip} is not a static address of another nic of the machine.` }]
  })
}

function checkTag(nic: Nic, path: string, readNicTag: NicFacts['readNicTag']): Problem[] {
  if (nic.nic_tag === undefined) return []
  const tag = readNicTag(nic.nic_tag)
  if (tag === null) return [{ path: `${path}.nic_tag`, message: `Invalid nic tag "${nic.nic_tag}".`, code: 'NicTagNotFound' }]
  if (nic.mtu === undefined || nic.mtu <= tag.mtu) return []
  return [{ path: `${path}.mtu`, message: `${path}.mtu ${nic.mtu} is above the ${tag.mtu} of nic tag ${tag.name}.` }]
}
