import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuiltImage } from '../../image/ensure.ts'
import { renderTimestamp } from './sbom.ts'

/** Puts an image into a directory as NAME.json beside NAME.tar.zst. The day it was built is left out: it is no part of what it is. */
export async function copyGuestImage({ manifest, file }: BuiltImage, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await copyFile(file, join(directory, `${manifest.name}.tar.zst`))
  const constant = { ...manifest, published_at: renderTimestamp('20260101T000000Z') }
  await writeFile(join(directory, `${manifest.name}.json`), `${JSON.stringify(constant, null, 2)}\n`)
}
