import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { bridgeName } from '#contracts/network/bridge-name.ts'
import { payload } from '../harness/machines.ts'
import { type LabZone, NetworkLab, attempt, startDnsmasq, waitFor } from '../harness/network-lab.ts'
import { isInOwnNetwork } from '../harness/own-network.ts'
import { startTestNode, type TestNode } from '../harness/test-node.ts'

// Machines of a whole node that get their addresses from the network: a router with DHCP and advertisements on the tag.
if (isInOwnNetwork(import.meta.filename)) registerAll()

function registerAll(): void {
  const lab = new NetworkLab()
  let node: TestNode
  before(async () => {
    attempt('ip', 'link', 'set', 'lo', 'up')
    node = await startTestNode()
    await node.follow('nic_tag.create', { json: { name: 'test0', type: 'etherstub', mac: '-', mtu: 1500 } })
    const router = await createRouter(lab)
    const ranges = ['--dhcp-range=10.95.0.100,10.95.0.150,2m', '--enable-ra', '--dhcp-range=fd95::,ra-only']
    startDnsmasq(lab, router, 'eth0', [...ranges, '--dhcp-option=3,10.95.0.1', '--dhcp-option=6,10.95.0.53,10.95.0.54'])
  })
  after(async () => {
    lab.close()
    await node?.dispose()
  })

  const create = async (changes: Record<string, unknown>): Promise<string> => {
    const { result } = await node.follow('machine.create', { json: payload(changes) })
    return (result as { uuid: string }).uuid
  }
  const inZone = async (uuid: string, ...argv: string[]): Promise<{ ok: boolean; output: string }> => {
    const { pid } = await node.client.json<{ pid: number }>('machine.get', { params: { name: uuid } })
    return attempt('nsenter', `--target=${pid}`, '--net', '--', ...argv)
  }
  const resolvConf = (uuid: string): string => attempt('cat', join(node.pool, uuid, 'root/etc/resolv.conf')).output
  const leased = 'nameserver 10.95.0.53\nnameserver 10.95.0.54\n'

  test('ips ["dhcp"]: the machine has an address, the gateway and the resolvers; a daemon that was away catches up', async () => {
    const uuid = await create({ nics: [{ nic_tag: 'test0', ips: ['dhcp'] }], dns_domain: 'example.test' })
    await waitFor(() => resolvConf(uuid) === `search example.test\n${leased}`, 15_000)
    assert.match((await inZone(uuid, 'ip', '-4', 'address', 'show', 'dev', 'eth0')).output, /inet 10\.95\.0\.1\d\d\/24/)
    assert.match((await inZone(uuid, 'ip', 'route', 'show', 'default')).output, /default via 10\.95\.0\.1 dev eth0/)
    assert.ok((await inZone(uuid, 'ping', '-c1', '-W2', '10.95.0.1')).ok)
    assert.equal((await inZone(uuid, 'ip', '-6', 'address', 'show', 'dev', 'eth0')).output.includes('fd95'), false, 'advertisements are not heeded')
    await node.kill()
    writeFileSync(join(node.pool, uuid, 'root/etc/resolv.conf'), 'lost\n')
    await node.start()
    await waitFor(() => resolvConf(uuid).endsWith(leased))
    await node.follow('machine.delete', { params: { name: uuid } })
    assert.deepEqual(attempt('sh', '-c', `ls ${node.runDir}/dhcp | grep -E 'stat|lease$'`).output, '')
  })

  test('resolvers of the owner go before those of the network', async () => {
    const uuid = await create({ nics: [{ nic_tag: 'test0', ips: ['dhcp'] }], resolvers: ['10.95.0.99'] })
    await waitFor(async () => (await inZone(uuid, 'ip', '-4', 'address', 'show', 'dev', 'eth0')).output.includes('10.95.0.1'), 15_000)
    assert.ok((await inZone(uuid, 'ping', '-c1', '-W2', '10.95.0.1')).ok)
    assert.match(readFileSync(join(node.pool, uuid, 'root/etc/resolv.conf'), 'utf8'), /nameserver 10\.95\.0\.99\n$/)
    assert.doesNotMatch(resolvConf(uuid), /10\.95\.0\.53/)
    await node.follow('machine.delete', { params: { name: uuid } })
  })

  test('ips ["addrconf"]: the machine makes its address of the advertised prefix and uses it', async () => {
    const uuid = await create({ nics: [{ nic_tag: 'test0', ips: ['addrconf'] }] })
    await waitFor(
      async () => /inet6 fd95::\S+\/64 scope global (?!.*tentative)/.test((await inZone(uuid, 'ip', '-6', 'address', 'show', 'dev', 'eth0')).output),
      15_000,
    )
    assert.match((await inZone(uuid, 'ip', '-6', 'route', 'show', 'default')).output, /default via fe80::\S+ dev eth0 proto ra/)
    assert.ok((await inZone(uuid, 'ping', '-c1', '-W2', 'fd95::1')).ok)
    await node.follow('machine.delete', { params: { name: uuid } })
  })
}

/** Outside of all zones, on the tag's bridge. */
async function createRouter(lab: NetworkLab): Promise<LabZone> {
  const router = await lab.createOutside()
  attempt('ip', 'link', 'add', 'router0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(router.pid))
  attempt('ip', 'link', 'set', 'router0', 'master', bridgeName('test0'), 'up')
  router.exec('ip', 'address', 'add', '10.95.0.1/24', 'dev', 'eth0')
  router.exec('ip', 'address', 'add', 'fd95::1/64', 'dev', 'eth0', 'nodad')
  router.exec('ip', 'link', 'set', 'eth0', 'up')
  return router
}
