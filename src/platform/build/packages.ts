/** Suite of the platform: its 6.12 kernel is the one that every tool of the image was seen working on. */
export const suite = 'trixie'
export const components = 'main contrib'

/** Debian packages of the system, by what they are there for. What they need comes along; what they recommend does not. */
const system = {
  base: [
    'apt',
    'bash',
    'busybox-static',
    'ca-certificates',
    'dbus-broker',
    'dbus-system-bus-common',
    'login',
    'mount',
    'passwd',
    'systemd',
    'systemd-resolved',
    'systemd-sysv',
    'udev',
    'util-linux',
  ],
  zones: ['crun', 'lxcfs', 'tar', 'zstd', 'xz-utils'],
  machines: ['qemu-system-x86', 'qemu-utils', 'ovmf', 'swtpm', 'virtiofsd'],
  network: ['dnsmasq-base', 'ethtool', 'iproute2', 'iputils-arping', 'iputils-ping', 'nftables', 'openssh-client', 'openssh-server', 'tcpdump'],
  storage: ['dosfstools', 'efibootmgr', 'fdisk', 'hdparm', 'kexec-tools', 'nvme-cli', 'smartmontools', 'zfs-zed', 'zfsutils-linux'],
  watching: ['bpftrace', 'chrony', 'dmidecode', 'ipmitool', 'lsof', 'pciutils', 'procps', 'psmisc', 'strace', 'usbutils'],
  hands: ['bash-completion', 'curl', 'kmod', 'less', 'libatomic1', 'mandoc', 'openssl', 'rsync', 'socat', 'vim-tiny'],
} as const

/** Sorted, so that the order of the groups above is free. */
export function listSystemPackages(zoneUserland: readonly string[]): string[] {
  return [...new Set([...Object.values(system).flat(), ...zoneUserland])].toSorted()
}

/** What builds and packs: the kernel and ZFS's modules for it, the image, the boot media. Nothing of it is in the image but the kernel. */
export const builderPackages = [
  'apt',
  'busybox-static',
  'cpio',
  'dkms',
  'dosfstools',
  'gcc',
  'grub-efi-amd64-bin',
  'grub-pc-bin',
  'kmod',
  'libc6-dev',
  'libelf-dev',
  'linux-headers-amd64',
  'linux-image-amd64',
  'make',
  'mtools',
  'python3-minimal',
  'squashfs-tools',
  'xorriso',
  'xz-utils',
  'zstd',
]

/** Downloaded and compiled, not installed: its scripts would compile for every kernel in sight. */
export const zfsSourcePackage = 'zfs-dkms'

/** Texts nobody reads on a node. Copyright files stay: the licences ask for them. */
export const leftOut = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/lintian/*']
