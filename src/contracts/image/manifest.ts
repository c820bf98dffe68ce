import { z } from 'zod'
import type { RootFacts } from '../machine/record.ts'

export const imageTypes = ['zone-dataset', 'lx-dataset', 'zvol', 'docker', 'lxd', 'other'] as const

/**
 * An image manifest, version 2 (IMGAPI; smartos-node reference 2.3). Unknown fields are kept as they are.
 * `files[0].compression` additionally knows `zstd`; `files[0].format` is ours: `tar` for a root tree that
 * any driver can unpack, `zfs` for a ZFS stream.
 */
export const ImageManifest = z.looseObject({
  v: z.literal(2),
  uuid: z.uuid(),
  name: z
    .string()
    .max(512)
    .regex(/^[A-Za-z0-9._/ -]+$/),
  version: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9._/ +-]+$/),
  type: z.enum(imageTypes),
  os: z.enum(['smartos', 'linux', 'windows', 'bsd', 'illumos', 'other']),
  owner: z.string().optional(),
  state: z.string().optional(),
  disabled: z.boolean().optional(),
  public: z.boolean().optional(),
  published_at: z.string().optional(),
  description: z.string().optional(),
  homepage: z.string().optional(),
  origin: z.uuid().optional(),
  files: z
    .array(
      z.looseObject({
        sha1: z.string().regex(/^[0-9a-f]{40}$/),
        size: z.int().nonnegative(),
        compression: z.enum(['none', 'gzip', 'bzip2', 'xz', 'zstd']),
        format: z.enum(['tar', 'zfs']).optional(),
      }),
    )
    .length(1)
    .optional(),
  requirements: z.looseObject({ brand: z.string().optional(), min_ram: z.int().optional(), max_ram: z.int().optional() }).optional(),
  tags: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
})
export type ImageManifest = z.infer<typeof ImageManifest>

/** A record of `config/images/UUID.json`: an installed image. */
export interface InstalledImage {
  manifest: ImageManifest
  zpool: string
  source: string | null
  installed_at: string
  /** What its root tree was seen to hold when it was installed. */
  facts?: RootFacts
}
