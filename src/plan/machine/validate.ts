import { type Brand, brands } from '#contracts/machine/record.ts'
import { type CheckedPayload, checkPayload } from './check.ts'
import { editFilesystems } from './edits.ts'
import { planFilesystem } from './filesystems.ts'
import { type Memory, planMemory } from './memory.ts'
import { planNicDraft } from './nic-draft.ts'
import { planNicList } from './nics.ts'
import { pathsOf, type Problem } from './problems.ts'
import { checkRoutes } from './routes.ts'

/** What `vmadm validate` says; `{}` when the payload is valid. The arrays hold paths of properties. */
export type Verdict = Record<string, never> | { bad_brand: string } | { bad_values: string[]; bad_properties: string[]; missing_properties: string[] }

const anyUuid = '00000000-0000-0000-0000-000000000000'

/** Checks a create payload without a look at the node: images, tags and other machines are not asked. */
export function validateCreate(payload: Record<string, unknown>): Verdict {
  const given = payload['brand']
  if (given === undefined) return judge('create', 'lx', payload, [{ path: 'brand', message: '', missing: true }])
  const brand = brands.find((known) => known === given)
  return brand === undefined ? { bad_brand: String(given) } : judge('create', brand, payload, [])
}

/** Checks an update payload for machines of a brand. */
export function validateUpdate(brand: string, payload: Record<string, unknown>): Verdict {
  const known = brands.find((one) => one === brand)
  return known === undefined ? { bad_brand: brand } : judge('update', known, payload, [])
}

function judge(mode: 'create' | 'update', brand: Brand, payload: Record<string, unknown>, before: Problem[]): Verdict {
  const checked = checkPayload(mode, brand, payload)
  const problems = [...before, ...checked.problems, ...(mode === 'create' ? checkCreation(brand, checked) : checkAdditions(checked))]
  const bad_properties = [...new Set(checked.notices.map((notice) => notice.path))]
  if (problems.length === 0 && bad_properties.length === 0) return {}
  return {
    bad_values: pathsOf(problems.filter((problem) => problem.missing !== true)),
    bad_properties,
    missing_properties: pathsOf(problems.filter((problem) => problem.missing === true)),
  }
}

function checkCreation(brand: Brand, checked: CheckedPayload): Problem[] {
  const { values } = checked
  // The table of properties has checked the type of each value.
  const { ram, ...limits } = values as Partial<Memory> & { ram?: number }
  const drafts = (checked.items['nics'] ?? []).map((item) => planNicDraft(item, null))
  const draws = { count: 0 }
  const anywhere = {
    newMac: () => renderMac(draws.count++),
    readNicTag: () => ({ name: 'any', type: 'normal', mac: '-', mtu: 9000 }) as const,
    conflicts: { byMac: () => null, byAddress: () => null, byVrid: () => null },
  }
  const { nics, problems } = planNicList(
    drafts.map((planned) => planned.draft),
    { uuid: anyUuid, brand },
    anywhere,
  )
  const filesystems = (checked.items['filesystems'] ?? []).flatMap((item) => planFilesystem(item, null, () => anyUuid).problems)
  const memory = planMemory(ram === undefined ? limits : { max_physical_memory: ram, ...limits }).problems
  const routes = values['routes'] === undefined ? [] : checkRoutes(values['routes'] as Record<string, string>, nics, 'routes')
  return [...missingOf(brand, checked), ...drafts.flatMap((planned) => planned.problems), ...problems, ...filesystems, ...memory, ...routes]
}

/** A MAC for a nic that has none, for the sake of the checks. */
function renderMac(count: number): string {
  return `02:00:00:00:00:${count.toString(16).padStart(2, '0')}`
}

function missingOf(brand: Brand, { values, items, problems }: CheckedPayload): Problem[] {
  const isBad = (path: string): boolean => problems.some((problem) => problem.path === path)
  if (brand !== 'kvm' && brand !== 'bhyve') {
    const isThere = ['image_uuid', 'dataset_uuid', 'zone_dataset_uuid'].some((name) => values[name] !== undefined || isBad(name))
    return isThere ? [] : [{ path: 'image_uuid', message: '', missing: true }]
  }
  return (items['disks'] ?? []).flatMap((disk) => {
    const isSized =
      disk.values['size'] !== undefined || disk.values['image_uuid'] !== undefined || disk.values['nocreate'] === true || disk.values['media'] === 'cdrom'
    return isSized || disk.bad.has('size') ? [] : [{ path: `${disk.path}.size`, message: '', missing: true }]
  })
}

/** Of an update only what it adds can be judged without the machine. */
function checkAdditions(checked: CheckedPayload): Problem[] {
  const nics = (checked.edits['nics']?.add ?? []).flatMap((item) => planNicDraft(item, null).problems)
  const macs = (checked.edits['nics']?.update ?? [])
    .filter((item) => item.values['mac'] === undefined && !item.bad.has('mac'))
    .map((item) => ({ path: `${item.path}.mac`, message: '', missing: true }) as const)
  const added = checked.edits['filesystems']?.add
  const filesystems = added === undefined ? [] : editFilesystems([], { add: added }, () => anyUuid).problems
  return [...nics, ...macs, ...filesystems]
}
