import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { parseBootTime, parseCpuinfo, parseDmi, parseKernelArguments, parseMemoryMib, parseUuid } from './parse.ts'
import { readSysinfo } from './sysinfo.ts'
import { deriveUuid, readHostUuid } from './uuid.ts'

const cpu = (processor: number, socket: number, core: number): string =>
  `processor\t: ${processor}\nmodel name\t: Intel(R) Xeon(R) Processor\nphysical id\t: ${socket}\ncore id\t\t: ${core}\nflags\t\t: fpu vmx ss ht\n\n`
const cpuinfo = cpu(0, 0, 0) + cpu(1, 0, 0) + cpu(2, 1, 0) + cpu(3, 1, 0)
const armCpuinfo = 'processor\t: 0\nBogoMIPS\t: 50.00\n\nprocessor\t: 1\nBogoMIPS\t: 50.00\n\nHardware\t: BCM2835\n'

test('CPUs: sockets, cores and threads', () => {
  assert.deepEqual(parseCpuinfo(cpuinfo), { model: 'Intel(R) Xeon(R) Processor', sockets: 2, cores: 2, logical: 4, virtualization: 'vmx' })
  assert.deepEqual(parseCpuinfo(armCpuinfo), { model: 'unknown', sockets: 1, cores: 2, logical: 2, virtualization: 'none' })
  assert.equal(parseCpuinfo('').logical, 1)
})

test('memory, boot time, kernel arguments', () => {
  assert.equal(parseMemoryMib('MemTotal:       24603984 kB\nMemFree: 1 kB\n'), 24027)
  assert.equal(parseBootTime('cpu 1 2\nbtime 1763931600\nprocesses 3\n'), 1_763_931_600)
  assert.equal(parseBootTime(''), null)
  assert.deepEqual(parseKernelArguments('console=ttyS0 quiet dyndbg="file x +p" a=1 a=2 __proto__=x -- --init arg\n'), {
    console: 'ttyS0',
    quiet: 'true',
    dyndbg: 'file x +p',
    a: '2',
  })
})

test('placeholders of firmwares count as nothing', () => {
  assert.equal(parseDmi('Dell Inc.\n'), 'Dell Inc.')
  for (const text of [null, 'To Be Filled By O.E.M.\n', 'Default string', 'Not Specified', '0000']) assert.equal(parseDmi(text), '')
  assert.equal(parseUuid('44454C4C-4C00-1044-8053-B5C04F383732\n'), '44454c4c-4c00-1044-8053-b5c04f383732')
  for (const text of [null, '', 'x', '00000000-0000-0000-0000-000000000000', 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF']) assert.equal(parseUuid(text), null)
})

test('the host UUID: firmware first, then machine-id, never shown as it is', async () => {
  await withTree({ dmi: '44454C4C-4C00-1044-8053-B5C04F383732\n', bad: '0\n', machineId: `${'ab'.repeat(16)}\n` }, async (root) => {
    const at = (name: string): string => join(root, name)
    assert.equal(await readHostUuid({ dmi: at('dmi'), machineId: at('machineId') }), '44454c4c-4c00-1044-8053-b5c04f383732')
    const derived = await readHostUuid({ dmi: at('bad'), machineId: at('machineId') })
    assert.equal(derived, deriveUuid('ab'.repeat(16)))
    assert.match(derived ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.ok(!derived?.startsWith('abab'))
    assert.equal(await readHostUuid({ dmi: at('none'), machineId: at('none') }), null)
  })
})

const tree = {
  'proc/stat': 'btime 1763931600\n',
  'proc/cmdline': 'console=ttyS0\n',
  'proc/cpuinfo': cpuinfo,
  'proc/meminfo': 'MemTotal: 2097152 kB\n',
  'sys/class/dmi/id/sys_vendor': 'Dell Inc.\n',
  'sys/class/dmi/id/product_name': 'PowerEdge R640\n',
  'sys/block/vda/size': '41943040\n',
  'sys/block/loop0/size': '8\n',
  'sys/class/net/lo/address': '00:00:00:00:00:00\n',
  'sys/class/net/ens1/address': '02:00:00:00:00:01\n',
  'sys/class/net/ens1/operstate': 'up\n',
  'sys/class/net/z1n0/address': '02:00:00:00:00:09\n',
  'sys/class/net/br-admin/address': '02:00:00:00:00:02\n',
  'sys/class/net/br-admin/operstate': 'down\n',
  'sys/class/net/bond0/address': '02:00:00:00:00:03\n',
  'sys/class/net/bond0/bonding/mode': '802.3ad 4\n',
  'sys/class/net/bond0/bonding/slaves': 'ens2 ens3\n',
}

test('sysinfo under the keys of SmartOS', async () => {
  await withTree(tree, async (root) => {
    await symlink('../../../devices/pci0/0000:00:01.0', join(root, 'sys/class/net/ens1/device'))
    const zpool = { name: 'zones', encrypted: false, disks: ['/dev/vda', '/dev/vdb'], profile: 'single', created: 1_763_900_000, sizeGib: 20 }
    const facts = await readSysinfo({
      uuid: 'u',
      zpool,
      nicTags: { 'ens1': ['external'], 'br-admin': ['admin'] },
      files: { proc: join(root, 'proc'), sys: join(root, 'sys') },
      liveImage: '20261123T000000Z',
    })
    const expected = {
      'Live Image': '20261123T000000Z',
      'System Type': 'Linux',
      'Boot Time': '1763931600',
      'Setup': 'true',
      'UUID': 'u',
      'Boot Parameters': { console: 'ttyS0' },
      'Manufacturer': 'Dell Inc.',
      'Product': 'PowerEdge R640',
      'Serial Number': '',
      'CPU Physical Cores': 2,
      'CPU Total Cores': 4,
      'MiB of Memory': '2048',
      'Zpool': 'zones',
      'Zpool Disks': '/dev/vda,/dev/vdb',
      'Disks': { vda: { 'Size in GB': 21 } },
      'Admin NIC Tag': 'admin',
      'Admin IP': '',
      'Network Interfaces': { ens1: { 'MAC Address': '02:00:00:00:00:01', 'ip4addr': '', 'Link Status': 'up', 'NIC Names': ['external'] } },
      'Virtual Network Interfaces': {
        'br-admin': {
          'MAC Address': '02:00:00:00:00:02',
          'ip4addr': '',
          'Link Status': 'down',
          'Host Interface': '',
          'Overlay Nic Tags': [],
          'VLAN': '0',
          'NIC Names': ['admin'],
        },
      },
      'Link Aggregations': { bond0: { 'LACP mode': 'active', 'Interfaces': ['ens2', 'ens3'] } },
    }
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(facts[key], value, key)
  })
})

test('this very machine can be read, with and without a pool', async () => {
  const facts = await readSysinfo({ uuid: 'u', zpool: null, nicTags: {} })
  assert.equal(facts['Setup'], 'false')
  assert.equal(facts['Zpool'], undefined)
  assert.ok(Number(facts['MiB of Memory']) > 0)
  assert.ok(Number(facts['CPU Total Cores']) >= Number(facts['CPU Socket Count']))
  assert.doesNotThrow(() => JSON.stringify(facts))
})

async function withTree(files: Record<string, string>, work: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'spirula-sys-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), text)
    }
    await work(root)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}
