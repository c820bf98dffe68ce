import type { Recipe } from '../recipe.ts'
import { debian13 } from './debian-13.ts'

/** As `debian-13`, but set up by cloud-init: for people who bring their user-data, and for the test of the seed. */
export const debian13CloudInit: Recipe = {
  ...debian13,
  name: 'debian-13-cloud-init',
  description: 'Debian 13 (trixie), minimal, with systemd, ssh and cloud-init',
  min_ram: 256,
  packages: [...debian13.packages, 'cloud-init'],
}
