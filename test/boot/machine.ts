import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '#host/context.ts'
import { hashRecipe } from '../../src/image/recipe.ts'
import { createDebianTree } from '../../src/image/tree.ts'
import { type Emulator, ensureEmulator } from '../../src/platform/run/emulator.ts'
import { createDisk } from '../harness/disk.ts'
import { guestRecipe } from './recipes.ts'

/** Changed by hand when what is done with the recipes changes. */
const layoutVersion = '3'

/** What a boot needs. */
export interface Machine {
  emulator: Emulator
  kernel: string
  /** Root file system, ext4; started from, never written to. */
  root: string
}

/** The machine of the recipes, from the cache when it is there; what older recipes left is removed. */
export async function ensureMachine(cache: string, context: Context): Promise<Machine> {
  const key = createHash('sha256')
    .update([layoutVersion, hashRecipe(guestRecipe)].join())
    .digest('hex')
    .slice(0, 16)
  const directory = join(cache, key)
  const emulator = ensureEmulator({}, context)
  if (!existsSync(directory)) {
    const making = `${directory}.${process.pid}`
    await rm(cache, { recursive: true, force: true })
    await mkdir(making, { recursive: true })
    try {
      // If one fails the other is waited for: it writes into what is removed then.
      const made = await Promise.allSettled([emulator, createRoot(making, context)])
      const failed = made.find((one) => one.status === 'rejected')
      if (failed !== undefined) throw new Error('the machine of the boot tests could not be made', { cause: failed.reason })
      await rename(making, directory)
    } finally {
      await rm(making, { recursive: true, force: true })
    }
  }
  return { emulator: await emulator, kernel: join(directory, 'vmlinuz'), root: join(directory, 'root.img') }
}

async function createRoot(directory: string, context: Context): Promise<void> {
  const tree = join(directory, guestRecipe.name)
  await createDebianTree(guestRecipe, tree, context)
  const kernel = (await readdir(join(tree, 'boot'))).find((name) => name.startsWith('vmlinuz-'))
  if (kernel === undefined) throw new Error('the guest tree has no kernel in /boot')
  await copyFile(join(tree, 'boot', kernel), join(directory, 'vmlinuz'))
  await createDisk(join(directory, 'root.img'), tree, { label: 'root', size: '12G' })
  await rm(tree, { recursive: true })
}
