import { type PackageRecord, parsePackageRecord } from '#contracts/platform/package-record.ts'
import { readJsonFile } from '#host/fs/atomic.ts'
import { parseDpkgStatus } from '#plan/custom/dependencies.ts'
import type { PackageFacts } from '#plan/custom/packages.ts'
import type { System } from '../system.ts'
import { dpkgStatus, extensionKey, packagePlaces } from './places.ts'

export async function readPackageRecord(): Promise<PackageRecord> {
  return parsePackageRecord(await readJsonFile(packagePlaces.record), packagePlaces.record)
}

/** Packages kept on the pool, and those of the platform; the latter are left out when nobody wants to know. */
export async function readPackageFacts(system: System, wanted?: readonly string[]): Promise<PackageFacts> {
  const record = await readPackageRecord()
  const matters = wanted === undefined || wanted.length > 0 || record.packages.length > 0
  return {
    record,
    platform: matters ? parseDpkgStatus((await system.read(dpkgStatus)) ?? '') : [],
    files: new Set(await system.list(packagePlaces.debs)),
    merged: await system.read(`/${extensionKey}`),
  }
}
