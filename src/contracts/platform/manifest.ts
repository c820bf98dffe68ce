import { z } from 'zod'
import { stampPattern } from './names.ts'

export const PlatformPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  /** Bytes of the .deb. */
  size: z.int().nonnegative(),
  /** Of the .deb, as the signed lists of the archive name it. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type PlatformPackage = z.infer<typeof PlatformPackage>

/** What a platform image is made of; `manifest.json` of its directory. The one in the image itself (platformPaths.manifest) has no `files`. */
export const PlatformManifest = z.strictObject({
  v: z.literal(1),
  stamp: z.string().regex(stampPattern),
  /** Of Spirula. */
  version: z.string(),
  /** Commit of the checkout that it was built from, with `+` behind it when that had changes; null outside git. */
  commit: z.string().nullable(),
  kernel: z.string(),
  zfs: z.string(),
  node: z.string(),
  packages: z.array(PlatformPackage),
  /** SHA-256 of the list of all files of the system tree: path, mode, owner, size, content. */
  tree: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  files: z.record(z.string(), z.strictObject({ size: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })).optional(),
})
export type PlatformManifest = z.infer<typeof PlatformManifest>
