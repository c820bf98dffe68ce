import { AppError } from '#contracts/errors.ts'
import type { InstalledImage } from '#contracts/image/manifest.ts'
import { type Brand, type MachineRecord, brands } from '#contracts/machine/record.ts'
import type { AddressLookup } from './address-index.ts'
import { type CheckedPayload, checkPayload } from './check.ts'
import type { Item } from './check-items.ts'
import { renderValue } from './check-value.ts'
import { completeRecord, type Identity, type Wanted } from './complete.ts'
import { checkTargets, planFilesystem } from './filesystems.ts'
import { checkImage, whyNoPlatform } from './image-fit.ts'
import { type Memory, planMemory } from './memory.ts'
import { planNicDraft } from './nic-draft.ts'
import { type NicFacts, planNicList } from './nics.ts'
import { assertNoProblems, judgeNotices, type Problem } from './problems.ts'
import { checkRoutes, routeWarnings } from './routes.ts'

/** What planning a creation needs to know of the node; clock and chance come from here. */
export interface CreateFacts extends NicFacts {
  /** ISO 8601. */
  now: string
  newUuid: () => string
  /** First host uid of the machine's private range. */
  uid_base: number
  server_uuid: string
  datacenter_name?: string
  /** The node's pool. */
  zpool: string
  readImage: (uuid: string) => InstalledImage | null
  exists: (uuid: string) => boolean
  conflicts: AddressLookup
  /** Unknown properties are errors. */
  strict: boolean
  /** The node lends zones the programs of its platform. */
  platform: boolean
}

export interface CreatePlan {
  record: MachineRecord
  /** GiB; null is no limit. */
  quota_gib: number | null
  image: InstalledImage
  warnings: string[]
}

const defaultQuotaGib = 10

/**
 * Turns a payload of `vmadm create` into the record of the machine, every default filled in (reference 1.5).
 * All mistakes are told at once: InvalidPayload, or a code of its own when they are of one kind (ImageNotFound,
 * NicTagNotFound, AddressConflict, MachineExists, UnknownProperty); BrandUnsupported alone comes first.
 */
export function planCreate(payload: Record<string, unknown>, facts: CreateFacts): CreatePlan {
  const brand = readBrand(payload['brand'], facts)
  const checked = checkPayload('create', brand ?? 'lx', payload)
  const notices = judgeNotices(checked.notices, facts.strict)
  const work: Work = { brand: brand ?? 'lx', checked, facts, problems: [...checked.problems, ...notices.problems], warnings: notices.warnings }
  if (brand === null) work.problems.unshift({ path: 'brand', message: 'brand is missing: use lx, joyent or joyent-minimal.', missing: true })
  applyOldNames(work)

  const identity = planIdentity(work)
  const memory = planCreateMemory(work)
  const image = readFittingImage(identity, memory, work)
  const { nics } = keep(planNics(identity, work), work)
  const filesystems = planFilesystems(work)
  const wanted = checked.values as Wanted
  if (wanted.routes !== undefined) {
    work.problems.push(...checkRoutes(wanted.routes, nics, 'routes'))
    work.warnings.push(...routeWarnings(wanted.routes, nics))
  }
  noteUseless(work)
  assertNoProblems(work.problems)
  // Without an image there was a problem.
  if (image === null) throw new AppError('Internal', 'A machine was planned without an image.')
  return { record: completeRecord(identity, wanted, { memory, nics, filesystems }), quota_gib: planQuota(work), image, warnings: work.warnings }
}

interface Work {
  brand: Brand
  checked: CheckedPayload
  facts: CreateFacts
  problems: Problem[]
  warnings: string[]
}

function keep<T extends { problems: Problem[]; warnings?: string[] }>(result: T, work: Work): T {
  work.problems.push(...result.problems)
  work.warnings.push(...(result.warnings ?? []))
  return result
}

/** null when absent. Throws for brands that there are not, or not here. */
function readBrand(value: unknown, facts: CreateFacts): Brand | null {
  if (value === undefined || value === null || value === '') return null
  const brand = brands.find((known) => known === value)
  if (brand === undefined) {
    const message = `Invalid brand while validating payload: ${renderValue(value)}; a brand is one of ${brands.join(', ')}.`
    throw new AppError('InvalidPayload', message, { details: [{ path: 'brand', message }] })
  }
  const why = whyUnsupported(brand, facts.platform)
  if (why === null) return brand
  const hint = `use brand lx or joyent-minimal with a whole image${brand === 'joyent' ? ', or boot the node from a platform image' : ''}`
  throw new AppError('BrandUnsupported', why, { hint, details: [{ path: 'brand', message: why }] })
}

function whyUnsupported(brand: Brand, platform: boolean): string | null {
  if (brand === 'kvm' || brand === 'bhyve') return `This node cannot run ${brand} machines yet: virtual machines arrive with the hypervisor.`
  return brand === 'joyent' && !platform ? whyNoPlatform('joyent machines') : null
}

/** Old names of properties count where the new one is not given. */
function applyOldNames({ checked, warnings }: Work): void {
  const { values } = checked
  const renames = [
    ['dataset_uuid', 'image_uuid'],
    ['zone_dataset_uuid', 'image_uuid'],
    ['zfs_storage_pool_name', 'zpool'],
    ['ram', 'max_physical_memory'],
  ] as const
  for (const [old, name] of renames) {
    if (values[old] === undefined) continue
    if (old !== 'ram') warnings.push(`"${old}" is deprecated; use "${name}".`)
    if (values[name] === undefined) values[name] = values[old]
    else if (values[name] !== values[old]) warnings.push(`"${old}" contradicts "${name}" and is ignored.`)
  }
  const gateway = values['default_gateway']
  const nic = checked.items['nics']?.[0]
  if (gateway === undefined || nic === undefined) return
  warnings.push('"default_gateway" is deprecated; use "gateways" of the nic.')
  if (nic.values['gateway'] === undefined && nic.values['gateways'] === undefined) nic.values['gateway'] = gateway
}

function planIdentity({ brand, checked, facts, problems }: Work): Identity {
  const values = checked.values as Partial<Identity>
  const uuid = values.uuid?.toLowerCase() ?? facts.newUuid()
  if (values.uuid !== undefined && facts.exists(uuid)) problems.push({ path: 'uuid', message: `VM with UUID ${uuid} already exists.`, code: 'MachineExists' })
  if (values.zpool !== undefined && values.zpool !== facts.zpool)
    problems.push({ path: 'zpool', message: `zpool must be "${facts.zpool}", the pool of this node, but is "${values.zpool}".` })
  return {
    uuid,
    zonename: values.zonename ?? uuid,
    brand,
    image_uuid: values.image_uuid?.toLowerCase() ?? '',
    zpool: facts.zpool,
    create_timestamp: facts.now,
    last_modified: facts.now,
    server_uuid: facts.server_uuid,
    ...(facts.datacenter_name === undefined ? {} : { datacenter_name: facts.datacenter_name }),
    ...optionalIdentity(values),
    internal: { uid_base: facts.uid_base },
  }
}

function optionalIdentity({ delegate_dataset, nowait, mdata_exec_timeout }: Partial<Identity>): Partial<Identity> {
  return {
    ...(delegate_dataset === undefined ? {} : { delegate_dataset }),
    ...(nowait === undefined ? {} : { nowait }),
    ...(mdata_exec_timeout === undefined ? {} : { mdata_exec_timeout }),
  }
}

function planCreateMemory(work: Work): Memory {
  const { memory, problems, warnings } = planMemory(work.checked.values)
  // Limits that are bad already would only be blamed a second time.
  const isBad = work.problems.some((problem) => ['max_swap', 'ram', 'max_physical_memory'].includes(problem.path))
  keep({ problems: isBad ? [] : problems, warnings }, work)
  return memory
}

function readFittingImage(identity: Identity, memory: Memory, { facts, problems }: Work): InstalledImage | null {
  const uuid = identity.image_uuid
  const { platform } = facts
  if (uuid === '') {
    const isBad = problems.some((problem) => ['image_uuid', 'dataset_uuid', 'zone_dataset_uuid'].includes(problem.path))
    if (!isBad) problems.push({ path: 'image_uuid', message: 'image_uuid is missing: it names the installed image the machine is made from.', missing: true })
    return null
  }
  const image = facts.readImage(uuid)
  if (image === null) {
    problems.push({ path: 'image_uuid', message: `Image ${uuid} is not installed on this node.`, code: 'ImageNotFound' })
    return null
  }
  const unfit = checkImage(image, { brand: identity.brand, max_physical_memory: memory.max_physical_memory })
  if (unfit.length === 0 && image.manifest.type === 'zone-dataset' && !platform)
    unfit.push({ path: 'image_uuid', message: whyNoPlatform(`machines of image ${uuid}`) })
  problems.push(...unfit)
  return image
}

function planNics(identity: Identity, work: Work): ReturnType<typeof planNicList> {
  const drafts = (work.checked.items['nics'] ?? []).map((item) => keep(planNicDraft(item, null), work).draft)
  return planNicList(drafts, identity, work.facts)
}

function planFilesystems(work: Work): NonNullable<MachineRecord['filesystems']> {
  const items: Item[] = work.checked.items['filesystems'] ?? []
  const planned = items.map((item) => keep(planFilesystem(item, null, work.facts.newUuid), work).filesystem).filter((filesystem) => filesystem !== null)
  work.problems.push(...checkTargets(planned, 'filesystems'))
  return planned
}

function planQuota({ checked }: Work): number | null {
  const { quota } = checked.values as { quota?: number }
  return quota === 0 ? null : (quota ?? defaultQuotaGib)
}

/** Properties that are fine by themselves but do nothing here, or need another. */
function noteUseless({ checked, problems, warnings }: Work): void {
  const { values } = checked
  if (values['firewall'] !== undefined) warnings.push('"firewall" is ignored: this node has no firewall rules yet.')
  if (values['create_only'] === true) warnings.push('"create_only" is ignored; use vmadm receive.')
  if (values['delegate_dataset'] === true) return
  if (values['indestructible_delegated'] === true)
    problems.push({ path: 'indestructible_delegated', message: 'indestructible_delegated needs delegate_dataset: there is no delegated dataset to protect.' })
  for (const name of ['zfs_data_compression', 'zfs_data_recsize']) {
    if (values[name] !== undefined) warnings.push(`"${name}" has no effect without delegate_dataset.`)
  }
}
