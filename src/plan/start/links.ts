import type { AggregationSetting, NetworkSettings, TagSetting } from './network-settings.ts'

/** A wired link of this machine. */
export interface Nic {
  name: string
  /** Lower case. */
  mac: string
  /** A cable is plugged in and the other side answers; false while that is not known. */
  carrier: boolean
}

/** An aggregation of the links that are there. */
export interface Bond {
  setting: AggregationSetting
  members: readonly Nic[]
}

/** What carries a tag: a link of the machine, an aggregation, or nothing. */
export interface TagLink {
  tag: TagSetting
  link: { name: string; mac: string } | null
}

export interface Links {
  tags: readonly TagLink[]
  bonds: readonly Bond[]
  problems: readonly string[]
}

/** True when the settings name an admin link that this machine has not, so that `carrier` of the others counts. */
export function needsCarrier(settings: NetworkSettings, nics: readonly Nic[]): boolean {
  return nics.length > 1 && adminLink(settings, planBonds(settings, nics).bonds, nics) === null
}

/**
 * Finds the links of all tags. The node must stay reachable: when the admin link is not in this machine (the pool was
 * moved to another one, or a nic was replaced), the only link, or the first that is connected, takes its place, and so
 * it does for other tags that named the same link.
 */
export function planLinks(settings: NetworkSettings, nics: readonly Nic[]): Links {
  const { bonds, problems } = planBonds(settings, nics)
  const admin = adminLink(settings, bonds, nics)
  const wanted = adminSetting(settings)?.link ?? null
  const substitute = admin === null ? chooseSubstitute(settings, bonds, nics) : null
  if (admin === null) problems.push(renderMissingAdmin(wanted, substitute))
  const tags = settings.tags.map((tag): TagLink => {
    const link = findLink(tag.link, bonds, nics)
    if (link !== null) return { tag, link }
    if (tag.name === 'admin' || (wanted !== null && tag.link === wanted)) return { tag, link: substitute }
    problems.push(`The nic tag ${tag.name} has no hardware now: its link ${tag.link ?? ''} is not in this machine. Change ${tag.name}_nic in /usbkey/config.`)
    return { tag, link: null }
  })
  return { tags, bonds, problems }
}

function adminSetting(settings: NetworkSettings): TagSetting | undefined {
  return settings.tags.find(({ name }) => name === 'admin')
}

function adminLink(settings: NetworkSettings, bonds: readonly Bond[], nics: readonly Nic[]): TagLink['link'] {
  return findLink(adminSetting(settings)?.link ?? null, bonds, nics)
}

function findLink(link: string | null, bonds: readonly Bond[], nics: readonly Nic[]): TagLink['link'] {
  if (link === null) return null
  const bond = bonds.find(({ setting }) => setting.name === link)
  // A bond has the MAC of its first member.
  if (bond !== undefined) return { name: bond.setting.name, mac: bond.members[0]!.mac }
  const nic = nics.find(({ mac }) => mac === link)
  return nic === undefined || bonds.some(({ members }) => members.includes(nic)) ? null : nic
}

function planBonds(settings: NetworkSettings, nics: readonly Nic[]): { bonds: Bond[]; problems: string[] } {
  const problems: string[] = []
  const bonds = settings.aggregations.flatMap((setting): Bond[] => {
    const members = setting.macs.flatMap((mac) => nics.find((nic) => nic.mac === mac) ?? [])
    const missing = setting.macs.filter((mac) => !members.some((nic) => nic.mac === mac))
    if (missing.length > 0) problems.push(`The aggregation ${setting.name} lacks ${missing.join(', ')}: not in this machine.`)
    return members.length === 0 ? [] : [{ setting, members }]
  })
  return { bonds, problems }
}

/** Not a link that is part of an aggregation or that another tag names, unless there is no other. */
function chooseSubstitute(settings: NetworkSettings, bonds: readonly Bond[], nics: readonly Nic[]): Nic | null {
  const free = nics.filter((nic) => !bonds.some(({ members }) => members.includes(nic)))
  const unclaimed = free.filter(({ mac }) => !settings.tags.some(({ link }) => link === mac))
  const candidates = unclaimed.length > 0 ? unclaimed : free
  return candidates.find(({ carrier }) => carrier) ?? candidates[0] ?? null
}

function renderMissingAdmin(wanted: string | null, substitute: Nic | null): string {
  const what = wanted === null ? '/usbkey/config names no admin_nic' : `The link ${wanted} of admin_nic is not in this machine`
  if (substitute === null) return `${what}, and there is no other: the node has no network.`
  return `${what}: ${substitute.name} (${substitute.mac}) carries the admin network in its place. To keep it so, set admin_nic=${substitute.mac} in /usbkey/config.`
}
