import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { run } from '#host/run/run.ts'

/** A Debian 13 tree whose programs make boot media: grub-pc-bin, grub-efi-amd64-bin, xorriso, mtools, dosfstools, and what they need. */
export interface ToolTree {
  root: string
  /** Runs a program of the tree on files of this machine, without changing the root. `env` is added. */
  run(program: string, args: readonly string[], env: Record<string, string>, context: Context): Promise<void>
}

export function createToolTree(root: string): ToolTree {
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((path) => join(root, path)).join(':')
  const loader = join(root, 'usr/lib64/ld-linux-x86-64.so.2') as `/${string}`
  return {
    root,
    async run(program, args, env, context) {
      const file = ['usr/bin', 'usr/sbin'].map((path) => join(root, path, program)).find(existsSync)
      if (file === undefined)
        throw new AppError('NotSupported', `The tree ${root} has no program ${program}.`, {
          hint: 'it needs the packages grub-pc-bin, grub-efi-amd64-bin, grub-common, xorriso, mtools and dosfstools',
        })
      await run([loader, '--library-path', libraries, file, ...args], { env, timeoutMs: 10 * 60_000 }, context)
    },
  }
}

/** SOURCE_DATE_EPOCH of a stamp: whatever has a date in it gets this one. */
export function stampEnvironment(stamp: string): Record<string, string> {
  const iso = stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const seconds = Date.parse(iso) / 1000
  if (!Number.isSafeInteger(seconds)) throw new AppError('Usage', `"${stamp}" is not a stamp such as 20261123T120000Z.`)
  return { SOURCE_DATE_EPOCH: String(seconds), TZ: 'UTC' }
}
