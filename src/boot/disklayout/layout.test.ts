import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Cli, Tool } from '#cli/command.ts'
import { runTool } from '#cli/run-tool.ts'
import { tool as mkzpool } from '../mkzpool/tool.ts'
import { tool as disklayout } from './tool.ts'

const directory = await mkdtemp(join(tmpdir(), 'disklayout-'))
after(() => rm(directory, { recursive: true, force: true }))

async function run(tool: Tool, ...words: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const cli = {
    out: (text: string | Uint8Array) => void (out += String(text)),
    err: (text: string | Uint8Array) => void (err += String(text)),
    isTerminal: () => false,
    onInterrupt: () => () => {},
  }
  // No daemon is needed, and none of these cases gets as far as the disks.
  const code = await runTool(tool, words, cli as unknown as Cli)
  return { code, out, err }
}

const inventory = join(directory, 'disks')
const row = (name: string, gb: number, solid: 'yes' | 'no', removable: 'yes' | 'no' = 'no'): string =>
  `SATA\t${name}\tACME\tD${gb}\t${gb * 1e9}\t${removable}\t${solid}\n`
await writeFile(inventory, row('c1t0', 2000, 'no') + row('c1t1', 2000, 'no') + row('c2t0', 400, 'yes') + row('c2t1', 100, 'yes') + row('usb', 32, 'yes', 'yes'))

function namesOf(text: string): string[] {
  return [...text.matchAll(/"name": "(\w+)"/g)].map(([, name]) => name ?? '')
}

test('disklayout prints JSON that scripts know, from a file of diskinfo', async () => {
  const { code, out } = await run(disklayout, '-f', inventory)
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(out), {
    vdevs: [{ type: 'mirror', devices: ['c1t0', 'c1t1'].map((name) => ({ name, vid: 'ACME', pid: 'D2000', size: '2000000000000', solid_state: false })) }],
    capacity: 2e12,
    logs: [{ name: 'c2t1', vid: 'ACME', pid: 'D100', size: '100000000000', solid_state: true }],
    cache: [{ name: 'c2t0', vid: 'ACME', pid: 'D400', size: '400000000000', solid_state: true }],
  })
  assert.match(out, /^\{\n\t"vdevs": \[\n\t\t\{\n\t\t\t"type"/)
  assert.deepEqual(namesOf((await run(disklayout, '-c', '-f', inventory)).out), ['c1t0', 'c1t1', 'c2t1'])
  assert.deepEqual(namesOf((await run(disklayout, '-e', 'C1T0,c2t0', '-f', inventory, 'single')).out), ['c1t1', 'c2t1'])
})

test('without a layout the reason is on standard output, and wrong numbers are usage errors', async () => {
  assert.deepEqual(await run(disklayout, '-f', inventory, '-s', '1'), {
    code: 1,
    out: 'fatal error: too many spares (1) for this disk configuration\n',
    err: '',
  })
  for (const words of [
    ['-s', 'x'],
    ['-s', '-1'],
    ['-w', '1'],
    ['-w', '2.5'],
  ])
    assert.equal((await run(disklayout, '-f', inventory, ...words)).code, 2, words.join(' '))
  assert.match((await run(disklayout, '-f', join(directory, 'none'))).err, /There is no file/)
})

test('mkzpool refuses what is no layout before it looks at a disk', async () => {
  const file = join(directory, 'layout.json')
  const refuse = async (text: string): Promise<string> => {
    await writeFile(file, text)
    const { code, err } = await run(mkzpool, 'zones', file)
    assert.equal(code, 1)
    return err
  }
  assert.match(await refuse('fatal error: no primary storage disks available\n'), /There is no layout in .*, but: fatal error: no primary storage/)
  assert.match(await refuse('{"vdevs":'), /layout.json is not JSON/)
  assert.match(await refuse('{"vdevs":[]}'), /layout.json is not a pool layout/)
  assert.match(await refuse('{"vdevs":[{"name":"../etc/passwd"}]}'), /layout.json is not a pool layout/)
})
