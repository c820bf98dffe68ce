/** What of the system tree is not in the image, each with the reason; paths from its root, `*` within one name. */
export const systemTrims: Readonly<Record<string, string>> = {
  'usr/bin/bpftrace-aotrt': 'ahead-of-time programs of bpftrace, which we do not make',
  'usr/lib/x86_64-linux-gnu/libbcc.so.*': 'comes with libbcc_bpf, which alone bpftrace uses',
  'usr/lib/x86_64-linux-gnu/libclang-cpp.so.*': 'used by libbcc alone',
  'usr/bin/python3*': 'only arcstat and its like are in Python; their figures are in /proc/spl/kstat/zfs',
  'usr/lib/python3*': 'as above',
  'usr/share/python3': 'as above',
  'usr/bin/qemu-io': 'a tool for testing QEMU',
  'usr/bin/qemu-storage-daemon': 'disks are files and volumes of the node itself',
  'usr/bin/qemu-system-i386': 'qemu-system-x86_64 runs 32-bit guests as well',
  'usr/bin/qemu-system-x86_64-microvm': 'qemu-system-x86_64 has that machine too',
  'usr/lib/x86_64-linux-gnu/*.a': 'for compiling',
  'usr/lib/x86_64-linux-gnu/gconv': 'character sets that are not UTF-8',
  'usr/share/OVMF/*snakeoil*': 'firmware with keys that everybody has',
  'usr/share/OVMF/*strictnx*': 'firmware that common guests do not start under',
  'usr/share/ovmf': 'the same firmware, in an old form',
  'usr/share/qemu/*.dtb': 'firmware of machines that are not x86',
  'usr/share/qemu/hppa-*': 'as above',
  'usr/share/qemu/openbios-*': 'as above',
  'usr/share/qemu/opensbi-*': 'as above',
  'usr/share/qemu/palcode-*': 'as above',
  'usr/share/qemu/s390*': 'as above',
  'usr/share/qemu/skiboot.lid': 'as above',
  'usr/share/qemu/slof.bin': 'as above',
  'usr/share/qemu/u-boot*': 'as above',
  'usr/share/qemu/vof*': 'as above',
  'usr/share/qemu/trace-events-all': 'for developers of QEMU',
  'usr/share/vim/vim91/doc': 'help of the editor',
  'usr/include': 'headers of libraries',
  'usr/share/X11': 'keyboard tables of a graphical screen',
  'usr/lib/udev/hwdb.d': 'source of hwdb.bin',
  'usr/lib/systemd/system-generators/systemd-gpt-auto-generator': 'nothing is mounted because a disk says so',
  'usr/lib/systemd/system-generators/systemd-hibernate-resume-generator': 'a system in memory does not hibernate',
  'usr/lib/systemd/system-generators/systemd-rc-local-generator': 'there is no /etc/rc.local',
  'usr/lib/systemd/system-generators/systemd-ssh-generator': 'sshd listens on the network alone',
  'usr/lib/systemd/system-generators/systemd-system-update-generator': 'an update is another image',
  'usr/lib/systemd/system-generators/systemd-sysv-generator': 'no service has a script in /etc/init.d alone',
  'usr/lib/systemd/system-generators/systemd-tpm2-generator': 'nothing is sealed in a TPM',
  'usr/lib/systemd/system-generators/zfs-mount-generator': 'spirula-start mounts',
  'var/cache/apt': 'made anew by apt',
  'var/cache/debconf': 'answers of package set-up',
  'var/cache/ldconfig': 'differs with every build',
  'var/lib/apt/lists': 'the archive’s state at build time',
  'var/log': 'logs of the build; made anew by systemd-tmpfiles',
  'etc/machine-id': 'one of each node',
  'etc/hostname': 'one of each node',
  'etc/hostid': 'one of each node',
  'etc/nvme/hostid': 'one of each node',
  'etc/nvme/hostnqn': 'one of each node',
  'etc/resolv.conf': 'that of the builder',
  'etc/apt/sources.list': 'names the builder’s mirror',
  'etc/apt/sources.list.d': 'names the builder’s mirror',
  'etc/apt/apt.conf.d/99mmdebstrap': 'the builder’s way to its mirror',
  'etc/ssh/ssh_host_*': 'one of each node',
}

/**
 * Libraries that are asked for when a program starts and whose functions it never calls: an empty one of that name
 * stands in, with the reason.
 */
export const standIns: Readonly<Record<string, string>> = {
  'usr/lib/x86_64-linux-gnu/libz3.so.4': 'LLVM hands it questions of an analysis of C that bpftrace does not make; 28 MB',
}

/** Kernel modules without use on a server, below `kernel/`. */
export const moduleTrims: readonly string[] = [
  'sound',
  ...[
    'accel',
    'atm',
    'bluetooth',
    'comedi',
    'counter',
    'firewire',
    'greybus',
    'hsi',
    'iio',
    'input/joystick',
    'input/mouse',
    'input/tablet',
    'input/touchscreen',
  ].map(driver),
  ...['isdn', 'media', 'memstick', 'misc/vmw_vmci', 'mmc', 'mtd', 'net/arcnet', 'net/can', 'net/fddi'].map(driver),
  ...['net/hamradio', 'net/ieee802154', 'net/wireless', 'net/wwan'].map(driver),
  ...['nfc', 'parport', 'pcmcia', 'platform', 'rapidio', 'soundwire', 'staging', 'thunderbolt', 'usb/gadget', 'w1'].map(driver),
  ...['amd', 'gma500', 'gud', 'i915', 'nouveau', 'radeon', 'vmwgfx', 'xe'].map((name) => driver(`gpu/drm/${name}`)),
  ...['affs', 'afs', 'bcachefs', 'befs', 'bfs', 'ceph', 'coda', 'dlm', 'efs', 'f2fs', 'gfs2', 'hfs', 'jffs2', 'jfs', 'minix', 'nilfs2'].map(
    (name) => `fs/${name}`,
  ),
  ...['ocfs2', 'omfs', 'orangefs', 'qnx4', 'qnx6', 'sysv', 'ubifs', 'ufs'].map((name) => `fs/${name}`),
  ...['6lowpan', 'appletalk', 'atm', 'ax25', 'batman-adv', 'bluetooth', 'caif', 'can', 'ceph', 'ieee802154', 'mac80211', 'mac802154'].map(
    (name) => `net/${name}`,
  ),
  'net/vmw_vsock/vmw_vsock_vmci_transport.ko.xz',
  ...['netrom', 'nfc', 'phonet', 'rds', 'rose', 'tipc', 'wireless', 'x25'].map((name) => `net/${name}`),
]

function driver(name: string): string {
  return `drivers/${name}`
}
