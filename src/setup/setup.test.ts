import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { AppError, isAppError } from '#contracts/errors.ts'
import { commandNames, ensureCommands } from './commands.ts'
import { readLastLines, rotateLog } from './daemon-log.ts'
import { renderFailure } from '#contracts/render-failure.ts'
import { parseResolvers, planFirstZone } from './first-zone.ts'
import { planHostAddresses } from './internal-network.ts'
import { createProgress } from '#lib/progress.ts'
import { ensureChoices, parseSize, parseUpOptions, renderPlaces } from './settings.ts'
import { ensureShellHelp } from './shell-help.ts'
import { renderUnit } from './unit.ts'

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'setup-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const isUsage = (error: unknown): boolean => isAppError(error, 'Usage')

test('sizes of pools', () => {
  assert.equal(parseSize('20G'), 20 * 2 ** 30)
  assert.equal(parseSize('2048MiB'), 2 ** 31)
  assert.equal(parseSize('1t'), 2 ** 40)
  for (const bad of ['', '20', '0G', '512M', '-1G', '1.5G', '20 G']) assert.throws(() => parseSize(bad), isUsage, bad)
})

test('options of up', () => {
  assert.deepEqual(parseUpOptions([]), { given: {}, zone: true })
  assert.deepEqual(parseUpOptions(['--pool', 'tank', '--pool-size=3G', '--no-zone']), { given: { pool: 'tank', pool_size_bytes: 3 * 2 ** 30 }, zone: false })
  for (const bad of [['--pool', '../x'], ['--size', '3G'], ['--pool-size'], ['extra']]) assert.throws(() => parseUpOptions(bad), isUsage, bad.join(' '))
})

test('choices are kept from one run to the next', async (t) => {
  const places = { ...renderPlaces('/checkout'), backingDir: join(scratch(t), 'lib') }
  assert.deepEqual(await ensureChoices(places, {}), { pool: 'zones', pool_size_bytes: 20 * 2 ** 30, cgroup_parent: 'spirula' })
  await ensureChoices(places, { pool: 'tank' })
  assert.deepEqual(await ensureChoices(places, {}), { pool: 'tank', pool_size_bytes: 20 * 2 ** 30, cgroup_parent: 'spirula' })
})

test('commands start the bundle, and are written once', async (t) => {
  const directory = join(scratch(t), 'sbin')
  const root = join(scratch(t), `it's here`)
  assert.deepEqual(await ensureCommands(directory, { node: '/bin/echo', root }), [...commandNames])
  assert.deepEqual(await ensureCommands(directory, { node: '/bin/echo', root }), [])
  assert.equal(execFileSync(join(directory, 'vmadm'), ['list', '-o', 'a b'], { encoding: 'utf8' }), `${root}/dist/cli/main.js vmadm list -o a b\n`)
  assert.equal(execFileSync(join(directory, 'spirula'), ['operations'], { encoding: 'utf8' }), `${root}/dist/cli/main.js spirula operations\n`)
  assert.match(readFileSync(join(directory, 'spirula'), 'utf8'), /up \| down \|.*\/spirula' "\$@"/)
})

test('manual pages and completions are copied where the shells look, once', async (t) => {
  const [root, share] = [scratch(t), scratch(t)]
  mkdirSync(join(root, 'share/man/man8'), { recursive: true })
  writeFileSync(join(root, 'share/man/man8/vmadm.8'), '.TH VMADM 8\n')
  assert.deepEqual(await ensureShellHelp(share, root), [join(share, 'man/man8/vmadm.8')])
  assert.equal(readFileSync(join(share, 'man/man8/vmadm.8'), 'utf8'), '.TH VMADM 8\n')
  assert.equal(statSync(join(share, 'man/man8/vmadm.8')).mode & 0o777, 0o644)
  assert.deepEqual(await ensureShellHelp(share, root), [])
})

test('a large log moves on, a small one stays', async (t) => {
  const log = join(scratch(t), 'log/daemon.log')
  await rotateLog(log)
  writeFileSync(log, 'small\n')
  await rotateLog(log)
  assert.equal(readFileSync(log, 'utf8'), 'small\n')
  for (const round of [1, 2]) {
    writeFileSync(log, `round ${round}\n`)
    truncateSync(log, 17 << 20)
    await rotateLog(log)
  }
  assert.match(readFileSync(`${log}.1`, 'utf8').slice(0, 10), /round 2/)
  assert.match(readFileSync(`${log}.2`, 'utf8').slice(0, 10), /round 1/)
  assert.equal(statSync(log, { throwIfNoEntry: false }), undefined)
})

test('the last lines of a log', async (t) => {
  const log = join(scratch(t), 'daemon.log')
  assert.equal(await readLastLines(log, 3), '')
  appendFileSync(log, `${'x'.repeat(100_000)}\none\ntwo\nthree\n`)
  assert.equal(await readLastLines(log, 2), 'two\nthree')
})

test('the internal network keeps clear of what the host has', () => {
  const random = Uint8Array.of(1, 2, 3, 4, 5)
  assert.deepEqual(planHostAddresses(['127.0.0.1', '::1'], random), ['10.88.0.1/24', 'fd01:0203:0405::1/64'])
  assert.equal(planHostAddresses(['10.88.3.4'], random)[0], '10.89.0.1/24')
  assert.throws(
    () =>
      planHostAddresses(
        [88, 89, 90, 91, 92, 93, 94, 95].map((second) => `10.${second}.0.9`),
        random,
      ),
    (error) => isAppError(error, 'AddressConflict'),
  )
})

test('only resolvers that a zone can reach', () => {
  assert.deepEqual(
    parseResolvers('search x\nnameserver 127.0.0.53\nnameserver 192.0.2.1\n nameserver 2001:db8::1\nnameserver fe80::1%eth0\n# nameserver 9.9.9.9\n'),
    ['192.0.2.1', '2001:db8::1'],
  )
})

test('the first zone has host number 10 and the node as its gateway', () => {
  const tag = { name: 'internal', type: 'etherstub', mac: '-', mtu: 1500, host_addresses: ['10.88.0.1/24', 'fd01::1/64'], nat: true } as const
  const facts = { image: 'i', tag: { ...tag, host_addresses: [...tag.host_addresses] }, resolvers: ['192.0.2.1'], keys: 'ssh-ed25519 AAAA me\n' }
  const payload = planFirstZone(facts)
  assert.deepEqual(payload['nics'], [{ nic_tag: 'internal', ips: ['10.88.0.10/24', 'fd01::10/64'], gateways: ['10.88.0.1'], primary: true }])
  assert.deepEqual(payload['customer_metadata'], { root_authorized_keys: facts.keys })
  assert.equal('customer_metadata' in planFirstZone({ ...facts, keys: null }), false)
})

test('the unit keeps zones alive and quotes its words', () => {
  const unit = renderUnit(['/a b/node', 'x"y', '100%', '$HOME'], '/var/log/d.log')
  assert.match(unit, /^KillMode=process$/m)
  assert.match(unit, /^ExecStart="\/a b\/node" "x\\"y" "100%%" "\$\$HOME"$/m)
})

test('progress is a line a step, also for one that fails', async () => {
  let text = ''
  const out = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  const progress = createProgress(out, { first: 4, total: 8 })
  await progress.step('images', async (note) => note('busybox'))
  await assert.rejects(progress.step('zone', () => Promise.reject(new Error('no'))))
  assert.match(text, /^\[4\/8\] images … busybox … ok \(0\.0 s\)\n\[5\/8\] zone … FAILED\n$/)
})

test('a failure names its causes and the way out', () => {
  const error = new AppError('NoSpace', 'The pool is full.', {
    cause: new Error('ENOSPC'),
    hint: 'free some',
    details: [{ path: 'quota', message: 'too large' }],
  })
  assert.equal(renderFailure(error), 'spirula: The pool is full.\nbecause: ENOSPC\n  quota: too large\nhint: free some')
  assert.match(renderFailure(new TypeError('x')), /defect: TypeError: x/)
})
