import type { Recipe } from '../recipe.ts'

/** Debian 13 with systemd, as small as it is still pleasant to work in. */
export const debian13: Recipe = {
  name: 'debian-13',
  version: '1',
  description: 'Debian 13 (trixie), minimal, with systemd and ssh',
  maker: 'debian',
  min_ram: 128,
  suite: 'trixie',
  packages: [
    'systemd', 'systemd-sysv', 'dbus', 'libpam-systemd', 'apt', 'ca-certificates', 'debian-archive-keyring',
    'iproute2', 'iputils-ping', 'less', 'nano', 'procps', 'openssh-server', 'netbase',
  ],
  excludes: ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/lintian/*'],
  files: {
    // Present but empty: systemd makes an id for each zone at its first boot.
    'etc/machine-id': '',
    'etc/hosts': '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n',
    'etc/resolv.conf': '',
    'etc/fstab': '',
    // Only root of the node can open the console, and it could enter the zone anyway.
    'etc/systemd/system/console-getty.service.d/autologin.conf': '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --noclear --keep-baud - 115200,38400,9600 $TERM\n',
    // The image carries no host keys: every zone makes its own when ssh is first used. Debian's own unit
    // for that wants a "first boot", which an empty machine-id is not.
    'etc/systemd/system/ssh.service.d/host-keys.conf': '[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\nExecStartPre=/usr/sbin/sshd -t\n',
    // A zone shares the node's kernel and clock; its log need not outlive a boot.
    'etc/systemd/journald.conf.d/zone.conf': '[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\nReadKMsg=no\nAudit=no\n',
  },
  links: {
    'etc/systemd/system/multi-user.target.wants/ssh.service': '',
    'etc/systemd/system/sockets.target.wants/ssh.socket': '/usr/lib/systemd/system/ssh.socket',
    // The node sets addresses and names from outside.
    'etc/systemd/system/systemd-networkd.service': '/dev/null',
    'etc/systemd/system/systemd-timesyncd.service': '/dev/null',
    'etc/systemd/system/systemd-networkd-wait-online.service': '/dev/null',
    'etc/systemd/system/apt-daily.timer': '/dev/null',
    'etc/systemd/system/apt-daily-upgrade.timer': '/dev/null',
    'etc/systemd/system/e2scrub_all.timer': '/dev/null',
    'etc/systemd/system/fstrim.timer': '/dev/null',
  },
}
