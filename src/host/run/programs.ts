/**
 * The only programs this product starts: name → absolute path on Debian. There is no way to hand a
 * string to a shell.
 */
export const programs = {
  'apt-get': '/usr/bin/apt-get',
  'btrfs': '/usr/bin/btrfs',
  'mkfs.btrfs': '/usr/sbin/mkfs.btrfs',
  'busybox': '/bin/busybox',
  'cc': '/usr/bin/cc',
  'cp': '/bin/cp',
  'crun': '/usr/bin/crun',
  'dnsmasq': '/usr/sbin/dnsmasq',
  'dpkg-deb': '/usr/bin/dpkg-deb',
  'dpkg-query': '/usr/bin/dpkg-query',
  'findmnt': '/usr/bin/findmnt',
  'fsck.fat': '/usr/sbin/fsck.fat',
  'gzip': '/bin/gzip',
  'install': '/usr/bin/install',
  'ip': '/sbin/ip',
  'loadkeys': '/usr/bin/loadkeys',
  'kexec': '/usr/sbin/kexec',
  'losetup': '/sbin/losetup',
  'lsblk': '/usr/bin/lsblk',
  'lxcfs': '/usr/bin/lxcfs',
  'mkfs.vfat': '/usr/sbin/mkfs.vfat',
  'mmdebstrap': '/usr/bin/mmdebstrap',
  'modprobe': '/sbin/modprobe',
  'mount': '/bin/mount',
  'nft': '/usr/sbin/nft',
  'nsenter': '/usr/bin/nsenter',
  'openssl': '/usr/bin/openssl',
  'qemu-system-x86_64': '/usr/bin/qemu-system-x86_64',
  'sfdisk': '/usr/sbin/sfdisk',
  'ssh': '/usr/bin/ssh',
  'ssh-keygen': '/usr/bin/ssh-keygen',
  'systemctl': '/bin/systemctl',
  'systemd-sysext': '/usr/bin/systemd-sysext',
  'systemd-sysusers': '/usr/bin/systemd-sysusers',
  'systemd-tmpfiles': '/usr/bin/systemd-tmpfiles',
  'tar': '/bin/tar',
  'udevadm': '/usr/bin/udevadm',
  'umount': '/bin/umount',
  'wipefs': '/usr/sbin/wipefs',
  'xz': '/usr/bin/xz',
  'zfs': '/usr/sbin/zfs',
  'zpool': '/usr/sbin/zpool',
  'zstd': '/usr/bin/zstd',
} as const

export type Program = keyof typeof programs
/** argv of a program of the table; or of one of our own, by absolute path. */
export type Argv = readonly [Program | `/${string}`, ...string[]]

export function pathOf(program: Argv[0]): string {
  return program.startsWith('/') ? program : programs[program as Program]
}
