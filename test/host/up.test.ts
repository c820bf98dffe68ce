import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { before, after, test } from 'node:test'
import { runTool } from '../../tools/command.ts'
import { renderNamespaced } from '../harness/namespaced.ts'

const root = join(import.meta.dirname, '../..')
const name = `up${process.pid}`
let scratch = ''
let output = ''
const sections = new Map<string, string>()

before(async () => {
  scratch = mkdtempSync('/var/tmp/spirula-up-')
  const argv = renderNamespaced(['/bin/sh', join(root, 'test/harness/up-scenario.sh'), process.execPath, root, scratch, name])
  const outcome = await runTool(argv, { cwd: root, timeoutMs: 240_000, env: { PATH: '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' } })
  output = outcome.output
  for (const part of output.split(/^@/m).slice(1)) sections.set(part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1))
})
after(() => rmSync(scratch, { recursive: true, force: true }))

function section(title: string): string {
  const text = sections.get(title)
  assert.ok(text !== undefined, `the scenario did not come to @${title}:\n${output}`)
  return text
}

test('up makes a node and a running zone', () => {
  const text = section('first')
  for (const step of ['commands', 'pool and node daemon', 'images', 'internal network', 'first zone'])
    assert.match(text, new RegExp(`^\\[\\d/8\\] ${step} … .*ok \\(`, 'm'))
  assert.match(section('list'), /^running:debian0:[0-9a-f-]{36}$/m)
  const uuid = section('list').trim().split(':')[2]!
  assert.ok(text.includes(`zlogin ${uuid}`) && text.includes(`vmadm console ${uuid}`))
  assert.equal(section('enter').trim(), 'debian0')
})

test('the shell knows the manual and the machines', () => {
  assert.match(section('help'), /^2\d\n[^]*\bdebian0\b/)
})

test('a second up changes nothing and is quick', () => {
  const text = section('second')
  const seconds = [...text.matchAll(/\((\d+\.\d) s\)/g)].reduce((sum, [, time]) => sum + Number(time), 0)
  assert.ok(seconds < 3, text)
  assert.doesNotMatch(text, /busybox|debian-13/)
  assert.match(section('status'), /^machines +1, 1 running, 0 failed$/m)
})

test('the zone goes on without the daemon and is taken over again', () => {
  assert.match(section('down'), /daemon +not running[^]*status 1/)
  assert.match(section('again'), /^running:/m)
})

test('the machine can be deleted', () => {
  assert.match(section('delete'), /Successfully deleted/)
  section('end')
})
