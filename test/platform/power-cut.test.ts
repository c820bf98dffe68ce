import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureImageFile } from '../../src/image/ensure.ts'
import { busybox } from '../../src/image/profiles/busybox.ts'
import { fromKernel, type Guest, on, openLab, waitForHealth } from './lab.ts'
import { serveDirectory } from './serve.ts'

const cuts = Number(process.env['SPIRULA_POWER_CUTS'] ?? 20)
const lab = await openLab()
const directory = join(lab.directory, 'power')

/** What a node has, from two sides: its records, and the pool. */
interface Found {
  machines: { uuid: string; alias: string; state: string; snapshots: string[] }[]
  /** Names below the pool, without images and system datasets. */
  datasets: string[]
}

test(`after each of ${cuts} power cuts every machine is whole or absent`, async (t) => {
  const disks = await lab.copyDisks('power')
  const options = { name: 'node1', directory, disks, boot: fromKernel(lab.first), memoryMiB: 2048 }
  let guest = await lab.start(options)
  t.after(() => guest.kill())
  await waitForHealth(guest)
  const image = await installBusybox(guest)
  const seen = new Map<string, number>()
  for (let cut = 1; cut <= cuts; cut += 1) {
    await startLoad(guest, image)
    // Whatever is under way then: each begun thing takes some tenths of a second under emulation.
    await sleep(1500 + Math.random() * 5000)
    const begun = await on(guest, 'cat /run/load.log')
    await guest.kill()
    for (const line of begun.trim().split('\n')) seen.set(line.split(' ')[0]!, (seen.get(line.split(' ')[0]!) ?? 0) + 1)
    assert.doesNotMatch(begun, /^refused/m)
    guest = await lab.start(options)
    await waitForHealth(guest)
    await expectWhole(guest, begun, `cut ${cut}: ${begun.trim().split('\n').slice(-6).join(', ')}`)
  }
  for (const what of ['done', 'create', 'update', 'snapshot', 'rollback', 'delete']) assert.ok((seen.get(what) ?? 0) > 0, `no ${what} was begun in any round`)
  console.log(`times: begun before the cuts: ${JSON.stringify(Object.fromEntries(seen))}`)
})

async function installBusybox(guest: Guest): Promise<string> {
  const { manifest, file } = await ensureImageFile(busybox, '/var/cache/spirula/images', lab.context)
  const server = await serveDirectory('/')
  try {
    await on(guest, `curl -sSfo /run/busybox.tar.zst http://10.0.2.2:${server.port}${file}`)
    await on(guest, `cat >/run/busybox.json <<'END'\n${JSON.stringify(manifest)}\nEND`)
    await on(guest, 'imgadm install -m /run/busybox.json -f /run/busybox.tar.zst')
  } finally {
    await server.close()
  }
  return manifest.uuid
}

async function startLoad(guest: Guest, image: string): Promise<void> {
  await on(guest, `cat >/run/load.mjs <<'END'\n${readFileSync(join(import.meta.dirname, 'load.mjs'), 'utf8')}\nEND`)
  await on(guest, `setsid node /run/load.mjs ${image} 3 >/run/load.log 2>&1 </dev/null &`)
}

async function readFound(guest: Guest): Promise<Found> {
  const machines = JSON.parse(await on(guest, 'vmadm lookup -j')) as { uuid: string; alias: string; state: string; snapshots: { name: string }[] }[]
  const names = (await on(guest, 'zfs list -Hro name zones')).trim().split('\n')
  const images = (await on(guest, 'imgadm list -H -o uuid')).trim().split('\n')
  const isUuid = (name: string): boolean => /^zones\/[0-9a-f]{8}-[0-9a-f-]{27}$/.test(name)
  return {
    machines: machines.map(({ uuid, alias, state, snapshots }) => ({ uuid, alias, state, snapshots: (snapshots ?? []).map(({ name }) => name) })),
    datasets: names.filter((name) => isUuid(name) && !images.includes(name.slice('zones/'.length))).map((name) => name.slice('zones/'.length)),
  }
}

/** What the daemon had said was done, and nothing had been begun to undo. */
function readLasting(begun: string): { present: string[]; absent: string[] } {
  const last = new Map<string, string>()
  for (const [, done, what, name] of begun.matchAll(/^(done )?(\w+) (\S+)$/gm)) {
    if (what === 'delete') last.set(name!, done === undefined ? 'open' : 'absent')
    else if (done !== undefined && last.get(name!) !== 'open') last.set(name!, 'present')
  }
  const named = (state: string): string[] => [...last].filter((entry) => entry[1] === state).map(([name]) => name)
  return { present: named('present'), absent: named('absent') }
}

async function expectWhole(guest: Guest, begun: string, when: string): Promise<void> {
  const { machines, datasets } = await readFound(guest)
  const names = new Set(machines.flatMap(({ uuid, alias }) => [uuid, alias]))
  const { present, absent } = readLasting(begun)
  for (const name of present) assert.ok(names.has(name), `${when}: ${name} was said to be there`)
  for (const name of absent) assert.ok(!names.has(name), `${when}: ${name} was said to be gone`)
  assert.deepEqual(datasets.toSorted(), machines.map(({ uuid }) => uuid).toSorted(), `${when}: a dataset without a machine, or a machine without one`)
  for (const { uuid, alias, state, snapshots } of machines) {
    assert.match(state, /^(running|stopped)$/, `${when}: ${alias} is ${state}`)
    const taken = (await on(guest, `zfs list -Hd1 -t snapshot -o name zones/${uuid} | grep -c '@vmsnap-' || true`)).trim()
    assert.equal(Number(taken), snapshots.length, `${when}: snapshots of ${alias}`)
  }
  const left = await on(guest, 'cat /zones/config/journal/*.json 2>/dev/null || true')
  if (left !== '') assert.fail(`${when}: the journal is not empty: ${left}${await on(guest, 'journalctl -u spirula -b -o cat | tail -20')}`)
  assert.equal((await on(guest, 'zpool status -x zones')).trim(), "pool 'zones' is healthy", when)
  const [one, ...others] = machines
  if (one === undefined) return
  // One of them is used; all of them would take the rest of the day. What piles up would make each boot slower.
  await on(guest, `vmadm start ${one.uuid} 2>/dev/null; vmadm stop -F ${one.uuid} && vmadm delete ${one.uuid}`)
  const remove = ({ uuid }: { uuid: string }): string =>
    `curl -sSf --unix-socket /run/spirula/daemon.sock -X DELETE 'http://node/machines/${uuid}?follow=true' >/dev/null &`
  await on(guest, `${others.slice(2).map(remove).join(' ')} wait`)
}
