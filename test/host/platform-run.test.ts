// namespaces: host
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, silentLog } from '#host/context.ts'
import { ensureMachine } from '../boot/machine.ts'
import { createTinyArchive } from '../harness/tiny-guest.ts'
import { command } from '../bench/command.ts'
import type { BootSource, GuestNic } from '../../src/platform/run/argv.ts'
import type { Emulator } from '../../src/platform/run/emulator.ts'
import { type Guest, type GuestOptions, startGuest } from '../../src/platform/run/guest.ts'
import { startHub } from '../../src/platform/run/hub.ts'
import { renderMac } from '../../src/platform/run/identity.ts'
import { readBuiltPlatform } from '../../src/platform/run/platform-files.ts'
import { startPxe } from '../../src/platform/run/pxe.ts'
import { readFreePort } from '../../src/platform/run/ssh.ts'
import { startChild } from '#host/run/child.ts'

// Guests of busybox on the kernel of the boot tier's machine, which is made here when it is not there yet: with a network, so
// that this file cannot live in namespaces of its own.

const root = join(import.meta.dirname, '../..')
const scratch = mkdtempSync('/var/tmp/spirula-run-')
const stamp = '20260101T000000Z'
const platforms = join(scratch, 'platforms')
const built = join(platforms, `platform-${stamp}`)
const netns = `spirula-pxe-${process.pid}`
const interrupt = new AbortController()
const context: Context = { signal: interrupt.signal, log: silentLog, now: () => new Date() }
/** What ends with this file, the last begun first. */
const endings: (() => unknown)[] = []
let emulator: Emulator

before(
  async () => {
    const machine = await ensureMachine('/var/cache/spirula/boot', context)
    emulator = machine.emulator
    mkdirSync(built, { recursive: true })
    await command(['cp', machine.kernel, join(built, 'vmlinuz')])
    await createTinyArchive(machine, join(built, 'boot_archive'))
    writeFileSync(join(built, 'SHA256SUMS'), '')
  },
  { timeout: 10 * 60_000 },
)

after(async () => {
  for (const end of endings.toReversed()) await end()
  interrupt.abort()
  await command(['ip', 'netns', 'delete', netns]).catch(() => {})
  rmSync(scratch, { recursive: true, force: true })
})

async function start(name: string, options: Partial<GuestOptions>): Promise<Guest> {
  const boot: BootSource = {
    from: 'kernel',
    kernel: join(built, 'vmlinuz'),
    archive: join(built, 'boot_archive'),
    append: 'console=ttyS0 quiet panic=-1 mitigations=off',
  }
  const guest = await startGuest({ name, directory: join(scratch, name), emulator, boot, memoryMiB: 512, cpus: 1, ...options }, context)
  endings.push(() => guest.kill())
  return guest
}

async function waitForShell(guest: Guest): Promise<void> {
  await guest.console.waitFor(/READY[^]*# $/, 120_000)
}

/** What a command says; its own words on the terminal are not echoed. */
async function ask(guest: Guest, line: string): Promise<string> {
  guest.send(`${line}; echo "<$?>"\n`)
  const [, said, code] = await guest.console.waitFor(/([^]*?)<(\d+)>/, 20_000)
  assert.equal(code, '0', `${line}: ${said}`)
  return said!.replaceAll(/^[/~] # /gm, '').trim()
}

test('a guest boots kernel and archive; what it flushed is there after a power cut; answers and ssh reach it', async () => {
  const answers = join(scratch, 'answers')
  mkdirSync(answers)
  writeFileSync(join(answers, 'answers.json'), '{"hostname":"tiny"}')
  const options = { disks: [{ file: join(scratch, 'disk.img'), serial: 'first', sizeBytes: 64 << 20 }], answers: { directory: answers, label: 'SPIRULACFG' } }
  const guest = await start('one', options)
  await waitForShell(guest)
  assert.equal(await ask(guest, 'cat /sys/block/vda/size'), String((64 << 20) / 512))
  assert.equal(await ask(guest, 'cat /sys/block/vda/serial'), 'first')
  assert.equal(await ask(guest, 'mount -t vfat -o ro /dev/vdb /mnt && cat /mnt/answers.json'), '{"hostname":"tiny"}')
  await ask(guest, 'echo kept | dd of=/dev/vda conv=fsync 2> /dev/null')
  assert.deepEqual(await guest.qmp('query-status'), { status: 'running', running: true })
  await assert.rejects(guest.qmp('no-such-command'), { code: 'CommandFailed' })
  await assert.rejects(guest.console.waitFor('never said', 200), { code: 'Timeout' })
  await ask(guest, 'ifconfig eth0 10.0.2.15 up && (setsid nc -l -p 22 < /dev/vdb > /dev/null 2>&1 &)')
  writeFileSync(join(scratch, 'answers.img'), await readPort(guest.sshPort!))
  assert.equal((await command(['blkid', '-p', '-o', 'value', '-s', 'LABEL', join(scratch, 'answers.img')])).trim(), 'SPIRULACFG')
  await guest.kill()
  assert.equal((await guest.waitForExit()).signal, 'SIGKILL')
  await assert.rejects(guest.console.waitFor('never said', 200), { code: 'CommandFailed' })
  const again = await start('one', options)
  await waitForShell(again)
  assert.equal(await ask(again, 'head -c 5 /dev/vda'), 'kept')
  again.send('poweroff -f\n')
  assert.deepEqual(await again.waitForExit(20_000), { code: 0, signal: null })
})

test('QEMU that cannot start says why', async () => {
  await assert.rejects(start('wrong', { extra: ['-no-such-option'] }), (error: Error) => /no-such-option/.test(String(error.cause)))
})

test('two guests reach each other through a hub, a third that is no part of it does not', async () => {
  const hub = await startHub(join(scratch, 'hub.sock'))
  endings.push(() => hub.close())
  const nics = (name: string, socket: string): GuestNic[] => [{ kind: 'hub', mac: renderMac(name, 0), socket }]
  const pair = await Promise.all(['left', 'right'].map((name) => start(name, { nics: nics(name, hub.socket) })))
  await Promise.all(pair.map(waitForShell))
  await Promise.all(pair.map((guest, number) => ask(guest, `ifconfig eth0 10.9.0.${number + 1} up`)))
  assert.match(await ask(pair[0]!, 'ping -c 3 -W 5 10.9.0.2'), /3 packets received/)
  assert.match(await ask(pair[1]!, `ping -c 1 -s 9000 -W 5 10.9.0.1`), /1 packets received/)
  assert.match(await ask(pair[0]!, 'arp -n'), new RegExp(renderMac('right', 0)))
  await Promise.all(pair.map((guest) => guest.kill()))
})

test('a guest boots from the network by a booter on the user network', async () => {
  const requests: string[] = []
  const pxe = await startPxe({
    built: await readBuiltPlatform(platforms),
    directory: join(scratch, 'pxe'),
    words: ['spirula.test=user'],
    log: (line) => requests.push(line),
  })
  endings.push(() => pxe.close())
  const mac = renderMac('pxe', 0)
  const guest = await start('pxe', { boot: { from: 'pxe' }, nics: [{ kind: 'user', mac, sshPort: await readFreePort(), ...pxe.nic }] })
  await waitForShell(guest)
  assert.match(await ask(guest, 'cat /proc/cmdline'), /spirula\.medium=pxe.* spirula\.image=http:\/\/10\.0\.2\.2:\d+\/platform-\w+ spirula\.test=user$/)
  assert.ok(
    requests.some((line) => line.includes(`GET /boot.ipxe?mac=${mac} 200 `)),
    requests.join('\n'),
  )
  await guest.kill()
})

test('a guest boots from the network by dnsmasq and the booter, with words and answers of its MAC address', async () => {
  const mac = renderMac('lan', 0)
  await createLan()
  const config = join(scratch, 'booter.json')
  const node = { arguments: ['spirula.test=lan'], answers: { hostname: 'by-mac' } }
  const dhcp = { mode: 'full', first: '10.77.0.100', last: '10.77.0.110', netmask: '255.255.255.0' }
  writeFileSync(config, JSON.stringify({ address: '10.77.0.1', interface: 'br0', platforms, dhcp, nodes: { [mac]: node } }))
  const argv = ['netns', 'exec', netns, process.execPath, join(root, 'src/platform/main.ts'), 'booter', '--config', config, '--state', join(scratch, 'booter')]
  const booter = await startChild(['ip', ...argv], {}, context)
  endings.push(() => booter.kill())
  let said = ''
  for (const stream of [booter.stdout!, booter.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const inNetns: Emulator = { ...emulator, argv: ['ip', 'netns', 'exec', netns, ...argvOf(emulator)] }
  const boot: BootSource = { from: 'pxe' }
  const guest = await start('lan', { emulator: inNetns, boot, nics: [{ kind: 'tap', mac, interface: 'tap0' }] })
  await waitForShell(guest).catch((error: unknown) => assert.fail(`${String(error)}\n${said}`))
  const words = await ask(guest, 'cat /proc/cmdline')
  const url = `http://10.77.0.1:8080/answers/${mac}.json`
  assert.ok(words.endsWith(`answers=${url} spirula.test=lan`), words)
  await ask(guest, 'ifconfig eth0 10.77.0.99 up')
  assert.deepEqual(JSON.parse(await ask(guest, `wget -q -O - ${url}`)), { hostname: 'by-mac' })
  writeFileSync(config, JSON.stringify({ address: '10.77.0.1', interface: 'br0', platforms, dhcp, nodes: { [mac]: { boot: 'local' } } }))
  assert.match(await ask(guest, `wget -q -O - http://10.77.0.1:8080/boot.ipxe?mac=${mac}`), /own disks/)
  await guest.kill()
  booter.kill('SIGTERM')
  assert.deepEqual(await booter.ended, { code: 0, signal: null }, said)
})

/** A bridge with a server's address and a tap for a guest, in a network namespace. */
async function createLan(): Promise<void> {
  await command(['ip', 'netns', 'add', netns])
  const inside = [
    'link set lo up',
    'link add br0 type bridge',
    'address add 10.77.0.1/24 dev br0',
    'link set br0 up',
    'tuntap add tap0 mode tap',
    'link set tap0 master br0',
    'link set tap0 up',
  ]
  for (const line of inside) await command(['ip', '-n', netns, ...line.split(' ')])
}

/** Programs of the table by their path: `ip netns exec` looks for no others. */
function argvOf({ argv }: Emulator): string[] {
  return argv[0] === 'qemu-system-x86_64' ? ['/usr/bin/qemu-system-x86_64', ...argv.slice(1)] : [...argv]
}

/** All that a guest says on a forwarded port; it listens a moment after it was told to. */
async function readPort(port: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  const deadline = performance.now() + 20_000
  while (chunks.length === 0 && performance.now() < deadline) {
    const socket = connect(port, '127.0.0.1')
    // A port where nobody listens yet is closed at once by QEMU.
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk)).on('error', () => {})
    await once(socket, 'close')
    await sleep(100)
  }
  return Buffer.concat(chunks)
}
