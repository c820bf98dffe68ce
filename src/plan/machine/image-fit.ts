import type { InstalledImage } from '#contracts/image/manifest.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { assertNoProblems, type Problem } from './problems.ts'

/** What of a machine an image can make demands on. */
export type ImageUser = Pick<MachineRecord, 'brand' | 'max_physical_memory'>

/** Why the image cannot be the root of such a machine; empty when it can. */
export function checkImage(image: InstalledImage, machine: ImageUser): Problem[] {
  const { manifest } = image
  const problems: Problem[] = []
  const typeReason = whyNotType(manifest.type)
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

function whyNotType(type: InstalledImage['manifest']['type']): string | null {
  switch (type) {
    case 'lx-dataset':
      return null
    case 'zone-dataset':
      return 'holds illumos programs, which Linux cannot run; choose an image of type lx-dataset.'
    case 'zvol':
      return 'is a disk of a virtual machine; choose an image of type lx-dataset.'
    default:
      return `is of type ${type}, but the root of a zone needs type lx-dataset.`
  }
}
