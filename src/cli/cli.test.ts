import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ErrorBody } from '#contracts/errors.ts'
import type { OperationEvent } from '#contracts/operation/schema.ts'
import { fail, makeOperation, startFakeDaemon, succeed, type Fixtures } from '../../test/harness/fake-daemon.ts'
import { mainPath, runCli, type CliResult } from '../../test/harness/run-cli.ts'

const uuid = '5b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a001'
const notFound: ErrorBody = { code: 'MachineNotFound', message: 'web09: No such zone configured', hint: 'vmadm list' }
const other = 'a0000000-1f0c-4f3a-9c59-0f6ce1b7a002'
const machines = {
  json: [
    { uuid, type: 'LX', ram: 512, state: 'running', alias: 'web01' },
    { uuid: other, type: 'LX', ram: 256, state: 'stopped' },
  ],
}
const image = {
  manifest: { v: 2, uuid, name: 'debian', version: '13', os: 'linux', type: 'lx-dataset', published_at: '2026-11-01T00:00:00Z' },
  zpool: 'zones',
  source: null,
  installed_at: '',
}

interface Case {
  words: string[]
  stdin?: string
  fixtures?: Fixtures
  code: number
  stdout?: string | RegExp
  stderr?: string | RegExp
}

/** Everything a script could see of one command line: where it says what, and how it exits. */
const cases: Case[] = [
  { words: ['vmadm'], code: 2, stderr: /^Usage: vmadm COMMAND/ },
  { words: ['vmadm', 'help'], code: 0, stdout: /^Usage: vmadm COMMAND/ },
  { words: ['vmadm', '-?'], code: 0, stdout: /^Usage: vmadm COMMAND/ },
  { words: ['vmadm', 'stop', '-h'], code: 0, stdout: /^Usage: vmadm stop / },
  { words: ['vmadm', 'help', 'boot'], code: 0, stdout: /^Usage: vmadm start / },
  { words: ['vmadm', 'lst'], code: 2, stderr: 'Invalid command: "lst". Did you mean list?\nhint: vmadm help\n' },
  { words: ['vmadm', 'start'], code: 2, stderr: 'Invalid or missing UUID for start\nhint: vmadm help start\n' },
  { words: ['vmadm', 'stop', 'u', '--forec'], code: 2, stderr: 'There is no option --forec. Did you mean --force?\nhint: vmadm help stop\n' },
  { words: ['vmadm', 'get', 'u', 'v'], code: 2, stderr: /^Unexpected argument "v"\./ },
  { words: ['nonesuch'], code: 2, stderr: /^There is no tool "nonesuch": vmadm, zlogin/ },
  { words: ['vmadm', 'get', 'web01'], fixtures: { 'GET /machines/web01': { json: { uuid } } }, code: 0, stdout: `{\n  "uuid": "${uuid}"\n}\n`, stderr: '' },
  {
    words: ['vmadm', 'json', 'web09'],
    fixtures: { 'GET /machines/*': { status: 404, error: notFound } },
    code: 1,
    stdout: '',
    stderr: 'zoneadm: web09: No such zone configured\nhint: vmadm list\n',
  },
  {
    words: ['vmadm', 'boot', 'web01'],
    fixtures: { 'POST /machines/web01/start': { lines: succeed({}) } },
    code: 0,
    stdout: '',
    stderr: `Successfully started VM ${uuid}\n`,
  },
  {
    words: ['vmadm', 'start', 'web01'],
    fixtures: { 'POST /machines/*/start': { lines: succeed({ warnings: [`VM ${uuid} is already 'running'`] }) } },
    code: 0,
    stderr: `VM ${uuid} is already 'running'\n`,
  },
  {
    words: ['vmadm', 'start', 'web01'],
    fixtures: { 'POST /machines/*/start': { lines: fail({}, { code: 'InvalidState', message: 'Cannot start vm from state "failed", must be "stopped".' }) } },
    code: 1,
    stderr: 'Unable to start VM web01: Cannot start vm from state "failed", must be "stopped".\n',
  },
  { words: ['vmadm', 'stop', 'web01', '-t', 'x'], code: 2, stderr: /^Invalid timeout "x"/ },
  {
    words: ['vmadm', 'delete', 'web09'],
    fixtures: { 'DELETE /machines/*': { status: 404, error: notFound } },
    code: 1,
    stderr: 'Failed to delete VM web09: zoneadm: web09: No such zone configured\nhint: vmadm list\n',
  },
  { words: ['vmadm', 'create'], stdin: '{"brand": "lx",\n  oops}', code: 1, stderr: /^Invalid JSON payload: Line 2, column 3/ },
  { words: ['vmadm', 'create'], stdin: '[]', code: 1, stderr: /^Invalid JSON payload: an object is expected/ },
  { words: ['vmadm', 'create', '-f', '/nonexistent.json'], code: 1, stderr: 'File: /nonexistent.json does not exist.\n' },
  {
    words: ['vmadm', 'create'],
    stdin: '{"brand": "lx"}',
    fixtures: { 'POST /machines': { lines: succeed({ kind: 'machine.create', warnings: ['"ramm" is ignored; did you mean "ram"?'] }) } },
    code: 0,
    stdout: '',
    stderr: `warning: "ramm" is ignored; did you mean "ram"?\nSuccessfully created VM ${uuid}\n`,
  },
  {
    words: ['vmadm', 'create', '-n'],
    stdin: '{}',
    fixtures: { 'POST /machines': { lines: succeed({ result: { steps: [{ kind: 'dataset.clone' }] } }) } },
    code: 0,
    stdout: '1. dataset.clone\n',
    stderr: '',
  },
  {
    words: ['vmadm', 'create'],
    stdin: '{}',
    fixtures: { 'POST /machines': { lines: fail({}, { code: 'ImageNotFound', message: 'Image x is not installed.' }) } },
    code: 1,
    stderr: 'Image x is not installed.\n',
  },
  {
    words: ['vmadm', 'kill', '-HUP', 'web01'],
    fixtures: { 'POST /machines/*/kill': { lines: succeed({}) } },
    code: 0,
    stderr: `Sent signal "HUP" to init process for VM ${uuid}\n`,
  },
  {
    words: ['vmadm', 'rollback-snapshot', 'web01', 's%1'],
    fixtures: { 'POST /machines/web01/snapshots/s%1/rollback': { lines: succeed({}) } },
    code: 0,
    stderr: `Rolled back snapshot s%1 for VM ${uuid}\n`,
  },
  {
    words: ['vmadm', 'validate', 'create'],
    stdin: '{"brand":"joyent"}',
    fixtures: { 'POST /validate/create': { json: {} } },
    code: 0,
    stdout: '',
    stderr: `VALID 'create' payload for joyent brand VMs.\n`,
  },
  {
    words: ['vmadm', 'validate', 'update', 'lx'],
    stdin: '{}',
    fixtures: { 'POST /validate/update/lx': { json: { bad_values: ['ram'] } } },
    code: 1,
    stdout: '',
    stderr: '{\n  "bad_values": [\n    "ram"\n  ]\n}\n',
  },
  {
    words: ['vmadm', 'sysrq', 'web01', 'nmi'],
    fixtures: { 'GET /machines/*': { json: { brand: 'lx' } } },
    code: 1,
    stderr: 'Unable to send nmi to VM web01: Machines of brand lx take no system requests, only kvm and bhyve do.\n',
  },
  {
    words: ['vmadm', 'send', 'web01'],
    fixtures: { 'GET /machines/web01': { json: { uuid } }, [`POST /machines/${uuid}/send`]: { bytes: 'BUNDLE' } },
    code: 0,
    stdout: 'BUNDLE',
    stderr: `Successfully sent VM ${uuid}\n`,
  },
  {
    words: ['vmadm', 'recv'],
    stdin: 'BUNDLE',
    fixtures: { 'POST /receive': (request) => ({ lines: succeed({ subject: request.body }) }) },
    code: 0,
    stderr: 'Successfully received VM BUNDLE\n',
  },
  {
    words: ['vmadm', 'start', 'web01'],
    fixtures: { 'POST /machines/*/start': { lines: succeed({}).slice(0, 1) } },
    code: 1,
    stderr: /^Unable to start VM web01: The node daemon closed the connection[^]*hint: spirula operation aaaaaaaa-0000-4000-8000-000000000001 --follow\n$/,
  },
  { words: ['vmadm', 'list', '-o', 'uuid,nope'], code: 2, stderr: /^invalid order field: nope\n/ },
  { words: ['vmadm', 'list', 'nope=1'], code: 2, stderr: /^Invalid filter key: "nope"/ },
  {
    words: ['vmadm', 'list'],
    fixtures: { 'GET /machines': machines },
    code: 0,
    stderr: '',
    stdout: `UUID                                  TYPE  RAM      STATE             ALIAS\n${other}  LX    256      stopped           -\n${uuid}  LX    512      running           web01\n`,
  },
  { words: ['vmadm', 'list', '-Hpo', 'uuid,alias', '-s', '-ram'], fixtures: { 'GET /machines': machines }, code: 0, stdout: `${uuid}:web01\n${other}:\n` },
  { words: ['vmadm', 'list', '-po', 'nics.0.ip'], fixtures: { 'GET /machines': { json: [{ uuid, 'nics.0.ip': '10.0.0.2' }] } }, code: 0, stdout: '10.0.0.2\n' },
  { words: ['vmadm', 'list', '-H'], fixtures: { 'GET /machines': { json: [] } }, code: 0, stdout: '' },
  { words: ['vmadm', 'lookup', 'alias=~web'], fixtures: { 'GET /machines': { json: [{ uuid }] } }, code: 0, stdout: `${uuid}\n` },
  {
    words: ['vmadm', 'lookup', '-j', '-o', 'uuid'],
    fixtures: { 'GET /machines': { json: [{ uuid }] } },
    code: 0,
    stdout: `[\n  {\n    "uuid": "${uuid}"\n  }\n]\n`,
  },
  {
    words: ['vmadm', 'lookup', '-1', 'ram=1'],
    fixtures: { 'GET /machines': { json: [] } },
    code: 1,
    stdout: '',
    stderr: 'Requested unique lookup but found 0 results.\n',
  },
  { words: ['vmadm', 'lookup', '-o', 'uuid'], code: 2, stderr: /^Cannot specify -o without -j\n/ },
  { words: ['vmadm', 'lookup', 'x.y=1'], code: 2, stderr: /^Invalid lookup key: "x.y"/ },
  { words: ['zonename'], code: 0, stdout: 'global\n' },
  {
    words: ['zoneadm', '-z', 'web09', 'boot'],
    fixtures: { 'POST /machines/*/start': { status: 404, error: notFound } },
    code: 1,
    stderr: /^zoneadm: web09: No such zone configured\n/,
  },
  {
    words: ['zoneadm', '-z', 'web01', 'halt'],
    fixtures: { 'POST /machines/*/stop': (request) => ({ lines: request.body === '{"force":true}' ? succeed({}) : [] }) },
    code: 0,
    stdout: '',
    stderr: '',
  },
  {
    words: ['zoneadm', 'list', '-cp'],
    fixtures: { 'GET /machines': { json: [{ uuid, zonename: uuid, zone_state: 'installed', zonepath: '/p', brand: 'lx' }] } },
    code: 0,
    stdout: `0:global:running:/::liveimg:shared\n-:${uuid}:installed:/p:${uuid}:lx:excl\n`,
  },
  {
    words: ['zoneadm', 'list'],
    fixtures: { 'GET /machines': { json: [{ uuid, zonename: 'z', zone_state: 'installed', zonepath: '/p', brand: 'lx' }] } },
    code: 0,
    stdout: 'global\n',
  },
  { words: ['nictagadm', 'add', 'a-b'], code: 1, stderr: /^Error: nic tag name "a-b" may have/ },
  {
    words: ['nictagadm', 'exists', '-l', 'admin', 'nope'],
    fixtures: { 'GET /nic_tags': { json: [{ name: 'admin' }] } },
    code: 1,
    stdout: '',
    stderr: 'nope\n',
  },
  { words: ['nictagadm', 'exists', 'admin'], fixtures: { 'GET /nic_tags': { json: [{ name: 'admin' }] } }, code: 0, stdout: '', stderr: '' },
  {
    words: ['imgadm', 'list'],
    fixtures: { 'GET /images': { json: [image] } },
    code: 0,
    stdout: `UUID                                  NAME    VERSION  OS     TYPE        PUBLISHED\n${uuid}  debian  13       linux  lx-dataset  2026-11-01\n`,
  },
  { words: ['imgadm', 'list', '-Ho', 'name', 'os=windows'], fixtures: { 'GET /images': { json: [image] } }, code: 0, stdout: '' },
  {
    words: ['imgadm', 'get', 'nope'],
    fixtures: { 'GET /images': { json: [image] } },
    code: 3,
    stderr: /^imgadm get: error \(ImageNotInstalled\): image "nope" is not installed\n/,
  },
  {
    words: ['imgadm', 'show', 'debian@13'],
    fixtures: { 'GET /images': { json: [image] }, [`GET /images/${uuid}`]: { json: image } },
    code: 0,
    stdout: /^\{\n {2}"v": 2,/,
  },
  { words: ['imgadm', 'frob'], code: 2, stderr: /^imgadm: error \(Usage\): Invalid command: "frob"/ },
  {
    words: ['spirula', 'operation', 'aaaa'],
    fixtures: { 'GET /operations': { json: [makeOperation({})] }, 'GET /operations/*': { json: makeOperation({}) } },
    code: 0,
    stdout: /"kind": "machine.start"/,
  },
  { words: ['sysinfo', '-p'], fixtures: { 'GET /sysinfo': { json: { 'Live Image': 'x' } } }, code: 0, stdout: `Live_Image='x'\n` },
  {
    words: ['zlogin', 'web09'],
    fixtures: { 'POST /machines/*/enter': { status: 404, error: notFound } },
    code: 1,
    stderr: /^zoneadm: web09: No such zone configured\n/,
  },
]

function check(result: CliResult, wanted: Case): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    const text = wanted[stream]
    if (typeof text === 'string') assert.equal(result[stream], text)
    else if (text !== undefined) assert.match(result[stream], text)
  }
  assert.equal(result.code, wanted.code, result.stderr)
}

for (const [index, wanted] of cases.entries()) {
  test(`${index}: ${wanted.words.join(' ')} exits ${wanted.code}`, async () => {
    await using daemon = await startFakeDaemon(wanted.fixtures ?? {})
    const { stdin } = wanted
    check(await runCli(wanted.words, { socketPath: daemon.socketPath, ...(stdin === undefined ? {} : { stdin }) }), wanted)
  })
}

test('without a daemon the way to start it is told', async () => {
  const result = await runCli(['vmadm', 'get', 'x'], { socketPath: '/nonexistent/node.sock' })
  check(result, { words: [], code: 1, stdout: '', stderr: 'The node daemon is not running: there is no socket at /nonexistent/node.sock.\nhint: spirula up\n' })
})

test('what is typed reaches the daemon', async () => {
  await using daemon = await startFakeDaemon({ 'PATCH /machines/*': { lines: succeed({}) }, 'POST /machines/*/kill': { lines: succeed({}) } })
  const { socketPath } = daemon
  await runCli(['vmadm', 'update', 'web 1', 'ram=512', 'alias=7', '--strict'], { socketPath })
  await runCli(['vmadm', 'kill', 'web01', '-s', '9'], { socketPath })
  const [update, kill] = daemon.requests
  assert.deepEqual([update?.path, update?.body, update?.query.toString()], ['/machines/web 1', '{"ram":512,"alias":"7"}', 'strict=true&follow=true'])
  assert.equal(kill?.body, '{"signal":9}')
})

test('vmadm list asks only for what it shows', async () => {
  await using daemon = await startFakeDaemon({ 'GET /machines': machines })
  await runCli(['vmadm', 'list', '-o', 'uuid,nics.0.ip', '-s', 'alias', 'state=running', 'tags.role=~^w'], { socketPath: daemon.socketPath })
  const query = daemon.requests[0]?.query
  assert.deepEqual(query?.get('fields')?.split(',').toSorted(), ['alias', 'nics.0.ip', 'uuid'])
  assert.deepEqual(query.getAll('filter'), ['state=running', 'tags.role=~^w'])
})

test('--json prints each event as a line', async () => {
  await using daemon = await startFakeDaemon({ 'POST /machines/*/start': { lines: succeed({}) } })
  const result = await runCli(['vmadm', 'start', 'web01', '--json'], { socketPath: daemon.socketPath })
  const events = result.stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as OperationEvent).type)
  assert.deepEqual(events, ['progress', 'progress', 'done'])
})

test('zlogin becomes the program the daemon names; exit code and output are its own', async () => {
  await using daemon = await startFakeDaemon({
    'POST /machines/*/enter': { json: { uuid, argv: ['/bin/sh', '-c', 'cat; echo "$0 $PPID" >&2; exit 7', 'in-zone'] } },
  })
  const result = await runCli(['zlogin', 'web01', 'ls', '-l', '|', 'wc'], { socketPath: daemon.socketPath, stdin: 'through' })
  check(result, { words: [], code: 7, stdout: 'through', stderr: `in-zone ${process.pid}\n` })
  assert.deepEqual(JSON.parse(daemon.requests[0]?.body ?? ''), { argv: ['/bin/sh', '-c', 'ls -l | wc'], tty: false, env: {} })
})

test('a reader that goes away is no failure', async () => {
  const many = Array.from({ length: 20_000 }, (_, index) => `${index} ${uuid}`)
  await using daemon = await startFakeDaemon({ 'GET /nic_tags/*/machines': { json: many } })
  const child = spawn(process.execPath, [mainPath, 'nictagadm', 'vms', 'admin'], {
    env: { SPIRULA_SOCKET: daemon.socketPath },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  child.stdout.once('data', () => child.stdout.destroy())
  const code = await new Promise((resolve) => child.on('close', resolve))
  assert.deepEqual([code, stderr], [0, ''])
})

/** An operation that runs until it is cancelled, then is undone. */
function cancellable(): { fixtures: Fixtures; cancelled: Promise<void> } {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>()
  async function* events(): AsyncGenerator<OperationEvent> {
    yield { type: 'progress', operation: makeOperation({ message: 'working' }) }
    await cancelled
    yield* fail({ state: 'cancelled' }, { code: 'Cancelled', message: 'The operation was cancelled and undone.' })
  }
  const cancel = (): { json: unknown } => {
    resolve()
    return { json: makeOperation({ state: 'cancelling' }) }
  }
  return { fixtures: { 'POST /machines/*/start': () => ({ lines: events() }), 'POST /operations/*/cancel': cancel }, cancelled }
}

test('the first Ctrl-C cancels the operation and waits for the undo', async () => {
  await using daemon = await startFakeDaemon(cancellable().fixtures)
  let sent = false
  const result = await runCli(['vmadm', 'start', 'web01', '--json'], {
    socketPath: daemon.socketPath,
    onOutput(text, child) {
      if (!sent && text.includes('working')) sent = child.kill('SIGINT')
    },
  })
  assert.equal(result.code, 1)
  assert.match(result.stderr, /^Cancelling; waiting for the undo[^\n]*\nUnable to start VM web01: The operation was cancelled and undone\.\n$/)
  assert.deepEqual(
    daemon.requests.map((request) => request.path),
    ['/machines/web01/start', '/operations/aaaaaaaa-0000-4000-8000-000000000001/cancel'],
  )
})

test('the second Ctrl-C leaves the operation to itself and tells how to follow it', async () => {
  const stuck: Fixtures = { ...cancellable().fixtures, 'POST /operations/*/cancel': { json: makeOperation({ state: 'cancelling' }) } }
  await using daemon = await startFakeDaemon(stuck)
  let sent = 0
  const result = await runCli(['vmadm', 'start', 'web01', '--json'], {
    socketPath: daemon.socketPath,
    onOutput(text, child) {
      if ((sent === 0 && text.includes('working')) || (sent === 1 && text.includes('Cancelling'))) {
        sent += 1
        child.kill('SIGINT')
      }
    },
  })
  assert.equal(result.code, 1)
  assert.match(result.stderr, /the operation goes on by itself\.\nhint: spirula operation aaaaaaaa-0000-4000-8000-000000000001 --follow\n$/)
})

test('a payload comes from a file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spirula-cli-'))
  try {
    writeFileSync(join(directory, 'p.json'), '{"image_uuid": "x"}')
    await using daemon = await startFakeDaemon({ 'POST /machines/*/reprovision': { lines: succeed({}) } })
    const result = await runCli(['vmadm', 'reprovision', 'web01', '-f', join(directory, 'p.json')], { socketPath: daemon.socketPath })
    check(result, { words: [], code: 0, stderr: `Successfully reprovisioned VM ${uuid}\n` })
    assert.equal(daemon.requests[0]?.body, '{"image_uuid":"x"}')
  } finally {
    rmSync(directory, { recursive: true })
  }
})
