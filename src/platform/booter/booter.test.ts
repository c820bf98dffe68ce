import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { createConfigReader } from './command.ts'
import { parseBooterConfig } from './config.ts'
import { renderDnsmasq } from './dnsmasq.ts'
import { booterExample } from './options.ts'
import { type BooterServer, startBooterServer } from './server.ts'

const directory = mkdtempSync(join(tmpdir(), 'spirula-booter-'))
const endings: (() => unknown)[] = [() => rmSync(directory, { recursive: true })]
after(async () => {
  for (const end of endings.toReversed()) await end()
})

const mac = '52:54:00:12:34:56'
const stamp = '20260101T000000Z'
mkdirSync(join(directory, `platform-${stamp}`))
writeFileSync(join(directory, `platform-${stamp}`, 'SHA256SUMS'), 'sums\n')
writeFileSync(join(directory, `platform-${stamp}`, 'vmlinuz'), 'k'.repeat(3000))
writeFileSync(join(directory, 'secret'), 'not served')

const base = { address: '10.0.0.2', platforms: directory, dhcp: { mode: 'none' } }
const path = join(directory, 'booter.json')

function writeConfig(changes: object): void {
  writeFileSync(path, JSON.stringify({ ...base, ...changes }))
}

async function startServer(): Promise<{ get: (path: string, init?: RequestInit) => Promise<Response>; log: string[]; server: BooterServer }> {
  const log: string[] = []
  const readConfig = createConfigReader(path, parseBooterConfig(JSON.stringify(base), 'first'), (line) => log.push(line))
  const server = await startBooterServer({ listen: { host: '127.0.0.1', port: 0 }, readConfig, log: (line) => log.push(line) })
  endings.push(() => server.close())
  return { get: (path, init) => fetch(`http://127.0.0.1:${server.port}${path}`, init), log, server }
}

/** Details of the refusal, a line each. */
function mistakesOf(value: unknown): string {
  try {
    parseBooterConfig(typeof value === 'string' ? value : JSON.stringify(value), 'booter.json')
  } catch (error) {
    if (isAppError(error))
      return [
        error.message,
        ...(error.details ?? []).map(({ path, message }) => `${path} ${message}`),
        String((error.cause as Error | undefined)?.message),
      ].join('\n')
  }
  return 'none'
}

test('the example is a configuration', () => {
  assert.equal(parseBooterConfig(booterExample, 'example').nodes?.[mac]?.platform, 'latest')
})

test('mistakes are told in sentences, an unknown key with the nearest', () => {
  assert.match(mistakesOf('{"address": }'), /booter\.json is not JSON.*\n.*Line 1, column 13/)
  assert.match(mistakesOf({ ...base, adress: 'x' }), /adress is not known; did you mean address\?/)
  assert.match(mistakesOf({ ...base, nodes: { [mac]: { argument: [] } } }), /nodes\.52:54:00:12:34:56\.argument is not known; did you mean arguments\?/)
  assert.match(mistakesOf({ ...base, nodes: { '52-54-00-12-34-56': {} } }), /it must be a MAC address in small letters/)
  assert.match(mistakesOf({ ...base, default: { platform: 'newest' } }), /default\.platform must be latest or the stamp/)
  assert.match(mistakesOf({ ...base, dhcp: { mode: 'proxy', network: '10.0.0.0' } }), /interface must be there for the DHCP mode proxy/)
  assert.match(mistakesOf({ ...base, dhcp: { mode: 'some' } }), /must have a mode: full, proxy or none/)
})

test('words that iPXE would read as its own language are refused', () => {
  for (const word of ['${net0/ip}', 'a b', 'a||reboot;', 'a\nb', ''])
    assert.match(mistakesOf({ ...base, default: { arguments: [word] } }), /default\.arguments\.0/, word)
})

test('a machine first tells its address, then gets the words and answers of it', async () => {
  const { get, log } = await startServer()
  writeConfig({ nodes: { [mac]: { arguments: ['noimport=true'], answers: { hostname: 'one' } } } })
  const first = await (await get('/boot.ipxe')).text()
  assert.match(first, /^#!ipxe\n[^]*chain http:\/\/10\.0\.0\.2:8080\/boot\.ipxe\?mac=\$\{net0\/mac\}/)
  const script = await (await get(`/boot.ipxe?mac=${encodeURIComponent(mac.toUpperCase())}`)).text()
  assert.match(script, new RegExp(`^#!ipxe\nset spirula-arguments answers=http://10.0.0.2:8080/answers/${mac}.json noimport=true\n`))
  assert.match(script, new RegExp(`kernel platform-${stamp}/vmlinuz initrd=boot_archive .*spirula-arguments`))
  assert.deepEqual(await (await get(`/answers/${mac.replaceAll(':', '-')}.json`)).json(), { hostname: 'one' })
  assert.equal((await get('/answers/52:54:00:00:00:00.json')).status, 404)
  assert.match(await (await get('/boot.ipxe?mac=52:54:00:00:00:00')).text(), /own disks\nexit/)
  assert.ok(
    log.some((line) => line.includes(`GET /boot.ipxe?mac=${mac.toUpperCase()} 200 `)),
    log.join('\n'),
  )
})

test('a change counts at the next request; a mistake leaves the last good configuration', async () => {
  const { get, log } = await startServer()
  writeConfig({ default: { arguments: ['one'] } })
  assert.match(await (await get(`/boot.ipxe?mac=${mac}`)).text(), /set spirula-arguments one\n/)
  writeConfig({ default: { arguments: ['two'] } })
  assert.match(await (await get(`/boot.ipxe?mac=${mac}`)).text(), /set spirula-arguments two\n/)
  writeConfig({ default: { argumints: ['three'] } })
  assert.match(await (await get(`/boot.ipxe?mac=${mac}`)).text(), /set spirula-arguments two\n/)
  assert.ok(
    log.some((line) => /last good one is served.*argumints/.test(line)),
    log.join('\n'),
  )
  writeConfig({ default: { platform: '20250101T000000Z' } })
  const missing = await get(`/boot.ipxe?mac=${mac}`)
  assert.deepEqual([missing.status, await missing.text()], [404, `${mac} wants the platform image 20250101T000000Z, which is not in ${directory}.\n`])
})

test('files of an image are served with their length, and nothing else', async () => {
  const { get } = await startServer()
  writeConfig({})
  const file = await get(`/platform-${stamp}/vmlinuz`)
  assert.deepEqual([file.status, file.headers.get('content-length'), (await file.text()).length], [200, '3000', 3000])
  const head = await get(`/platform-${stamp}/vmlinuz`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '3000', ''])
  for (const wrong of [
    '/',
    '/secret',
    `/platform-${stamp}/../secret`,
    `/platform-${stamp}/%2e%2e%2fsecret`,
    `/platform-${stamp}/boot_archive`,
    `/platform-${stamp}/`,
    '/booter.json',
  ])
    assert.equal((await get(wrong)).status, 404, wrong)
  assert.equal((await get('/boot.ipxe', { method: 'POST', body: 'x' })).status, 405)
  assert.equal((await get('/boot.ipxe?mac=nothing')).status, 422)
})

test('dnsmasq gives iPXE to who has none, and our script to iPXE', () => {
  const full = { mode: 'full', first: '10.0.0.100', last: '10.0.0.200', netmask: '255.255.255.0', resolvers: ['10.0.0.53'] }
  const text = renderDnsmasq(parseBooterConfig(JSON.stringify({ ...base, interface: 'eth1', dhcp: full }), 'x'), '/leases')!
  for (const line of [
    'interface=eth1',
    'dhcp-range=10.0.0.100,10.0.0.200,255.255.255.0,1h',
    'dhcp-option=option:router',
    'dhcp-option=option:dns-server,10.0.0.53',
    'dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe',
    'dhcp-boot=tag:!ipxe,tag:uefi,ipxe.efi',
    'dhcp-boot=tag:ipxe,http://10.0.0.2:8080/boot.ipxe',
  ])
    assert.ok(text.split('\n').includes(line), line)
  const proxy = renderDnsmasq(parseBooterConfig(JSON.stringify({ ...base, interface: 'eth1', dhcp: { mode: 'proxy', network: '10.0.0.0' } }), 'x'), '/leases')!
  assert.match(proxy, /^dhcp-range=10\.0\.0\.0,proxy$/m)
  assert.doesNotMatch(proxy, /dhcp-authoritative|dhcp-option/)
  assert.equal(renderDnsmasq(parseBooterConfig(JSON.stringify(base), 'x'), '/leases'), null)
})
