import { z } from 'zod'
import { ImageManifest, type InstalledImage } from '#contracts/image/manifest.ts'
import { brands, type MachineRecord } from '#contracts/machine/record.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { NicTagSchema } from '#contracts/node/routes.ts'

/**
 * The daemon wrote these files itself, through the whole property table. Reading back checks the bones
 * that everything leans on, so that a damaged file is found at start and not in the middle of an operation.
 */
const MachineBones = z.looseObject({
  v: z.literal(1),
  uuid: z.uuid(),
  brand: z.enum(brands),
  image_uuid: z.string(),
  nics: z.array(z.looseObject({ mac: z.string(), nic_tag: z.string(), interface: z.string(), ips: z.array(z.string()) })),
  max_physical_memory: z.number(),
  tags: z.record(z.string(), z.unknown()),
  customer_metadata: z.record(z.string(), z.unknown()),
  internal_metadata: z.record(z.string(), z.unknown()),
  internal: z.looseObject({ uid_base: z.int() }),
})

const InstalledBones = z.looseObject({ manifest: ImageManifest, zpool: z.string(), source: z.string().nullable(), installed_at: z.string() })

export function parseMachineRecord(value: unknown): MachineRecord {
  return MachineBones.parse(value) as unknown as MachineRecord // bones checked; the rest is what the property table let in
}

export function parseInstalledImage(value: unknown): InstalledImage {
  return InstalledBones.parse(value)
}

export function parseNicTags(value: unknown): NicTag[] {
  return z.array(NicTagSchema).parse(value) as NicTag[] // exactOptionalPropertyTypes: zod says `| undefined`
}
