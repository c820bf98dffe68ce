import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { suiteNic } from '../network.suite.ts'
import { renderFromRules, renderToRules } from './guard-rules.ts'
import { renderGuardRemoval, renderGuards } from './guard.ts'
import { renderNat } from './nat.ts'

const free = { mac_nospoof: false, allowed_ips: null, dhcp_nospoof: false, allowed_dhcp_cids: [], restricted: false, blocked_outgoing_ports: [] }

test('a free nic has no rules, a guarded one ends by dropping', () => {
  assert.deepEqual(renderFromRules(suiteNic(2, { guard: free })), [])
  const rules = renderFromRules(suiteNic(2))
  assert.equal(rules[0], 'ether saddr != 02:08:20:00:00:02 drop')
  assert.equal(rules.at(-1), 'drop')
  assert.ok(rules.includes('ip saddr 10.77.0.2 accept'))
  assert.ok(!rules.some((rule) => rule.includes('0.0.0.0 ip daddr')), 'no DHCP client without dhcp')
  assert.ok(!rules.some((rule) => rule.includes('{')), 'no anonymous sets: see guard-rules.ts')
})

test('a dhcp nic may ask for a lease and use what it was given', () => {
  const nic = suiteNic(2, { dhcp: true })
  assert.ok(renderFromRules(nic).includes('ether type ip @nh,96,32 @lease_z2n0 accept'))
  assert.ok(renderToRules(nic).some((rule) => rule.includes('update @lease_z2n0')))
})

test('nothing that is no link, MAC or address reaches the ruleset', () => {
  const bad = [suiteNic(2, { host_link: 'z2n0" drop' }), suiteNic(2, { mac: '02:08:20:00:00:02 accept' })]
  for (const nic of bad)
    assert.throws(
      () => renderGuards([nic]),
      (error) => isAppError(error, 'Internal'),
    )
  assert.throws(
    () => renderGuards([suiteNic(2, { guard: { ...suiteNic(2).guard, allowed_ips: ['10.0.0.1\naccept'] } })]),
    (error) => isAppError(error, 'InvalidPayload'),
  )
  assert.throws(
    () => renderGuardRemoval(['a b']),
    (error) => isAppError(error, 'Internal'),
  )
})

test('NAT: masquerade and input of inner tags, other subnets closed, etherstubs not routed', () => {
  const text = renderNat([
    { name: 'in0', type: 'normal', mac: '-', mtu: 1500, host_addresses: ['10.1.0.1/24', 'fd01::1/64'], nat: true },
    { name: 'stub0', type: 'etherstub', mac: '-', mtu: 1500, host_addresses: ['10.2.0.1/24'] },
  ])
  assert.match(text, /ip saddr 10\.1\.0\.0\/24 oifname != "br-in0" masquerade/)
  assert.match(text, /ip6 saddr fd01::\/64 oifname != "br-in0" masquerade/)
  assert.match(text, /iifname "br-in0" ip daddr 10\.2\.0\.0\/24 ct state/)
  assert.match(text, /iifname "br-stub0" oifname != "br-stub0" drop/)
  assert.doesNotMatch(text, /10\.2\.0\.0\/24 oifname/)
})
