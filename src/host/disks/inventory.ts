import { readlink, realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Disk } from '#contracts/platform/disk.ts'
import type { Context } from '../context.ts'
import { listDirectory } from '../fs/atomic.ts'
import { renderListDisks, renderListImportable, renderListMembers, renderListPools } from './argv.ts'
import { chooseIdName, parseBlocks, readDiskList } from './parse-disks.ts'
import { parseImportablePools, parseMembers, parsePools } from './parse-pools.ts'
import { diskRunner, type DiskRunner } from './runner.ts'

const byId = '/dev/disk/by-id'

/**
 * The disks of this node, by name, with what is on each. Call it when udev has settled. Without ZFS in the kernel
 * pools are told from their labels alone. CommandFailed when the disks cannot be listed.
 */
export async function readDisks(context: Context, runner: DiskRunner = diskRunner): Promise<Disk[]> {
  const ask = async (argv: Parameters<DiskRunner['run']>[0]): Promise<string> => (await runner.run(argv, { okCodes: [0, 1] }, context)).stdout
  const [listing, imported, members, destroyed, id_paths] = await Promise.all([
    runner.run(renderListDisks(), {}, context),
    ask(renderListPools()),
    ask(renderListMembers()).then(readMembers),
    ask(renderListImportable({ destroyed: true })),
    readIdPaths(),
  ])
  return readDiskList(parseBlocks(listing.stdout), {
    imported: new Set(parsePools(imported).map((pool) => pool.guid)),
    destroyed: new Set(parseImportablePools(destroyed).map((pool) => pool.guid)),
    id_paths,
    members,
  })
}

/** Device node → pool, whatever links the pool knows its devices by. */
async function readMembers(text: string): Promise<Map<string, string>> {
  const nodes = [...parseMembers(text)].map(async ([path, pool]) => [await realpath(path).catch(() => path), pool] as const)
  return new Map(await Promise.all(nodes))
}

/** Path of each disk → its best name in /dev/disk/by-id. */
async function readIdPaths(): Promise<Map<string, string>> {
  const names = (await listDirectory(byId)).filter((name) => !/-part\d+$/.test(name))
  const links = await Promise.all(names.map(async (name) => ({ name, path: resolve(byId, await readlink(`${byId}/${name}`).catch(() => '.')) })))
  const groups = Object.groupBy(links, (link) => link.path)
  return new Map(Object.entries(groups).map(([path, group]) => [path, `${byId}/${chooseIdName((group ?? []).map((link) => link.name))}`]))
}
