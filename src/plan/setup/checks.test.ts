import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkAdminAddress, checkDomains, checkGateway, checkHostname, checkHosts, checkResolvers } from './check-network.ts'
import { testKey } from './facts.fixture.ts'
import { checkPublicKeys } from './ssh-key.ts'
import type { Verdict } from './verdict.ts'

/** `good`, or `early` / `wrong` with a piece of the sentence. */
type Case = [text: string, expected: 'good' | 'early' | 'wrong', sentence?: RegExp]

function check(name: string, run: (text: string) => Verdict, cases: readonly Case[]): void {
  describe(name, () => {
    for (const [text, expected, sentence] of cases) {
      test(`${JSON.stringify(text.slice(0, 60))} is ${expected}`, () => {
        const verdict = run(text)
        assert.equal(verdict.ok ? 'good' : verdict.early ? 'early' : 'wrong', expected)
        if (sentence !== undefined) assert.match(verdict.ok ? (verdict.note ?? '') : verdict.message, sentence)
      })
    }
  })
}

check('host name', checkHostname, [
  ['node01', 'good'],
  ['Node-1.example.com', 'good'],
  ['', 'early'],
  ['node-', 'early', /must end/],
  ['node.', 'early'],
  ['7', 'early', /digits only/],
  ['-node', 'wrong'],
  ['a..b', 'wrong'],
  ['a b', 'wrong', /A blank/],
  ['a_b', 'wrong', /"_"/],
  ['x'.repeat(64), 'wrong', /63/],
  ['x'.repeat(65), 'wrong', /64/],
])

check('address', checkAdminAddress, [
  ['dhcp', 'good'],
  ['none', 'good'],
  ['10.0.0.2/24', 'good'],
  ['10.0.0.0/31', 'good'],
  ['', 'early'],
  ['dh', 'early'],
  ['10.', 'early'],
  ['10.0.0.2', 'early', /prefix/],
  ['10.0.0.2/', 'early'],
  ['10.0.0.2/2', 'early', /8 or more/],
  ['10.0.0.0/24', 'wrong', /first or last address of 10\.0\.0\.0\/24/],
  ['10.0.0.255/24', 'wrong'],
  ['10.0.0.256', 'wrong', /255/],
  ['10.0.0.2/33', 'early'],
  ['10.0.0.2/333', 'wrong'],
  ['127.0.0.1/8', 'wrong', /no address of a host/],
  ['fd00::1/64', 'wrong'],
  ['eth0', 'wrong'],
])

check('gateway', (text) => checkGateway(text, '10.0.0.2/24'), [
  ['10.0.0.1', 'good'],
  ['none', 'good', /own network only/],
  ['no', 'early'],
  ['10.0.0.', 'early'],
  ['10.0.0.2', 'early', /address of this node/],
  ['10.0.1.1', 'early', /not in the network 10\.0\.0\.0\/24/],
  ['10.0.0.1/24', 'wrong'],
  ['router', 'wrong'],
])

check('name servers', (text) => checkResolvers(text, false), [
  ['8.8.8.8', 'good'],
  ['8.8.8.8,8.8.4.4', 'good'],
  ['8.8.8.8 2001:4860:4860::8888', 'good'],
  ['', 'early'],
  ['8.8.8', 'early'],
  ['8.8.8,8.8.4.4', 'wrong', /"8\.8\.8" is not an address/],
  ['dns.google', 'wrong', /not names/],
  ['1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4', 'wrong'],
])

check('search domains', checkDomains, [
  ['', 'good'],
  ['example.com, lab.example.com', 'good'],
  ['example.', 'early'],
  ['exa mple!', 'wrong'],
])

check('time servers', checkHosts, [
  ['', 'good'],
  ['0.pool.ntp.org, 10.0.0.1, fd00::1', 'good'],
  ['pool-', 'early'],
  ['http://x', 'wrong'],
])

const rsa1024 = `ssh-rsa ${Buffer.concat([field('ssh-rsa'), field('\x01\x00\x01'), field('\x00'.repeat(129))]).toString('base64')}`

function field(text: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, Buffer.from(text, 'latin1')])
}

check('public keys', checkPublicKeys, [
  [testKey, 'good', /^ED25519 SHA256:[A-Za-z0-9+/]{43} ada@laptop$/],
  [`from="10.0.0.0/8, x",no-pty ${testKey}`, 'good'],
  [`# mine\n\n${testKey}\n${testKey}\n`, 'good', /2 keys/],
  ['', 'early'],
  ['ssh-', 'early'],
  ['ssh-ed25519', 'early', /not whole/],
  [testKey.slice(0, 40), 'early', /not whole/],
  [testKey.replace('AAAAC3', 'AAAAD3'), 'early', /not whole/],
  [rsa1024, 'wrong', /2048/],
  ['ssh-dss AAAA', 'wrong', /DSA/],
  ['-----BEGIN OPENSSH PRIVATE KEY-----', 'wrong', /private key/],
  ['hello', 'wrong', /begins with ssh-ed25519/],
  [`${testKey}\nnonsense`, 'wrong', /Key 2/],
])
