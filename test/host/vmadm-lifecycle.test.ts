import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { MachineEvent } from '#contracts/machine/event.ts'
import { assertRefused, assertSaid, type Cli, eventually, openCli } from '../harness/cli.ts'
import { payload } from '../harness/machines.ts'
import { patience } from '../harness/patience.ts'
import { otherImage, startTestNode, testImage, type TestNode } from '../harness/test-node.ts'

// The life of a machine as people and scripts see it: the real command line against a node of its own.
let node: TestNode
let cli: Cli
before(async () => {
  node = await startTestNode()
  cli = openCli(node)
  assert.deepEqual(await cli.run(['nictagadm', 'add', '-l', 'test0']), { code: 0, stdout: '', stderr: '' })
})
after(async () => await node?.dispose())

async function field(name: string, key: string): Promise<unknown> {
  return (await cli.get(name))[key]
}

async function remove(uuid: string): Promise<void> {
  assertSaid(await cli.vmadm('delete', uuid), `Successfully deleted VM ${uuid}`)
}

test('start, stop and reboot: sentences, autoboot, what is so already', async () => {
  const uuid = await cli.create(payload({ alias: 'life' }))
  assert.equal(await field('life', 'state'), 'running')
  assertSaid(await cli.vmadm('start', 'life'), `VM ${uuid} is already 'running'`)
  const { pid } = await cli.get('life')

  assertSaid(await cli.vmadm('reboot', 'life'), `Successfully completed reboot for VM ${uuid}`)
  const rebooted = await cli.get('life')
  assert.deepEqual([rebooted['state'], rebooted['autoboot']], ['running', true])
  assert.notEqual(rebooted['pid'], pid)
  assertSaid(await cli.vmadm('reboot', '-F', 'life'), `Successfully completed reboot for VM ${uuid}`)
  assert.notEqual(await field('life', 'pid'), rebooted['pid'])

  assertSaid(await cli.vmadm('stop', 'life'), `Successfully completed stop for VM ${uuid}`)
  const stopped = await cli.get('life')
  assert.deepEqual(
    [stopped['state'], stopped['zone_state'], stopped['autoboot'], stopped['pid'], stopped['zoneid']],
    ['stopped', 'installed', false, undefined, undefined],
  )
  assertSaid(await cli.vmadm('halt', 'life'), `VM ${uuid} is already not 'running' (currently: stopped)`)
  assertRefused(await cli.vmadm('reboot', 'life'), `Unable to reboot VM life: Cannot reboot vm from state "stopped", must be "running"`)
  assertRefused(await cli.vmadm('kill', 'life'), `Unable to send signal to VM life: Cannot kill vm from state "stopped", must be "running".`)
  assertRefused(await cli.run(['zlogin', 'life', 'true']), /must be "running"/)

  assertSaid(await cli.vmadm('boot', 'life'), `Successfully started VM ${uuid}`)
  assert.deepEqual([await field('life', 'state'), await field('life', 'autoboot')], ['running', true])
  const before = performance.now()
  assertSaid(await cli.vmadm('stop', '-F', 'life'), `Successfully completed stop for VM ${uuid}`)
  assert.ok(performance.now() - before < 1500 * patience, 'a forced stop does not ask the guest')
  assert.equal(await field('life', 'autoboot'), false)
  await remove(uuid)
  assertRefused(await cli.vmadm('get', uuid), `zoneadm: ${uuid}: No such zone configured`)
})

test('stop -t is for docker containers: SIGTERM, the time, then the end', async () => {
  const plain = await cli.create(payload())
  assertRefused(await cli.vmadm('stop', '-t', '1', plain), `Unable to stop VM ${plain}: Timeout option is only supported for bhyve, KVM and docker containers.`)
  assertRefused(await cli.vmadm('stop', '-t', 'soon', plain), /^Invalid timeout "soon"/, 2)
  assert.equal(await field(plain, 'state'), 'running')
  await remove(plain)
  // An init that does not mind SIGTERM: only the end of the time ends it.
  const docker = await cli.create(payload({ docker: true, autoboot: false, restart_init: false, init_name: '/sbin/own-init' }))
  await writeFile(join(node.pool, docker, 'root/sbin/own-init'), '#!/bin/sh\ntrap "" TERM\nwhile :; do sleep 0.1; done\n', { mode: 0o755 })
  assertSaid(await cli.vmadm('start', docker), `Successfully started VM ${docker}`)
  const before = performance.now()
  assertSaid(await cli.vmadm('stop', '-t', '1', docker), `Successfully completed stop for VM ${docker}`)
  const took = performance.now() - before
  assert.ok(took >= 1000 && took < 4000, `${took} ms`)
  assert.deepEqual([await field(docker, 'state'), await field(docker, 'exit_status')], ['stopped', -9])
  await remove(docker)
})

test('autoboot false: made, and not started', async () => {
  const uuid = await cli.create(payload({ autoboot: false }))
  assert.deepEqual([await field(uuid, 'state'), await field(uuid, 'autoboot')], ['stopped', false])
  assertSaid(await cli.vmadm('start', uuid), `Successfully started VM ${uuid}`)
  assert.equal(await field(uuid, 'autoboot'), true)
  await remove(uuid)
})

test('from inside: reboot comes back, poweroff stays down, autoboot is as it was', async () => {
  const uuid = await cli.create(payload())
  const { pid } = await cli.get(uuid)
  // The entered shell may end before it can say how.
  await cli.run(['zlogin', uuid, 'reboot'])
  await eventually(async () => {
    const now = await cli.get(uuid)
    return now['state'] === 'running' && now['pid'] !== pid
  }, 'it runs again')
  assert.equal(await cli.inside(uuid, 'echo back'), 'back')
  await cli.run(['zlogin', uuid, 'poweroff'])
  await eventually(async () => (await field(uuid, 'state')) === 'stopped', 'it is off')
  assert.equal(await field(uuid, 'autoboot'), true)
  await remove(uuid)
})

test('kill signals init; exit_status is its code, or the negative number of the signal', async () => {
  const uuid = await cli.create(payload({ restart_init: false, autoboot: false, init_name: '/sbin/own-init' }))
  const root = join(node.pool, uuid, 'root')
  await writeFile(join(root, 'sbin/own-init'), '#!/bin/sh\ntrap "exit 7" TERM\ntrap "touch /tmp/hup" HUP\nwhile :; do sleep 0.1; done\n', { mode: 0o755 })
  assertSaid(await cli.vmadm('start', uuid), `Successfully started VM ${uuid}`)
  await eventually(async () => (await cli.inside(uuid, 'ps')).includes('sleep'), 'init has set its traps')
  assertSaid(await cli.vmadm('kill', '-HUP', uuid), `Sent signal "HUP" to init process for VM ${uuid}`)
  await eventually(async () => (await cli.run(['zlogin', uuid, 'test -e /tmp/hup'])).code === 0, 'the signal arrived')
  assertSaid(await cli.vmadm('kill', '-s', '1', uuid), `Sent signal "1" to init process for VM ${uuid}`)
  assertRefused(await cli.vmadm('kill', '-s', 'SIGNOPE', uuid), /^Unable to send signal to VM .*SIGNOPE/)
  assertSaid(await cli.vmadm('kill', uuid), `Sent signal "SIGTERM" to init process for VM ${uuid}`)
  await eventually(async () => (await field(uuid, 'state')) === 'stopped', 'init has ended')
  assert.equal(await field(uuid, 'exit_status'), 7)
  assert.match(String(await field(uuid, 'exit_timestamp')), /^\d{4}-\d\d-\d\dT.*Z$/)
  assert.equal(await field(uuid, 'autoboot'), true)

  assertSaid(await cli.vmadm('start', uuid), `Successfully started VM ${uuid}`)
  assertSaid(await cli.vmadm('kill', '-9', uuid), `Sent signal "9" to init process for VM ${uuid}`)
  await eventually(async () => (await field(uuid, 'exit_status')) === -9, 'the signal is noted')
  assert.equal((await cli.vmadm('list', '-Hpo', 'exit_status,state', `uuid=${uuid}`)).stdout, '-9:stopped\n')
  await remove(uuid)
})

test('a restarted daemon knows how init ended, and what runs goes on', async () => {
  const running = await cli.create(payload())
  const stopped = await cli.create(payload())
  assertSaid(await cli.vmadm('stop', '-F', stopped), `Successfully completed stop for VM ${stopped}`)
  const before = await Promise.all([cli.get(running), cli.get(stopped)])
  await node.kill()
  assertRefused(await cli.vmadm('list'), /daemon/)
  await node.start()
  assert.deepEqual(await Promise.all([cli.get(running), cli.get(stopped)]), before)
  await remove(running)
  await remove(stopped)
})

test('snapshots: names, order, duplicates, rollback of content and of running state', async () => {
  const uuid = await cli.create(payload({ alias: 'snap' }))
  await cli.inside('snap', 'echo one > /root/state')
  assertSaid(await cli.vmadm('create-snapshot', 'snap', 'first'), `Created snapshot first for VM ${uuid}`)
  await cli.inside('snap', 'echo two > /root/state; echo new > /root/other')
  assertSaid(await cli.vmadm('create-snapshot', 'snap', 'a-z_.:%9'), `Created snapshot a-z_.:%9 for VM ${uuid}`)
  assert.deepEqual(
    (await cli.get('snap')).snapshots.map(({ name }) => name),
    ['a-z_.:%9', 'first'],
  )
  for (const snapshot of (await cli.get('snap')).snapshots) assert.deepEqual(Object.keys(snapshot).sort(), ['created_at', 'name', 'size'])

  const failed = 'Failed to create snapshot for VM snap'
  assertRefused(await cli.vmadm('create-snapshot', 'snap', 'first'), `${failed}: snapshot with name "first" already exists.`)
  for (const bad of ['with space', 'x'.repeat(65), 'a/b', 'ä', '..'].slice(0, 4))
    assertRefused(await cli.vmadm('create-snapshot', 'snap', bad), /Invalid snapshot name/)
  assertRefused(await cli.vmadm('rollback-snapshot', 'snap', 'nope'), `Failed to rollback to snapshot for VM snap: No snapshot named "nope" for ${uuid}`)
  assertRefused(await cli.vmadm('delete-snapshot', 'snap', 'nope'), `Failed to delete snapshot for VM snap: No snapshot named "nope" for ${uuid}`)

  assertSaid(await cli.vmadm('rollback-snapshot', 'snap', 'first'), `Rolled back snapshot first for VM ${uuid}`)
  assert.equal(await field('snap', 'state'), 'running')
  assert.equal(await cli.inside('snap', 'cat /root/state; ls /root/other 2>&1 || true'), 'one\nls: /root/other: No such file or directory')
  assert.deepEqual(
    (await cli.get('snap')).snapshots.map(({ name }) => name),
    ['first'],
    'newer snapshots go',
  )

  assertSaid(await cli.vmadm('stop', '-F', 'snap'), `Successfully completed stop for VM ${uuid}`)
  assertSaid(await cli.vmadm('rollback-snapshot', 'snap', 'first'), `Rolled back snapshot first for VM ${uuid}`)
  assert.equal(await field('snap', 'state'), 'stopped')
  assertSaid(await cli.vmadm('delete-snapshot', 'snap', 'first'), `Deleted snapshot first for VM ${uuid}`)
  assert.deepEqual((await cli.get('snap')).snapshots, [])
  await remove(uuid)
})

test('reprovision swaps the root and keeps delegated data, nics, metadata and quota', async () => {
  const uuid = await cli.create(payload({ alias: 'again', delegate_dataset: true, customer_metadata: { kept: 'yes' }, quota: 2 }))
  const before = await cli.get('again')
  const data = `/${node.poolName}/${uuid}/data`
  assert.deepEqual(before['datasets'], [`${node.poolName}/${uuid}/data`])
  await cli.inside('again', `echo precious > ${data}/file; echo gone > /root/old`)
  assertRefused(await cli.vmadm('create-snapshot', 'again', 'x'), /Cannot currently snapshot zones that have datasets/)
  assertRefused(await cli.feed({}, 'reprovision', 'again'), /Missing required properties: image_uuid/)
  assertRefused(
    await cli.feed({ image_uuid: testImage.replace('b0b0', 'ffff') }, 'reprovision', 'again'),
    /^Failed to reprovision VM again: .*b0000000-0000-4000-8000-00000000ffff/,
  )
  assertSaid(await cli.feed({ image_uuid: otherImage }, 'reprovision', 'again'), `Successfully reprovisioned VM ${uuid}`)
  const now = await cli.get('again')
  for (const key of ['uuid', 'nics', 'customer_metadata', 'quota', 'datasets', 'alias', 'max_physical_memory']) assert.deepEqual(now[key], before[key], key)
  assert.deepEqual([now['image_uuid'], now['state']], [otherImage, 'running'])
  assert.equal(await cli.inside('again', `cat ${data}/file; ls /root; mdata-get kept`), 'precious\nyes')
  await remove(uuid)
})

test('indestructible flags stop delete and reprovision until they are taken back', async () => {
  const uuid = await cli.create(payload({ indestructible_zoneroot: true, delegate_dataset: true, autoboot: false }))
  assertRefused(await cli.vmadm('delete', uuid), `Failed to delete VM ${uuid}: indestructible_zoneroot is set, cannot delete`)
  assertRefused(
    await cli.feed({ image_uuid: otherImage }, 'reprovision', uuid),
    `Failed to reprovision VM ${uuid}: indestructible_zoneroot is set, cannot reprovision`,
  )
  const update = async (...words: string[]): Promise<void> => assertSaid(await cli.vmadm('update', uuid, ...words), `Successfully updated VM ${uuid}`)
  await update('indestructible_zoneroot=false', 'indestructible_delegated=true')
  assertRefused(await cli.vmadm('delete', uuid), `Failed to delete VM ${uuid}: indestructible_delegated is set, cannot delete`)
  await update('indestructible_delegated=')
  await remove(uuid)
})

test('events: create, each change with its differences, delete; resumed by number', async () => {
  const all = cli.follow('vmadm', 'events', '-j')
  const full = cli.follow('vmadm', 'events', '-f')
  const ready = cli.follow('vmadm', 'events', '-j', '-r')
  await ready.until(/"type":"ready"/)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const uuid = await cli.create(payload({ alias: 'told' }))
  assertSaid(await cli.feed({ set_tags: { role: 'db' }, alias: 'renamed' }, 'update', uuid), `Successfully updated VM ${uuid}`)
  assertSaid(await cli.vmadm('stop', '-F', uuid), `Successfully completed stop for VM ${uuid}`)
  await remove(uuid)
  await all.until(/"type":"delete"[^\n]*\n/)
  await full.until(new RegExp(`${uuid} renamed delete\\n`))
  const events = all
    .text()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Exclude<MachineEvent, { type: 'ready' }>)
    .filter((event) => event.uuid === uuid)
  assert.deepEqual([events[0]!.type, events.at(-1)!.type], ['create', 'delete'])
  const states = events.flatMap(({ changes }) => changes.filter((change) => change.prettyPath === 'state').map((change) => change.newValue))
  assert.deepEqual([events[0]!.vm.state, ...states], ['provisioning', 'running', 'stopping', 'stopped'])
  const updated = events.flatMap(({ changes }) => changes).filter((change) => ['alias', 'tags.role'].includes(change.prettyPath))
  assert.deepEqual(updated, [
    { prettyPath: 'alias', path: ['alias'], action: 'changed', oldValue: 'told', newValue: 'renamed' },
    { prettyPath: 'tags.role', path: ['tags', 'role'], action: 'added', newValue: 'db' },
  ])
  assert.match(full.text(), new RegExp(`\\[\\d{4}-\\d\\d-\\d\\dT[^\\]]*Z\\] ${uuid} renamed alias changed :: "told" -> "renamed"\\n`))
  const seqs = events.map(({ seq }) => seq)
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
  )

  const since = events[1]!.seq
  const resumed: number[] = []
  for await (const event of node.client.stream<MachineEvent>('event.follow', { query: { since } })) {
    resumed.push(event.seq)
    if (event.seq === seqs.at(-1)) break
  }
  assert.deepEqual(resumed, seqs.slice(2))
  await Promise.all([all.stop(), full.stop(), ready.stop()])
})

test('console: what is typed arrives, what the guest prints comes back and is in the log', async () => {
  const uuid = await cli.create(payload({ autoboot: false }))
  await writeFile(join(node.pool, uuid, 'root/etc/inittab'), 'console::respawn:/bin/sh\n')
  assertRefused(await cli.vmadm('console', uuid), /must be "running"/)
  assertSaid(await cli.vmadm('start', uuid), `Successfully started VM ${uuid}`)
  const { socket: path } = await node.client.json<{ socket: string }>('machine.console', { params: { name: uuid } })
  const socket = connect(path)
  let text = ''
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()))
  socket.write('echo $((40+2))-answer\n')
  await eventually(() => /42-answer/.test(text), 'the answer on the console')
  socket.destroy()
  const console = cli.follow('vmadm', 'console', uuid)
  console.child.stdin!.write('echo $((6*7))-again\n')
  await console.until(/42-again/)
  console.child.stdin!.end()
  await console.stop()
  assert.match(await readFile(join(node.pool, uuid, 'logs/platform.log'), 'utf8'), /42-answer/)
  await remove(uuid)
})

test('zoneadm and zonename tell of the same zones', async () => {
  const on = await cli.create(payload())
  const off = await cli.create(payload({ autoboot: false }))
  const { zoneid, zonepath } = await cli.get(on)
  const list = async (...words: string[]): Promise<string> => (await cli.run(['zoneadm', 'list', ...words])).stdout
  assert.equal(await list(), `global\n${on}\n`)
  assert.equal(await list('-n'), `${on}\n`)
  assert.equal(await list('-i'), `global\n${on}\n${off}\n`)
  assert.equal(
    await list('-cp'),
    `0:global:running:/::liveimg:shared\n${zoneid}:${on}:running:${zonepath}:${on}:lx:excl\n-:${off}:installed:${join(node.pool, off)}:${off}:lx:excl\n`,
  )
  assert.match(await list('-cv'), /^ +ID NAME +STATUS +PATH +BRAND +IP *\n +0 global +running +\/ +liveimg +shared\n/)
  assert.deepEqual(await cli.run(['zonename']), { code: 0, stdout: 'global\n', stderr: '' })
  assert.equal((await cli.run(['zonename', String(zoneid)])).stdout, `${on}\n`)
  assertRefused(await cli.run(['zonename', '99999']), /number 99999/)
  assert.equal((await cli.run(['zoneadm', '-z', off, 'boot'])).code, 0)
  assert.equal(await field(off, 'state'), 'running')
  assert.equal((await cli.run(['zoneadm', '-z', off, 'halt'])).code, 0)
  assert.equal(await field(off, 'state'), 'stopped')
  await remove(on)
  await remove(off)
})
