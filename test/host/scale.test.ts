import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { command } from '../bench/command.ts'
import { payload } from '../harness/machines.ts'
import { startTestNode, type TestNode } from '../harness/test-node.ts'

// SPECIFICATION.md: the idle daemon with 1,000 machines stays below 120 MB. How long `vmadm list` takes then is
// printed, and measured properly by the benchmark.
const count = 1000
const maxRssBytes = 120_000_000

let node: TestNode
before(async () => {
  node = await startTestNode()
  await node.follow('nic_tag.create', { json: { name: 'test0', type: 'etherstub', mac: '-', mtu: 1500 } })
  await addRecords()
})
after(async () => await node?.dispose())

/** One machine made as usual, and its record written out under other names, as if the pool had come from elsewhere. */
async function addRecords(): Promise<void> {
  const { uuid } = (await node.follow('machine.create', { json: payload({ autoboot: false }) })).result as { uuid: string }
  const directory = join(node.pool, 'config/machines')
  const template = JSON.parse(await readFile(join(directory, `${uuid}.json`), 'utf8')) as MachineRecord
  await node.kill()
  for (let number = 1; number < count; number += 1) {
    const id = `d0000000-0000-4000-8000-${String(number).padStart(12, '0')}`
    const bytes = [number >> 8, number & 255].map((byte) => byte.toString(16).padStart(2, '0'))
    const nics = template.nics.map((nic) => ({ ...nic, mac: `02:08:20:ff:${bytes.join(':')}`, ips: [`10.9.${number >> 8}.${number & 255}/16`] }))
    const record = {
      ...template,
      uuid: id,
      zonename: id,
      alias: `machine${number}`,
      nics,
      internal: { ...template.internal, uid_base: template.internal.uid_base + number * 65_536 },
    }
    await writeFile(join(directory, `${id}.json`), JSON.stringify(record))
  }
  await node.start()
}

test(`the idle daemon with ${count} machines stays below 120 MB`, async (t) => {
  await sleep(2000)
  const status = await node.client.json<{ rss_bytes: number; machines: { total: number } }>('node.status')
  t.diagnostic(`resident: ${(status.rss_bytes / 1e6).toFixed(1)} MB`)
  assert.equal(status.machines.total, count)
  assert.ok(status.rss_bytes < maxRssBytes, `${status.rss_bytes} bytes`)
})

test(`vmadm list shows all ${count}, each once`, async (t) => {
  const cli = join(import.meta.dirname, '../../dist/cli/main.js')
  const started = performance.now()
  const output = await command([process.execPath, cli, 'vmadm', 'list', '-p', '-o', 'uuid'], { env: { SPIRULA_SOCKET: node.socket } })
  t.diagnostic(`vmadm list, once, on a machine that may be busy: ${(performance.now() - started).toFixed(0)} ms`)
  assert.equal(new Set(output.trim().split('\n')).size, count)
})
