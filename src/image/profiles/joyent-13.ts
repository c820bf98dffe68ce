import type { Recipe } from '../recipe.ts'
import { debian13 } from './debian-13.ts'
import { zoneUserlandGroups, zoneUserlandPackages } from './zone-userland.ts'

const sharedUsr = `The programs of this zone are the node's: /usr is read-only, and newer at the first
boot after the node's upgrade. Packages cannot be installed to it; /opt, /var and /home are yours.
`

const packageTools = ['apt', 'apt-get', 'aptitude', 'dpkg']

/**
 * Units that the platform's /usr starts on every system, and that have nothing to do in a zone: its devices,
 * addresses and clock are the node's. What Debian enables by links in /etc is enabled in the platform's /etc only.
 */
const masked = [
  'systemd-udevd.service', 'systemd-udevd-control.socket', 'systemd-udevd-kernel.socket', 'systemd-udev-trigger.service', 'systemd-udev-settle.service',
  'systemd-hwdb-update.service', 'systemd-logind.service', 'systemd-networkd.socket', 'systemd-resolved.service', 'systemd-pstore.service',
]

/** A sparse zone: /etc, /var, /root, /home, /srv and /opt of its own, and an empty /usr on which the node mounts the platform's. */
export const joyent13: Recipe = {
  ...debian13,
  name: 'joyent-13',
  description: 'Sparse zone of brand joyent: own /etc and /var, the programs of the platform (Debian 13)',
  type: 'zone-dataset',
  min_ram: 64,
  packages: zoneUserlandPackages,
  groups: zoneUserlandGroups,
  files: {
    ...debian13.files,
    'etc/motd': sharedUsr,
    'etc/locale.conf': 'LANG=C.UTF-8\n',
    'etc/profile.d/shared-usr.sh': renderHints(),
    // Else systemd would take the first boot for one after an upgrade, and make users and caches again in each zone.
    'etc/.updated': '',
    'var/.updated': '',
  },
  links: {
    ...debian13.links,
    'etc/systemd/system/timers.target.wants/dpkg-db-backup.timer': '',
    ...Object.fromEntries(masked.map((unit) => [`etc/systemd/system/${unit}`, '/dev/null'])),
  },
}

/** Whoever types the name of a package tool is told why it is of no use. */
function renderHints(): string {
  const told = sharedUsr.replaceAll('\n', ' ').trim()
  return packageTools.map((tool) => `alias ${tool}="echo \\"${told}\\" >&2; false"\n`).join('')
}
