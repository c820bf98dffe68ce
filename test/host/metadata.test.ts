import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { silentLog } from '#host/context.ts'
import { run } from '#host/run/run.ts'
import { installNative } from '#node/guest/native.ts'
import { createMetadataServers, type MetadataServers } from '#node/metadata/server.ts'
import { encodeBase64, renderFrame } from '#plan/metadata/protocol.ts'
import { createRecord } from '#plan/metadata/record.fixture.ts'

/** The real static client against the real server: no zone, no root needed but for the socket's owner. */

const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
const repository = resolve(import.meta.dirname, '../..')
const zone = '0f2e6a8e-7d0c-4f0f-9b7a-2f5d6f6c0a11'
const neighbour = '0f2e6a8e-7d0c-4f0f-9b7a-2f5d6f6c0a12'
const limits = { idleMs: 1500, lineBytes: 1 << 20, connections: 16, burst: 500, perSecond: 500 }

let directory = ''
let records: Record<string, MachineRecord> = {}
let servers: MetadataServers

before(async () => {
  directory = await mkdtemp(join(tmpdir(), `spirula-metadata-${process.pid}-`))
  const build = join(directory, 'build')
  await run(['/bin/mkdir', '-p', build], {}, context)
  await run(['/usr/bin/musl-gcc', '-static', '-Os', '-Wall', '-Wextra', '-Werror', '-o', join(build, 'mdata'), join(repository, 'native/mdata.c')], {}, context)
  await run(['cp', '-r', join(repository, 'guest'), build], {}, context)
  await installNative(join(directory, 'native'), build)
  servers = createServers()
  await servers.open(zone, { uid: 1_000_000 })
  await servers.open(neighbour, { uid: 1_065_536 })
})

after(async () => {
  await servers.closeAll()
  await rm(directory, { recursive: true, force: true })
})

beforeEach(() => {
  records = {
    [zone]: createRecord({
      customer_metadata: { 'plain': 'hello', 'two-lines': '.first\n..second\n', 'empty': '', 'uml': 'äöü\u0000x' },
      internal_metadata: { root_pw: 's3cret' },
    }),
    [neighbour]: createRecord({ customer_metadata: { plain: 'other' } }),
  }
})

function createServers(): MetadataServers {
  const recordOf = (uuid: string): MachineRecord => {
    const record = records[uuid]
    if (record === undefined) throw new Error(`no machine ${uuid}`)
    return record
  }
  const access = {
    get: (uuid: string) => ({ record: recordOf(uuid), extra: { quota: 10 } }),
    put: async (uuid: string, store: 'customer_metadata' | 'internal_metadata', key: string, value: string) => {
      if (key === 'broken') throw new Error('disk on fire')
      recordOf(uuid)[store][key] = value
    },
    remove: async (uuid: string, store: 'customer_metadata' | 'internal_metadata', key: string) => {
      delete recordOf(uuid)[store][key]
    },
  }
  return createMetadataServers({ dir: join(directory, 'run'), access, log: silentLog, limits })
}

function socketOf(uuid: string): string {
  return join(directory, 'run', uuid, 'zonecontrol/metadata.sock')
}

interface Called {
  code: number | null
  stdout: Buffer
  stderr: string
}

async function call(argv: [string, ...string[]], options: { input?: string | Buffer; socket?: string; seconds?: number } = {}): Promise<Called> {
  const env = { MDATA_SOCKET: options.socket ?? socketOf(zone), MDATA_TIMEOUT: String(options.seconds ?? 20) }
  const child = spawn(join(directory, 'native/usr/sbin', argv[0]), argv.slice(1), { env, stdio: 'pipe' })
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: Buffer.concat(stdout), stderr }
}

test('the socket belongs to the root of the zone alone, in a directory it may only read', async () => {
  const socket = await stat(socketOf(zone))
  assert.equal(socket.mode & 0o777, 0o600)
  assert.deepEqual([socket.uid, socket.gid], [1_000_000, 1_000_000])
  assert.equal((await stat(join(socketOf(zone), '..'))).mode & 0o777, 0o755)
  assert.deepEqual(await readdir(join(socketOf(zone), '..')), ['metadata.sock'])
})

test('mdata-get: values as they are, 1 when there is none, 3 on wrong use', async () => {
  assert.deepEqual(await call(['mdata-get', 'plain']), { code: 0, stdout: Buffer.from('hello\n'), stderr: '' })
  assert.equal((await call(['mdata-get', 'two-lines'])).stdout.toString(), '.first\n..second\n')
  assert.equal((await call(['mdata-get', 'uml'])).stdout.toString(), 'äöü\u0000x\n')
  assert.equal((await call(['mdata-get', 'sdc:quota'])).stdout.toString(), '10\n')
  assert.deepEqual(await call(['mdata-get', 'nope']), { code: 1, stdout: Buffer.alloc(0), stderr: "No metadata for 'nope'\n" })
  assert.equal((await call(['mdata-get'])).code, 3)
  assert.equal((await call(['mdata-get', 'a', 'b'])).code, 3)
  assert.equal((await call(['mdata-get', '-h'])).code, 0)
})

test('mdata-list, mdata-put by argument and standard input, mdata-delete', async () => {
  assert.equal((await call(['mdata-list'])).stdout.toString(), 'plain\ntwo-lines\nempty\numl\nroot_pw\n')
  assert.equal((await call(['mdata-put', 'state', 'ready'])).code, 0)
  assert.equal(records[zone]?.customer_metadata['state'], 'ready')
  assert.equal((await call(['mdata-put', 'db_pw'], { input: 'line\n\u0000.\n' })).code, 0)
  assert.equal(records[zone]?.internal_metadata['db_pw'], 'line\n\u0000.\n')
  assert.equal((await call(['mdata-get', 'db_pw'])).stdout.toString(), 'line\n\u0000.\n')
  assert.equal((await call(['mdata-delete', 'db_pw'])).code, 0)
  assert.equal((await call(['mdata-get', 'db_pw'])).code, 1)
  assert.equal((await call(['mdata-delete', 'db_pw'])).code, 0)
})

test('refusals and failures reach the guest as exit 2 and a reason, without what is inside the node', async () => {
  assert.deepEqual(await call(['mdata-put', 'sdc:uuid', 'x']), {
    code: 2,
    stdout: Buffer.alloc(0),
    stderr: 'Error putting metadata for key \'sdc:uuid\': Cannot update the "sdc" Namespace.\n',
  })
  const broken = await call(['mdata-put', 'broken', 'x'])
  assert.equal(broken.code, 2)
  assert.doesNotMatch(broken.stderr, /fire/)
  assert.match((await call(['mdata-put', 'bytes'], { input: Buffer.from([0xff, 0xfe]) })).stderr, /UTF-8/)
})

test('a large value passes, one too large is refused with a reason', async () => {
  const large = 'x'.repeat(400_000)
  assert.equal((await call(['mdata-put', 'large'], { input: large })).code, 0)
  assert.equal((await call(['mdata-get', 'large'])).stdout.toString(), `${large}\n`)
  const refused = await call(['mdata-put', 'larger'], { input: 'x'.repeat(3_000_000) })
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /1048576 bytes/)
})

test('an older service: get and list by version 1, put refused', async () => {
  const path = join(directory, 'v1.sock')
  const old = createServer((socket) => {
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      text += chunk.toString()
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 1)
        if (line === 'GET dots') socket.write('SUCCESS\n..a\n\n...\n.\n')
        else if (line === 'GET none') socket.write('NOTFOUND\n')
        else if (line === 'KEYS') socket.write('SUCCESS\na\nb\n.\n')
        else socket.write('invalid command\n')
      }
    })
  })
  await listening(old, path)
  try {
    assert.equal((await call(['mdata-get', 'dots'], { socket: path })).stdout.toString(), '.a\n\n..\n')
    assert.equal((await call(['mdata-get', 'none'], { socket: path })).code, 1)
    assert.equal((await call(['mdata-list'], { socket: path })).stdout.toString(), 'a\nb\n')
    assert.match((await call(['mdata-put', 'a', 'b'], { socket: path })).stderr, /too old/)
  } finally {
    old.close()
  }
})

test('no service: said at once; a service that never answers: ends at the time limit', async () => {
  const missing = await call(['mdata-get', 'plain'], { socket: join(directory, 'none.sock') })
  assert.equal(missing.code, 2)
  assert.match(missing.stderr, /no metadata service/)
  const path = join(directory, 'silent.sock')
  const sockets: Socket[] = []
  const silent = createServer((socket) => void sockets.push(socket))
  await listening(silent, path)
  try {
    assert.match((await call(['mdata-get', 'plain'], { socket: path, seconds: 1 })).stderr, /did not answer in time/)
  } finally {
    for (const socket of sockets) socket.destroy()
    silent.close()
  }
})

test('a daemon restart is no more than a reconnect', async () => {
  await servers.closeAll()
  assert.ok((await stat(socketOf(zone))).isSocket(), 'the socket waits for the next daemon')
  const waiting = call(['mdata-get', 'plain'])
  await sleep(300)
  servers = createServers()
  await servers.open(zone, { uid: 1_000_000 })
  await servers.open(neighbour, { uid: 1_065_536 })
  assert.equal((await waiting).stdout.toString(), 'hello\n')
})

test('closing a zone ends its conversations and removes its socket; the neighbour is not disturbed', async () => {
  const socket = await connected(zone)
  const ended = closed(socket)
  await servers.close(zone)
  await ended
  await assert.rejects(stat(join(socketOf(zone), '..')), { code: 'ENOENT' })
  assert.equal((await call(['mdata-get', 'plain'], { socket: socketOf(neighbour) })).stdout.toString(), 'other\n')
  await servers.close(zone)
  await servers.open(zone, { uid: 1_000_000 })
  assert.equal((await call(['mdata-get', 'plain'])).code, 0)
})

test('hostile: an endless line is cut off', async () => {
  const socket = await connected(zone)
  const end = closed(socket)
  socket.on('drain', () => pour(socket))
  pour(socket)
  await end
  assert.ok(socket.bytesWritten < 8 << 20, `took in ${socket.bytesWritten}`)
  assert.equal((await call(['mdata-get', 'plain'])).code, 0)
})

test('hostile: 1,000 connections leave the neighbour served and the daemon with few', async () => {
  const before = (await readdir('/proc/self/fd')).length
  const sockets = await Promise.all(Array.from({ length: 1000 }, () => connected(zone).catch(() => null)))
  const held = sockets.filter((socket) => socket !== null)
  assert.equal((await call(['mdata-get', 'plain'], { socket: socketOf(neighbour) })).stdout.toString(), 'other\n')
  await until(() => held.filter((socket) => !socket.destroyed).length <= 16)
  // Both ends of those that are left are ours here.
  assert.ok((await readdir('/proc/self/fd')).length <= before + 2 * 16 + 4)
  for (const socket of held) socket.destroy()
  await until(async () => (await call(['mdata-get', 'plain'], { seconds: 5 })).code === 0)
})

test('hostile: half frames are held until the connection has idled, then let go', async () => {
  const frame = renderFrame('00000001', 'GET', encodeBase64('plain'))
  const socket = await connected(zone)
  socket.write(frame.slice(0, 20))
  await sleep(50)
  socket.write(frame.slice(20))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.equal(answer.toString(), renderFrame('00000001', 'SUCCESS', encodeBase64('hello')))
  socket.write(frame.slice(0, 20))
  const started = performance.now()
  await closed(socket)
  assert.ok(performance.now() - started > 1000)
})

test('hostile: who asks and never reads is stopped by back-pressure', async () => {
  const record = records[zone]
  assert.ok(record)
  record.customer_metadata['big'] = 'x'.repeat(300_000)
  const socket = await connected(zone)
  socket.pause()
  const baseline = process.memoryUsage().rss
  for (let count = 0; count < 2000; count += 1) socket.write(renderFrame('00000001', 'GET', encodeBase64('big')))
  await sleep(500)
  assert.ok(process.memoryUsage().rss - baseline < 100 << 20, 'answers piled up in memory')
  assert.equal((await call(['mdata-get', 'plain'])).code, 0)
  socket.destroy()
})

test('hostile: random bytes do not end the service', async () => {
  for (let round = 0; round < 20; round += 1) {
    const socket = await connected(zone)
    socket.end(Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919 + round * 104_729) % 256)))
    await closed(socket)
  }
  assert.equal((await call(['mdata-get', 'plain'])).code, 0)
})

test('mdata-execute runs under busybox ash and dash', async () => {
  for (const shell of [['/bin/busybox', 'ash'], ['/usr/bin/dash']] as const) await executeIn(shell)
})

async function executeIn(shell: readonly string[]): Promise<void> {
  const root = await mkdtemp(join(directory, 'root-'))
  const script = '#!/bin/sh\necho "user $PWD"\nexit 7\n'
  const record = createRecord({
    customer_metadata: { 'root_authorized_keys': 'ssh-ed25519 AAAA a@b', 'user-script': script, 'user-data': 'data' },
    internal_metadata: { 'operator-script': '#!/bin/sh\necho operator\n' },
  })
  records[zone] = record
  await run(['/bin/mkdir', '-p', join(root, 'var/svc'), join(root, 'root/.ssh')], {}, context)
  await writeFile(join(root, 'var/svc/provisioning'), '')
  await writeFile(join(root, 'root/.ssh/authorized_keys'), 'ssh-rsa BBBB mine\n')
  const execute = async (okCodes: number[]): Promise<void> => {
    const env = { SPIRULA_ROOT: root, SPIRULA_NATIVE: join(directory, 'native'), MDATA_SOCKET: socketOf(zone), MDATA_TIMEOUT: '10' }
    await run([shell[0] as '/bin/sh', ...shell.slice(1), join(directory, 'native/lib/mdata-execute')], { env, okCodes, timeoutMs: 30_000 }, context)
  }
  const read = async (path: string): Promise<string> => (await run(['/bin/cat', join(root, path)], {}, context)).stdout
  const nextBoot = (): Promise<void> => rm(join(root, 'var/svc/.mdata-boot'), { force: true })

  await execute([1])
  assert.deepEqual((await readdir(join(root, 'var/svc'))).toSorted(), ['.mdata-boot', 'mdata-operator-script', 'mdata-user-script', 'provision_success'])
  assert.match(await read('root/.ssh/authorized_keys'), /^# BEGIN root_authorized_keys.*\nssh-ed25519 AAAA a@b\n# END.*\nssh-rsa BBBB mine\n$/)
  assert.equal((await stat(join(root, 'root/.ssh/authorized_keys'))).mode & 0o777, 0o600)
  assert.equal(await read('var/db/mdata-user-data'), 'data\n')
  assert.match(await read('var/log/mdata-user-script.log'), /operator\n.*\nuser .*\n.*ended with status 7/)
  assert.equal((await stat(join(root, 'usr/sbin/mdata-get'))).isFile(), true)

  // Once a boot; then, at the next, what has changed.
  const log = await read('var/log/mdata-user-script.log')
  await execute([0])
  assert.equal(await read('var/log/mdata-user-script.log'), log)
  await nextBoot()
  record.customer_metadata = {}
  record.internal_metadata = {}
  await execute([0])
  assert.equal(await read('root/.ssh/authorized_keys'), 'ssh-rsa BBBB mine\n')
  assert.deepEqual((await readdir(join(root, 'var/svc'))).toSorted(), ['.mdata-boot', 'provision_success'])
  assert.deepEqual(await readdir(join(root, 'var/db')), [])

  // Scripts share mdata_exec_timeout.
  await nextBoot()
  record.mdata_exec_timeout = 1
  record.customer_metadata = { 'user-script': '#!/bin/sh\nexec sleep 20\n' }
  const started = performance.now()
  await execute([1])
  assert.ok(performance.now() - started < 10_000)

  // Without metadata provisioning has failed.
  await nextBoot()
  delete records[zone]
  await writeFile(join(root, 'var/svc/provisioning'), '')
  await execute([2])
  assert.ok((await readdir(join(root, 'var/svc'))).includes('provision_failure'))
}

function pour(socket: Socket): void {
  while (!socket.destroyed && socket.write('x'.repeat(65_536)));
}

/** A conversation that reads all it is sent; its errors only end it. */
async function connected(uuid: string): Promise<Socket> {
  const socket = connect(socketOf(uuid))
  await once(socket, 'connect')
  socket.on('error', () => socket.destroy())
  socket.on('data', () => {})
  return socket
}

/** `once` would reject on an error, which is one way to be closed. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.on('close', () => resolve()))
}

async function listening(server: Server, path: string): Promise<void> {
  server.listen(path)
  await once(server, 'listening')
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await condition()) return
    await sleep(50)
  }
  assert.fail('it did not come to be within 5 s')
}
