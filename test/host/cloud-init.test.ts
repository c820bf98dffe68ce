// namespaces: host (the Debian archive is reached by the network; what is tested runs in namespaces of its own)
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '#host/context.ts'
import { run } from '#host/run/run.ts'
import { writeSeed } from '#node/guest/seed.ts'
import { createRecord } from '#plan/metadata/record.fixture.ts'

const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHIuZh4G1xKxJvG0PqYBgq0T2E0Xb8m2y1l0s0qXq0aP me@there'

const record = createRecord({
  internal: { uid_base: 0 },
  nics: [
    { interface: 'eth0', mac: '02:00:00:00:00:01', nic_tag: 'int', ips: ['10.0.0.2/24', 'fd00::2/64'], gateways: ['10.0.0.1'], primary: true, mtu: 1400 },
    { interface: 'eth1', mac: '02:00:00:00:00:02', nic_tag: 'ext', ips: ['dhcp', 'addrconf'] },
  ],
  routes: { '192.168.0.0/16': '10.0.0.9' },
  customer_metadata: {
    'root_authorized_keys': `# mine\n${key}\n`,
    'cloud-init:user-data': '#cloud-config\nwrite_files:\n- path: /root/taken\n  content: it was\nruncmd:\n- [sh, -c, "echo ran > /root/ran"]\n',
  },
})

// All stages in their order, as the units would run them; a stage's own complaints are read from status.json.
const stages = `
mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /tmp
ip link add eth0 address 02:00:00:00:00:01 type veth peer name p0
ip link add eth1 address 02:00:00:00:00:02 type veth peer name p1
/usr/lib/cloud-init/ds-identify --force && cp /run/cloud-init/cloud.cfg /root/identified
cloud-init init --local; cloud-init init; cloud-init modules --mode=config; cloud-init modules --mode=final
hostname >/root/hostname
exit 0
`

test("Debian's cloud-init takes name, keys, network and user-data from the seed", { timeout: 180_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), `spirula-cloud-init-${process.pid}-`))
  const tree = join(directory, 'tree')
  try {
    const refusal = await buildTree(tree)
    if (refusal !== null) return t.skip(`no tree with cloud-init could be built from the Debian archive: ${refusal}`)
    await writeSeed(join(tree, 'var/lib/cloud/seed/nocloud'), record)
    await writeFile(join(tree, 'stages'), stages)
    await run(
      ['/usr/bin/unshare', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--uts', '--net', '--ipc', '/usr/sbin/chroot', tree, '/bin/sh', '/stages'],
      { timeoutMs: 120_000 },
      context,
    )
    const read = (path: string): Promise<string> => readFile(join(tree, path), 'utf8')
    assert.match(await read('root/identified'), /NoCloud/)
    assert.equal(await read('root/hostname'), 'web01\n')
    // As it stands: without the seed's disable_root, root would be told to use another name.
    assert.equal(await read('root/.ssh/authorized_keys'), `${key}\n`)
    assert.equal(await read('root/taken'), 'it was')
    assert.equal(await read('root/ran'), 'ran\n')
    const network = await read('etc/network/interfaces.d/50-cloud-init')
    for (const part of [
      'address 10.0.0.2/24',
      'address fd00::2/64',
      'gw 10.0.0.1',
      '192.168.0.0/16 gw 10.0.0.9',
      'mtu 1400',
      'dns-nameservers 10.0.0.53 fd00::53',
      'iface eth1 inet dhcp',
    ])
      assert.ok(network.includes(part), part)
    const status = JSON.parse(await read('var/lib/cloud/data/status.json')) as {
      v1: { 'datasource': string; 'init-local': { errors: string[] }; 'init': { errors: string[] } }
    }
    assert.match(status.v1.datasource, /^DataSourceNoCloud/)
    assert.deepEqual([...status.v1['init-local'].errors, ...status.v1.init.errors], [])
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

/** A Debian of this machine's own suite; null, or why it could not be had. */
async function buildTree(tree: string): Promise<string | null> {
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'stable'
  const excludes = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'].map((path) => `--dpkgopt=path-exclude=${path}`)
  const argv = [
    'mmdebstrap',
    '--mode=root',
    '--variant=minbase',
    '--include=cloud-init,iproute2,ifupdown',
    '--aptopt=APT::Install-Recommends "false";',
    ...excludes,
    suite,
    tree,
  ] as const
  return await run(argv, { timeoutMs: 150_000 }, context).then(
    () => null,
    (error: Error) => `${error.message} ${error.cause instanceof Error ? error.cause.message.slice(-300) : ''}`,
  )
}
