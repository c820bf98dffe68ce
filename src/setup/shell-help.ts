import { dirname, join } from 'node:path'
import { ensureDirectory, listDirectory, readTextFile, writeFileAtomic } from '#host/fs/atomic.ts'

/** Folders of the checkout's `share`, as they lie below /usr/local/share: there man, bash and zsh look by themselves. */
const folders = ['man/man8', 'bash-completion/completions', 'zsh/site-functions'] as const

/** Puts manual pages and shell completions in their places; gives the paths of those that were written. */
export async function ensureShellHelp(shareDir: string, root: string): Promise<string[]> {
  const written: string[] = []
  for (const folder of folders) {
    for (const name of await listDirectory(join(root, 'share', folder))) {
      const path = join(shareDir, folder, name)
      const text = await readTextFile(join(root, 'share', folder, name))
      if (text === null || (await readTextFile(path)) === text) continue
      await ensureDirectory(dirname(path))
      await writeFileAtomic(path, text, { mode: 0o644, durable: false })
      written.push(path)
    }
  }
  return written
}
