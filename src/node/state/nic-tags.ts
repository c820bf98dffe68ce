import { join } from 'node:path'
import type { NicTag } from '#contracts/network/address.ts'
import { readJsonFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { parseNicTags } from './parse-record.ts'

/** The nic tags of the node, one file for all: there are few, and they are read by people. */
export interface NicTagStore {
  get(name: string): NicTag | undefined
  all(): NicTag[]
  write(tag: NicTag): Promise<void>
  remove(name: string): Promise<void>
}

export async function openNicTagStore(configDir: string): Promise<NicTagStore> {
  const path = join(configDir, 'nic-tags.json')
  const stored = await readJsonFile(path)
  const tags = new Map((stored === null ? [] : parseNicTags(stored)).map((tag) => [tag.name, tag]))
  const save = (): Promise<void> => writeFileAtomic(path, `${JSON.stringify([...tags.values()], null, 2)}\n`)
  return {
    get: (name) => tags.get(name),
    all: () => [...tags.values()],
    async write(tag) {
      tags.set(tag.name, tag)
      await save()
    },
    async remove(name) {
      tags.delete(name)
      await save()
    },
  }
}
