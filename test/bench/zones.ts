import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { command } from './command.ts'
import type { Contender } from './contender.ts'
import { createFloor } from './floor.ts'
import { createIncus } from './incus.ts'
import { measure, measureRound, median, ms, type Row, renderTable } from './measure.ts'
import { createOursByApi, createOursByCli, type OurNode, readKeeperMemory, startOurNode } from './ours.ts'
import { createPodman } from './podman.ts'

// `npm run bench:zones [-- --rounds 1x1,20x1,20x4,100x1,100x4] [--without incus,podman]`: as root, on a machine that may be used for it.
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1x1,20x1,20x4,100x1,100x4' },
    without: { type: 'string', default: '' },
    inside: { type: 'boolean', default: false },
  },
})
const repository = join(import.meta.dirname, '../..')
const rounds = values.rounds.split(',').map((round) => round.split('x').map(Number) as [number, number])
const without = new Set(values.without.split(','))
const execs = 30

const work = await mkdtemp('/var/tmp/spirula-bench-')
// The floor's zones reach their roots with the ids of their user namespace.
await chmod(work, 0o711)
let node: OurNode | undefined
const ourNode = (): OurNode => node!
const contenders: Contender[] = [
  createFloor(work),
  createOursByApi(ourNode),
  createOursByCli(ourNode, repository),
  createPodman(work),
  createIncus(work),
].filter(({ name }) => !without.has(name))

const rows: Row[] = []
const latencies: [string, number][] = []
let idle = 'not measured'
if (values.inside) await runInside()
else await runOutside()

/** Packages first; then everything in fresh mount and network namespaces, where nothing of this machine is touched. */
async function runOutside(): Promise<void> {
  for (const contender of contenders)
    await contender.install().catch((error: Error) => process.stderr.write(`${contender.name}: not installed: ${error.message}\n`))
  await rm(work, { recursive: true })
  const script = `ip link set lo up; mkdir -p /run/netns; mount -t tmpfs tmpfs /run/netns; umount /sys/fs/cgroup/unified 2>/dev/null; mkdir -p /run/bench-cgroup; mount --rbind /sys/fs/cgroup /run/bench-cgroup; mount -t sysfs sysfs /sys; mount --rbind /run/bench-cgroup /sys/fs/cgroup; exec "$@"`
  const argv = [
    '--mount',
    '--net',
    '--propagation=private',
    'sh',
    '-c',
    script,
    'bench',
    process.execPath,
    import.meta.filename,
    '--inside',
    '--rounds',
    values.rounds,
    '--without',
    values.without,
  ]
  const { status } = spawnSync('unshare', argv, { stdio: 'inherit' })
  process.exitCode = status ?? 1
}

async function runInside(): Promise<void> {
  try {
    node = await startOurNode(work, repository)
    for (const contender of contenders) await benchmark(contender)
    idle = await measureIdle(node)
  } finally {
    await node?.stop()
    await rm(work, { recursive: true, force: true })
  }
  report()
}

/** One contender after the other, so that none disturbs another. */
async function benchmark(contender: Contender): Promise<void> {
  try {
    process.stderr.write(`${contender.name}: set up\n`)
    await contender.setUp()
    await measureRound(contender, 1, 1) // the first one warms caches; it does not count
    for (const [count, lanes] of rounds) {
      process.stderr.write(`${contender.name}: ${count} zones, ${lanes} at a time\n`)
      rows.push(await measureRound(contender, count, lanes))
    }
    await contender.create('b0')
    const { each } = await measure(
      Array.from({ length: execs }, () => 'b0'),
      1,
      contender.exec,
    )
    latencies.push([contender.name, median(each)])
    await contender.destroy('b0')
  } catch (error) {
    process.stderr.write(`${contender.name}: stopped: ${(error as Error).message}\n`)
  } finally {
    await contender.tearDown()
  }
}

/** What a hundred idle zones take of the machine, caches dropped before each look, and what their keepers hold privately. */
async function measureIdle({ client }: OurNode): Promise<string> {
  const contender = createOursByApi(() => ({ ...node!, client }))
  const names = Array.from({ length: 100 }, (_, index) => `b${index}`)
  const before = await readAvailable()
  await measure(names, 4, contender.create)
  const after = await readAvailable()
  const keepers = await readKeeperMemory()
  await measure(names, 4, contender.destroy)
  const each = ((before - after) / names.length / 1024).toFixed(0)
  return `memory of an idle zone: its keeper ${(median(keepers) / 1024).toFixed(0)} KiB private; all in all (processes, kernel, daemon) ${each} KiB`
}

async function readAvailable(): Promise<number> {
  await command(['sync'])
  await writeFile('/proc/sys/vm/drop_caches', '3')
  const text = await readFile('/proc/meminfo', 'utf8')
  return Number(/^MemAvailable:\s+(\d+)/m.exec(text)?.[1] ?? Number.NaN) * 1024
}

function report(): void {
  const floor = new Map(rows.filter((row) => row.contender === 'floor').map((row) => [`${row.count}x${row.lanes}`, median(row.create.each)]))
  console.log(
    renderTable(
      ['zones', 'at a time', 'who', 'create, median ms', '× floor', 'create, all ms', 'delete, median ms'],
      rows
        .toSorted((a, b) => a.count - b.count || a.lanes - b.lanes)
        .map((row) => {
          const create = median(row.create.each)
          return [
            String(row.count),
            String(row.lanes),
            row.contender,
            ms(create),
            (create / (floor.get(`${row.count}x${row.lanes}`) ?? Number.NaN)).toFixed(2),
            ms(row.create.total),
            ms(median(row.destroy.each)),
          ]
        }),
    ),
  )
  console.log()
  console.log(
    renderTable(
      ['exec of /bin/true', 'median ms'],
      latencies.map(([name, value]) => [name, ms(value)]),
    ),
  )
  console.log(`\n${idle}`)
  for (const contender of contenders) console.log(`${contender.name}: ${contender.about}`)
}
