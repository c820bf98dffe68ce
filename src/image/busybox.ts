import { chmod, copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Context } from '#host/context.ts'
import { programs } from '#host/run/programs.ts'
import { run } from '#host/run/run.ts'
import { createOverlay } from './overlay.ts'
import type { Recipe } from './recipe.ts'

const directories: Readonly<Record<string, number>> = {
  'bin': 0o755,
  'dev': 0o755,
  'etc': 0o755,
  'mnt': 0o755,
  'proc': 0o555,
  'root': 0o700,
  'run': 0o755,
  'sbin': 0o755,
  'sys': 0o555,
  'tmp': 0o1777,
  'usr/bin': 0o755,
  'usr/sbin': 0o755,
  'var/log': 0o755,
  'var/tmp': 0o1777,
}

/** Writes the busybox tree as a tar archive: the same bytes whenever the program and the recipe are the same. */
export async function createBusyboxArchive(recipe: Recipe, archive: string, context: Context): Promise<void> {
  const tree = await mkdtemp(join(dirname(archive), 'busybox-'))
  try {
    await createTree(tree, recipe, context)
    await run(['tar', '--sort=name', '--mtime=@0', '--numeric-owner', '--owner=0', '--group=0', '-C', tree, '-cf', archive, '.'], {}, context)
  } finally {
    await rm(tree, { recursive: true, force: true })
  }
}

async function createTree(tree: string, recipe: Recipe, context: Context): Promise<void> {
  for (const [path, mode] of Object.entries(directories)) {
    await mkdir(join(tree, path), { recursive: true })
    await chmod(join(tree, path), mode)
  }
  await copyFile(programs.busybox, join(tree, 'bin/busybox'))
  await chmod(join(tree, 'bin/busybox'), 0o755)
  const { stdout } = await run(['busybox', '--list-full'], {}, context)
  for (const path of parseApplets(stdout)) await symlink('/bin/busybox', join(tree, path))
  await createOverlay(tree, recipe)
}

/** Paths of `busybox --list-full` that become links: those in bin and sbin, without busybox itself. */
export function parseApplets(text: string): string[] {
  return text.split('\n').filter((path) => /^(usr\/)?s?bin\/[^/]+$/.test(path) && path !== 'bin/busybox')
}
