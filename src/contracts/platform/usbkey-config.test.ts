import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseUsbkeyConfig, renderUsbkeyConfig, maxConfigBytes } from './usbkey-config.ts'
import { heededKeys } from './usbkey-keys.ts'

describe('parseUsbkeyConfig', () => {
  const good: [string, string, string][] = [
    ['hostname=node01', 'hostname', 'node01'],
    ['  export hostname="node01"  # mine', 'hostname', 'node01'],
    ["hostname='node01'", 'hostname', 'node01'],
    ['x=a\'b c\'"d e"f', 'x', 'ab cd ef'],
    ['x=a\\ b', 'x', 'a b'],
    ['x="a\\"b\\$c\\d"', 'x', 'a"b$c\\d'],
    ['x=', 'x', ''],
    ['x=a#b', 'x', 'a#b'],
    ['x= # nothing', 'x', ''],
    ["root_shadow='$6$ab$cd'", 'root_shadow', '$6$ab$cd'],
    ['admin_nic=52:54:0:12:34:56\r', 'admin_nic', '52:54:0:12:34:56'],
    ['admin_ip=10.0.0.2/24', 'admin_ip', '10.0.0.2/24'],
    ['admin_ip6=fd00::2/64', 'admin_ip6', 'fd00::2/64'],
    ['dns_resolvers=8.8.8.8,fd00::1', 'dns_resolvers', '8.8.8.8,fd00::1'],
    ['external0_vlan_id=12', 'external0_vlan_id', '12'],
    ['aggr0_aggr=0:1:2:3:4:5,0:1:2:3:4:6', 'aggr0_aggr', '0:1:2:3:4:5,0:1:2:3:4:6'],
  ]
  for (const [text, key, value] of good) {
    test(`${text.trim()} is ${key}`, () => {
      const config = parseUsbkeyConfig(`# head\n\n${text}\n`)
      assert.deepEqual(config.problems, [])
      assert.equal(config.values.get(key), value)
      assert.equal(config.lines.get(key), 3)
    })
  }

  const bad: [string, string, RegExp][] = [
    ['hostname', '', /Line 1: KEY=value is expected/],
    ['host name=x', '', /Line 1/],
    ['hostname =x', 'hostname', /Line 1, hostname: no blank/],
    ['x=a b', 'x', /Line 1, x: a value with blanks/],
    ["x='a", 'x', /the closing ' is missing/],
    ['x="a', 'x', /the closing " is missing/],
    ['x=$HOME', 'x', /nothing is expanded/],
    ['x="$(id)"', 'x', /nothing is expanded/],
    ['x=`id`', 'x', /nothing is expanded/],
    ['x=a;b', 'x', /put a value with ; in quotes/],
    ['x=~root', 'x', /put a value with ~ in quotes/],
    ['x=a\\', 'x', /next line/],
    ['admin_ip=10.0.0.256', 'admin_ip', /Line 1, admin_ip: "10\.0\.0\.256" is not right: dhcp, none, or/],
    ['admin_nic=eth0', 'admin_nic', /MAC address/],
    ['hostname=', 'hostname', /a value is missing/],
    ['-x=1', '', /is no key/],
  ]
  for (const [text, key, message] of bad) {
    test(`${text} is told, and the rest counts`, () => {
      const config = parseUsbkeyConfig(`${text}\netherstub=stub0`)
      assert.equal(config.problems.length, 1)
      assert.equal(config.problems[0]?.line, 1)
      assert.equal(config.problems[0]?.key, key)
      assert.match(config.problems[0]?.message ?? '', message)
      assert.deepEqual([...config.values], [['etherstub', 'stub0']])
    })
  }

  test('the last of two counts, unknown keys are kept and named', () => {
    const config = parseUsbkeyConfig('hostname=a\ndatacenter_name=x\nhostname=b')
    assert.equal(config.values.get('hostname'), 'b')
    assert.deepEqual(config.unheeded, ['datacenter_name'])
  })

  test('a text that is too long is not read', () => {
    const config = parseUsbkeyConfig('#'.repeat(maxConfigBytes + 1))
    assert.equal(config.problems[0]?.line, 0)
  })

  test('no text makes it throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseUsbkeyConfig(text).problems.every((problem) => problem.message !== '')))
  })
})

describe('renderUsbkeyConfig', () => {
  const line = fc.string({ unit: fc.constantFrom(...' abz09\'"$`\\#;~!*äß{}()=:./-'.split('')) })
  test('what it writes is read back', () => {
    fc.assert(fc.property(line, (value) => assert.equal(parseUsbkeyConfig(renderUsbkeyConfig([['x', value]])).values.get('x'), value)))
  })

  test('bash reads the same', () => {
    const values = fc.sample(line, { numRuns: 40, seed: 7 }).map((value, index) => [`x${index}`, value] as const)
    const script = `${renderUsbkeyConfig(values)}\nfor i in $(seq 0 39); do n=x$i; printf '%s\\n' "\${!n}"; done`
    const read = execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\n').slice(0, 40)
    assert.deepEqual(
      read,
      values.map(([, value]) => value),
    )
  })

  test('refuses keys and values that would not come back', () => {
    assert.throws(() => renderUsbkeyConfig([['a-b', 'x']]), /"a-b" cannot be a key/)
    assert.throws(() => renderUsbkeyConfig([['a', 'x\ny']]), /one line/)
  })
})

test('every heeded key is matched by its own name', () => {
  for (const heeded of heededKeys) assert.match(heeded.name.replaceAll('TAG', 'external').replaceAll('N', '0'), heeded.matches)
})
