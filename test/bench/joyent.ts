import { readdir, readFile } from 'node:fs/promises'
import { ensureImageFile } from '../../src/image/ensure.ts'
import { debian13 } from '../../src/image/profiles/debian-13.ts'
import { joyent13 } from '../../src/image/profiles/joyent-13.ts'
import { runInZone, waitFor } from '../harness/in-zone.ts'
import { context, createPlatformTrees, imageCache } from '../harness/platform-tree.ts'
import { startTestNode, type TestNode } from '../harness/test-node.ts'
import { measure, median, ms, renderTable } from './measure.ts'

/**
 * What sparse zones take: `node test/bench/joyent.ts [COUNT] [--platform DIR]` makes COUNT (50) zones of brand
 * joyent, waits for systemd in each, and prints the memory of the 1st, 2nd, last and of all, and how the page cache grew;
 * then as many of brand lx with a whole Debian, for comparison.
 */

const count = Number(process.argv[2] ?? 50)
const at = process.argv.indexOf('--platform')

/** MiB of the machine's page cache. */
async function readCache(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8')
  const kib = (name: string): number => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN)
  return (kib('Cached') + kib('Buffers')) / 1024
}

interface Usage {
  groupMib: number
  /** Without the page cache of files. */
  anonMib: number
}

/** What the kernel charges a zone's group with, whichever version of cgroups the machine has. */
async function readGroup(node: TestNode, uuid: string): Promise<Usage> {
  const places = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'].map((root) => `${root}/${node.cgroupParent}/${uuid}`)
  const read = async (names: readonly string[]): Promise<string> => {
    for (const place of places) {
      const known = (await readdir(place).catch(() => [])).find((name) => names.includes(name))
      if (known !== undefined) return await readFile(`${place}/${known}`, 'utf8')
    }
    return ''
  }
  const stat = await read(['memory.stat'])
  const anon = /^(?:total_rss|anon) (\d+)/m.exec(stat)?.[1]
  return { groupMib: Number(await read(['memory.usage_in_bytes', 'memory.current'])) / 2 ** 20, anonMib: Number(anon) / 2 ** 20 }
}

async function runSeries(node: TestNode, brand: string, image: string): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `${brand}${index + 1}`)
  const before = await readCache()
  const create = await measure(names, 2, async (alias) => {
    await node.follow('machine.create', { json: { brand, alias, image_uuid: image, max_physical_memory: 256, quota: 1 } })
  })
  for (const name of names)
    await waitFor(async () => /running|degraded/.test(await runInZone(node, name, 'systemctl is-system-running || true')), `${name} to be up`)
  const after = await readCache()
  const machines = await node.client.json<{ uuid: string; alias: string }[]>('machine.list', { query: { fields: 'uuid,alias' } })
  const usages = await Promise.all(names.map((name) => readGroup(node, machines.find(({ alias }) => alias === name)!.uuid)))
  const shown = [usages[0]!, usages[1]!, usages.at(-1)!].map(({ groupMib, anonMib }) => `${groupMib.toFixed(1)} (${anonMib.toFixed(1)})`)
  const all = usages.reduce((sum, { groupMib }) => sum + groupMib, 0)
  for (const name of names) await node.follow('machine.delete', { params: { name } })
  return [brand, String(count), ...shown, all.toFixed(0), (after - before).toFixed(0), ms(median(create.each)), (create.total / 1000).toFixed(1)]
}

const trees = await createPlatformTrees()
let node: TestNode | undefined
try {
  const platform = at < 0 ? await trees.mount('bench', '20261101T000000Z') : process.argv[at + 1]!
  node = await startTestNode({ images: false, poolSizeBytes: 16 * 2 ** 30, flags: () => ['--platform', platform] })
  const rows: string[][] = []
  for (const [brand, recipe] of [
    ['joyent', joyent13],
    ['lx', debian13],
  ] as const) {
    const { manifest, file } = await ensureImageFile(recipe, imageCache, context)
    await node.follow('image.install', { json: { manifest, file } })
    rows.push(await runSeries(node, brand, manifest.uuid))
  }
  const header = ['brand', 'zones', '1st MiB (anonymous)', '2nd', 'last', 'all MiB', 'page cache +MiB', 'create median ms', 'create all s']
  console.log(renderTable(header, rows))
} finally {
  await node?.dispose()
  await trees.dispose()
}
