import type { Recipe } from '../recipe.ts'
import { debian13 } from './debian-13.ts'
import { zoneUserlandGroups, zoneUserlandLinks, zoneUserlandPackages } from './zone-userland.ts'

/** The least tree that can be a daemon's `--platform`: what tests take for the platform, whose image has all of this and more. */
export const userland13: Recipe = {
  ...debian13,
  name: 'userland-13',
  description: 'Programs of sparse zones, as the platform has them (Debian 13)',
  packages: zoneUserlandPackages,
  groups: zoneUserlandGroups,
  files: { 'etc/machine-id': '', 'etc/spirula/platform.json': '{ "stamp": "20261101T000000Z" }\n' },
  links: zoneUserlandLinks,
}
