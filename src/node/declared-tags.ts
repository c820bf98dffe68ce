import { z } from 'zod'
import type { NicTag } from '#contracts/network/address.ts'
import { readJsonFile } from '#host/fs/atomic.ts'
import { isSame } from '#lib/diff.ts'
import type { NicTagStore } from './state/nic-tags.ts'

const Declared = z.object({
  name: z.string().regex(/^[A-Za-z0-9_]{1,30}$/, 'must be 1 to 30 characters of A-Z a-z 0-9 _'),
  mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, 'must be a MAC address'),
  mtu: z.int().min(576).max(9000).default(1500),
})

/**
 * Nic tags that the node's settings declare, `[{name, mac, mtu}]`, take the place of those noted on the pool:
 * the pool may have been another node's. A file that is not there declares none. Gives a sentence for each
 * entry that is no such thing and was passed over: a slip in the settings must not keep the node down.
 */
export async function applyDeclaredTags(path: string, tags: NicTagStore): Promise<string[]> {
  const list = await readJsonFile(path).catch((error: Error) => error)
  if (list === null) return []
  if (!Array.isArray(list)) return [`The declared nic tags in ${path} are no JSON array, and were passed over.`]
  const problems: string[] = []
  for (const [index, entry] of list.entries()) {
    const { success, data, error } = Declared.safeParse(entry)
    if (success) await writeTag(data, tags)
    else
      problems.push(
        `Nic tag ${index} declared in ${path} was passed over: ${error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ')}.`,
      )
  }
  return problems
}

async function writeTag({ name, mac, mtu }: z.infer<typeof Declared>, tags: NicTagStore): Promise<void> {
  const tag: NicTag = { name, type: 'normal', mac: mac.toLowerCase(), mtu }
  if (!isSame(tags.get(name), tag)) await tags.write(tag)
}
