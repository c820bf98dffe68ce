import type { Recipe } from '#image/recipe.ts'

/** Where QEMU comes from when the machine has none that can be trusted: nothing of it is installed here. */
export const emulatorRecipe: Recipe = {
  name: 'emulator',
  version: '1',
  description: 'QEMU of Debian 13',
  maker: 'debian',
  min_ram: 0,
  suite: 'trixie',
  packages: ['qemu-system-x86', 'ovmf', 'ipxe-qemu'],
  excludes: ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/lintian/*'],
  files: {},
  links: {},
}
