import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loaderFiles } from '#contracts/platform/loader.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, removeFile } from '#host/fs/atomic.ts'
import { writeWhole } from '#host/fs/blocks.ts'
import { renderTar } from './tar.ts'
import type { ToolTree } from './tool-tree.ts'

/** Everything the two menus use is built in: nothing but configuration is read from the boot file system. */
const commonModules = [
  ['boot', 'configfile', 'echo', 'fat', 'iso9660', 'linux', 'loadenv', 'ls', 'cat', 'memdisk', 'tar', 'minicmd', 'normal', 'part_gpt', 'part_msdos'],
  ['probe', 'reboot', 'halt', 'regexp', 'search', 'search_label', 'serial', 'sleep', 'terminal', 'test', 'true', 'gfxterm', 'all_video', 'extcmd'],
].flat()

const targets = [
  { file: loaderFiles.efi, format: 'x86_64-efi', directory: 'x86_64-efi', modules: ['efi_gop'], optical: false },
  { file: loaderFiles.core, format: 'i386-pc', directory: 'i386-pc', modules: ['biosdisk'], optical: false },
  { file: loaderFiles.optical, format: 'i386-pc-eltorito', directory: 'i386-pc', modules: ['biosdisk'], optical: true },
] as const

/**
 * Makes the boot loader's files (`loaderFiles`) in the directory `out`, from GRUB of the tree and the menus in `menus`
 * (platform/grub). Same tree, same bytes.
 */
export async function createLoaderFiles(tree: ToolTree, menus: string, out: string, context: Context): Promise<void> {
  await ensureDirectory(out)
  const early = await readFile(join(menus, 'early.cfg'), 'utf8')
  for (const target of targets) await createCore(tree, target, { early, out }, context)
  for (const name of [loaderFiles.bootSector, loaderFiles.hybridSector]) {
    await writeWhole(join(out, name), await readFile(join(tree.root, 'usr/lib/grub/i386-pc', name)))
  }
  await writeWhole(join(out, loaderFiles.menu), await readFile(join(menus, 'grub.cfg')))
}

/** The early menu lies in a memory disk, as the configuration that GRUB can embed itself knows no conditions. */
async function createCore(tree: ToolTree, target: (typeof targets)[number], { early, out }: { early: string; out: string }, context: Context): Promise<void> {
  const memdisk = join(out, 'memdisk.tar')
  const text = target.optical ? `set spirula_optical=1\n${early}` : early
  await writeWhole(memdisk, renderTar('boot/grub/grub.cfg', Buffer.from(text)))
  try {
    await tree.run(
      'grub-mkimage',
      [
        ['-O', target.format, '-d', join(tree.root, 'usr/lib/grub', target.directory), '-o', join(out, target.file)],
        ['-p', '(memdisk)/boot/grub', '-m', memdisk, ...commonModules, ...target.modules],
      ].flat(),
      {},
      context,
    )
  } finally {
    await removeFile(memdisk)
  }
}
