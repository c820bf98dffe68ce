import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  isInSubnet,
  isNetworkOrBroadcast,
  isPublic,
  isUnicast,
  networkOf,
  parseAddress,
  parseCidr,
  parseNetmask,
  renderAddress,
  renderCidr,
  renderNetmask,
} from './cidr.ts'

const likeAddress = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,24}$/))

test('what is an address agrees with the engine', () => {
  fc.assert(
    fc.property(likeAddress, (text) => assert.equal(parseAddress(text)?.family ?? 0, isIP(text), text)),
    { numRuns: 500 },
  )
})

test('rendered IPv6 is the canonical text of the engine', () => {
  const canonical = (text: string): string => new URL(`http://[${text}]/`).hostname.slice(1, -1)
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const address = parseAddress(text)
      assert.ok(address)
      assert.equal(renderAddress(address), canonical(text))
    }),
  )
})

test('odd addresses are refused', () => {
  for (const text of ['', '1.2.3', '01.2.3.4', '256.1.1.1', '1::2::3', 'fe80::1%eth0', ':1:2:3:4:5:6:7:8', '1.2.3.4:1::', '1:2:3:4:5:6:7', 'x'.repeat(100)])
    assert.equal(parseAddress(text), null, text)
  for (const text of ['10.0.0.1', '10.0.0.1/33', '10.0.0.1/', '10.0.0.1/08', 'fd00::/129', '10.0.0.1/24/2']) assert.equal(parseCidr(text), null, text)
})

test('netmasks and prefixes are each other’s inverse', () => {
  for (let prefix = 0; prefix <= 32; prefix++) assert.equal(parseNetmask(renderNetmask(prefix)), prefix)
  assert.equal(renderNetmask(23), '255.255.254.0')
  assert.equal(parseNetmask('255.0.255.0'), null)
  assert.equal(parseNetmask('24'), null)
})

test('subnets', () => {
  const cidr = parseCidr('10.1.2.3/22')
  assert.ok(cidr)
  assert.equal(renderCidr({ ...networkOf(cidr), prefix: 22 }), '10.1.0.0/22')
  assert.ok(isInSubnet({ family: 4, value: 0x0a0103ffn }, cidr))
  assert.ok(!isInSubnet({ family: 4, value: 0x0a010400n }, cidr))
  assert.ok(!isInSubnet({ family: 6, value: 0x0a0103ffn }, cidr))
})

test('special addresses', () => {
  const cidr = (text: string): NonNullable<ReturnType<typeof parseCidr>> => parseCidr(text) ?? assert.fail(text)
  assert.deepEqual(
    ['10.0.0.0/24', '10.0.0.255/24', '10.0.0.1/24', '10.0.0.0/31', 'fd00::/64'].map((text) => isNetworkOrBroadcast(cidr(text))),
    [true, true, false, false, false],
  )
  assert.deepEqual(
    ['0.0.0.0/0', '127.0.0.1/8', '224.0.0.1/32', '255.255.255.255/32', '::1/128', 'ff02::1/64', '10.0.0.1/8', 'fe80::1/64'].map((text) =>
      isUnicast(cidr(text)),
    ),
    [false, false, false, false, false, false, true, true],
  )
  assert.deepEqual(
    ['10.0.0.1/8', '172.32.0.1/32', '8.8.8.8/32', 'fd00::1/64', '2001:db8::1/64', '100.64.0.1/32'].map((text) => isPublic(cidr(text))),
    [false, true, true, false, true, false],
  )
})
