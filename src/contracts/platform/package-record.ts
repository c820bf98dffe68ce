import { z } from 'zod'
import { AppError } from '../errors.ts'

/** A Debian package kept on the pool. */
export const KeptPackage = z.strictObject({
  name: z.string().min(2),
  version: z.string().min(1),
  architecture: z.string().min(1),
  /** Name of the file below the directory of debs. */
  file: z.string().regex(/^[A-Za-z0-9+._~%:-]+\.deb$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Depends and Pre-Depends, as the package says them. */
  depends: z.string(),
  provides: z.string(),
})
export type KeptPackage = z.infer<typeof KeptPackage>

/** `/opt/custom/packages/packages.json`: the exact packages that `package add` resolved to. */
export const PackageRecord = z.strictObject({ v: z.literal(1), packages: z.array(KeptPackage).max(2000) })
export type PackageRecord = z.infer<typeof PackageRecord>

export function parsePackageRecord(value: unknown, path: string): PackageRecord {
  if (value === null) return { v: 1, packages: [] }
  const found = PackageRecord.safeParse(value)
  if (found.success) return found.data
  throw new AppError('StateCorrupt', `The record of packages ${path} is not what this version writes.`, { hint: 'move it away and add the packages again' })
}
