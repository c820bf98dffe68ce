import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import type { Context } from '#host/context.ts'
import type { ToolTree } from './tool-tree.ts'

/** A FAT file system within a file, made without mounting anything. */
export interface FatPlace {
  file: string
  offsetBytes: number
  sizeBytes: number
  label: string
  /** What its serial number is made of. */
  seed: string
  bits: 16 | 32
}

/** Where a file of the file system comes from; directories are made as needed, in order. */
export interface FatFile {
  path: string
  source: string
}

/** Makes the file system and copies the files into it. Dates are those of `env`'s SOURCE_DATE_EPOCH. */
export async function createFat(
  tree: ToolTree,
  place: FatPlace,
  content: { files: readonly FatFile[]; env: Record<string, string> },
  context: Context,
): Promise<void> {
  const { files, env } = content
  const serial = createHash('sha256').update(place.seed).digest('hex').slice(0, 8)
  const sectors = place.offsetBytes / 512
  await tree.run(
    'mkfs.fat',
    [
      // --invariant comes first, for it sets a serial number too. FAT16 is of the smallest clusters, or a small one had too few.
      [
        '--invariant',
        '-F',
        String(place.bits),
        ...(place.bits === 16 ? ['-s', '1'] : []),
        '-i',
        serial,
        '-n',
        place.label,
        '--mbr=n',
        '-S',
        '512',
        '-h',
        String(sectors),
      ],
      ['--offset', String(sectors), place.file, String(place.sizeBytes / 1024)],
    ].flat(),
    env,
    context,
  )
  const image = ['-i', `${place.file}@@${place.offsetBytes}`]
  const mtools = { ...env, MTOOLS_SKIP_CHECK: '1' }
  const directories = directoriesOf(files.map((file) => file.path))
  if (directories.length > 0) await tree.run('mtools', ['-c', 'mmd', ...image, ...directories.map((path) => `::/${path}`)], mtools, context)
  for (const { path, source } of files) await tree.run('mtools', ['-c', 'mcopy', ...image, source, `::/${path}`], mtools, context)
}

/** All parents, each before what is in it. */
export function directoriesOf(paths: readonly string[]): string[] {
  const found = new Set<string>()
  for (const path of paths) {
    const parents: string[] = []
    for (let at = dirname(path); at !== '.'; at = dirname(at)) parents.unshift(at)
    for (const parent of parents) found.add(parent)
  }
  return [...found]
}
