import { z } from 'zod'
import { AppError } from '#contracts/errors.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { readJsonFile } from '#host/fs/atomic.ts'
import { isSame } from '#lib/diff.ts'
import type { NicTagStore } from './state/nic-tags.ts'

const Declared = z.array(
  z.object({
    name: z.string().regex(/^[A-Za-z0-9_]{1,30}$/, 'must be 1 to 30 characters of A-Z a-z 0-9 _'),
    type: z.enum(['normal', 'etherstub']).default('normal'),
    mac: z.string().regex(/^(-|([0-9a-f]{2}:){5}[0-9a-f]{2})$/i, 'must be a MAC address, or - for a bridge without hardware'),
    mtu: z.int().min(576).max(9000).default(1500),
  }),
)

/**
 * Nic tags that the node's settings declare, `[{name, type, mac, mtu}]`, take the place of those noted on the pool:
 * the pool may have been another node's. A file that is not there declares none. InvalidPayload when it is no such list.
 */
export async function applyDeclaredTags(path: string, tags: NicTagStore): Promise<void> {
  const parsed = Declared.safeParse((await readJsonFile(path)) ?? [])
  if (!parsed.success) {
    const told = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
    throw new AppError('InvalidPayload', `The declared nic tags in ${path} are invalid: ${told}.`)
  }
  for (const { name, type, mac, mtu } of parsed.data) {
    const tag: NicTag = { name, type, mac: mac.toLowerCase(), mtu }
    if (!isSame(tags.get(name), tag)) await tags.write(tag)
  }
}
