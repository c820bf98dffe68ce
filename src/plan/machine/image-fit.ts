import type { InstalledImage } from '#contracts/image/manifest.ts'
import type { Brand, MachineRecord } from '#contracts/machine/record.ts'
import { assertNoProblems, type Problem } from './problems.ts'

/** Why `who` cannot run on a node that was not booted from a platform image. */
export function whyNoPlatform(who: string): string {
  return `This node cannot run ${who}: they use the programs of the platform, and this node runs from none (its daemon was started without --platform, or the tree named there has no usr).`
}

/** What of a machine an image can make demands on. */
export type ImageUser = Pick<MachineRecord, 'brand' | 'max_physical_memory'>

/** Why the image cannot be the root of such a machine; empty when it can. */
export function checkImage(image: InstalledImage, machine: ImageUser): Problem[] {
  const { manifest } = image
  const problems: Problem[] = []
  const typeReason = whyNotType(manifest, machine.brand)
  if (typeReason !== null) problems.push({ path: 'image_uuid', message: `Image ${manifest.uuid} (${manifest.name} ${manifest.version}) ${typeReason}` })
  const { brand, min_ram, max_ram } = manifest.requirements ?? {}
  if (brand !== undefined && brand !== machine.brand)
    problems.push({ path: 'brand', message: `Image ${manifest.uuid} is for ${brand} machines only, not for ${machine.brand}.` })
  const memory = machine.max_physical_memory
  if (min_ram !== undefined && memory < min_ram)
    problems.push({
      path: 'max_physical_memory',
      message: `Image ${manifest.uuid} needs at least ${min_ram} MiB of memory, but max_physical_memory is ${memory}.`,
    })
  if (max_ram !== undefined && memory > max_ram)
    problems.push({
      path: 'max_physical_memory',
      message: `Image ${manifest.uuid} allows at most ${max_ram} MiB of memory, but max_physical_memory is ${memory}.`,
    })
  return problems
}

/** Throws InvalidPayload with all reasons why the image cannot be the root of the machine. */
export function assertImageFits(image: InstalledImage, machine: ImageUser): void {
  assertNoProblems(checkImage(image, machine))
}

function whyNotType({ type, os }: InstalledImage['manifest'], brand: Brand): string | null {
  const wanted = brand === 'joyent' ? 'zone-dataset' : 'lx-dataset'
  if (type === 'zone-dataset' && os !== 'linux') return `holds illumos programs, which Linux cannot run; choose an image of type ${wanted} whose os is linux.`
  // joyent-minimal and builder take both: SmartOS's are sparse, and here they had whole roots before there was a platform.
  if (type === wanted || (type === 'zone-dataset' && brand !== 'lx')) return null
  if (type === 'zvol') return `is a disk of a virtual machine; choose an image of type ${wanted}.`
  if (type === 'zone-dataset') return `has no /usr of its own, as it is for brand joyent; choose an image of type ${wanted}.`
  return `is of type ${type}, but the root of a ${brand} zone needs type ${wanted}.`
}
