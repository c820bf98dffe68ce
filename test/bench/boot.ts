import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Recipe } from '../../src/image/recipe.ts'
import { ensureDebianTree } from '../../src/image/tree.ts'
import { createDisk } from '../harness/disk.ts'
import { command } from './command.ts'
import { createZone, fromKernel, on, openLab, shutDown, waitForHealth, type Guest, type Lab } from '../platform/lab.ts'

// `SPIRULA_PLATFORM_LAB=DIRECTORY npm run bench:boot`, in the lab of a run of `node tools/test-platform.ts`: the platform
// beside a stock Debian 13 that boots from its disk, both loaded by the same QEMU without a boot loader.

const rounds = Number(process.env['ROUNDS'] ?? 3)

const stock: Recipe = {
  name: 'stock',
  version: '1',
  description: 'Debian 13 with its cloud kernel and sshd, as a disk image has it',
  maker: 'debian',
  min_ram: 0,
  suite: 'trixie',
  packages: ['linux-image-cloud-amd64', 'systemd', 'systemd-sysv', 'systemd-resolved', 'udev', 'dbus', 'openssh-server', 'iproute2', 'procps'],
  excludes: ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/etc/kernel/postinst.d/initramfs-tools'],
  files: {
    'etc/fstab': '',
    'etc/machine-id': '',
    'etc/systemd/network/80-dhcp.network': '[Match]\nType=ether\n[Network]\nDHCP=yes\n',
    'etc/ssh/sshd_config.d/root.conf': 'PermitRootLogin prohibit-password\n',
  },
  links: { 'etc/systemd/system/multi-user.target.wants/systemd-networkd.service': '/usr/lib/systemd/system/systemd-networkd.service' },
}

interface Row {
  what: string
  /** Seconds from the start of QEMU to a command by ssh. */
  outside: number
  /** Seconds from the start of the kernel. */
  ssh: number
  daemon: number | null
  guest: number | null
  usedMiB: number
}

const lab = await openLab()
const rows = [...(await measurePlatform(lab)), ...(await measureStock(lab))]
console.log('| what | QEMU start → ssh | kernel → ssh | kernel → daemon | kernel → first zone | memory used |\n|---|---|---|---|---|---|')
for (const { what, outside, ssh, daemon, guest, usedMiB } of rows)
  console.log(`| ${what} | ${outside.toFixed(1)} s | ${ssh.toFixed(1)} s | ${daemon ?? '-'} s | ${guest ?? '-'} s | ${usedMiB} MiB |`)

async function measurePlatform({ directory, first, copyDisks, start }: Lab): Promise<Row[]> {
  const disks = await copyDisks('bench')
  const options = { name: 'node1', directory: join(directory, 'bench'), disks, boot: fromKernel(first) }
  const prepare = await start(options)
  await waitForHealth(prepare)
  await createZone(prepare, { alias: 'first', autoboot: true })
  await shutDown(prepare)
  const measured: Row[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const started = performance.now()
    const guest = await start(options)
    await guest.waitForSsh(240_000)
    const outside = (performance.now() - started) / 1000
    const { times } = await waitForHealth(guest)
    measured.push({
      what: `platform, ${round}`,
      outside,
      ssh: times?.ssh_s ?? 0,
      daemon: times?.daemon_s ?? null,
      guest: times?.first_guest_s ?? null,
      usedMiB: await readUsed(guest),
    })
    await shutDown(guest)
  }
  return measured
}

async function measureStock({ directory, start, context }: Lab): Promise<Row[]> {
  const tree = await ensureDebianTree(stock, '/var/cache/spirula/bench', context)
  const work = await mkdtemp(join(directory, 'stock-'))
  try {
    const key = (await readdir(directory)).find((name) => name.endsWith('.pub'))!
    await mkdir(join(tree, 'root/.ssh'), { recursive: true, mode: 0o700 })
    await writeFile(join(tree, 'root/.ssh/authorized_keys'), await import('node:fs').then(({ readFileSync }) => readFileSync(join(directory, key))), {
      mode: 0o600,
    })
    // The image has none; without them sshd does not start.
    await command(['ssh-keygen', '-A', '-f', tree])
    const disk = join(work, 'root.img')
    await createDisk(disk, tree, { label: 'root', size: '4G' })
    const kernel = (await readdir(join(tree, 'boot'))).find((name) => name.startsWith('vmlinuz-'))!
    const boot = { from: 'kernel', kernel: join(tree, 'boot', kernel), append: 'root=/dev/nvme0n1 rw console=ttyS0 loglevel=4' } as const
    const measured: Row[] = []
    for (let round = 0; round <= rounds; round += 1) {
      const started = performance.now()
      const guest = await start({ name: 'stock', directory: work, boot, disks: [{ file: disk, serial: 'root', bus: 'nvme' }] })
      await guest.waitForSsh(240_000)
      const outside = (performance.now() - started) / 1000
      const ssh = Number(await on(guest, 'systemctl show -p ActiveEnterTimestampMonotonic --value ssh.service')) / 1e6
      // The first boot makes keys and caches.
      if (round > 0) measured.push({ what: `stock Debian 13, ${round}`, outside, ssh, daemon: null, guest: null, usedMiB: await readUsed(guest) })
      await shutDown(guest)
    }
    return measured
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** What is not to be had for anything else. */
async function readUsed(guest: Guest): Promise<number> {
  return Number(await on(guest, `awk '/^MemTotal/{t=$2} /^MemAvailable/{a=$2} END{print int((t-a)/1024)}' /proc/meminfo`))
}
