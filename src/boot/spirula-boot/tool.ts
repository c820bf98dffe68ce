import type { Tool } from '../../cli/command.ts'

export const tool: Tool = {
  name: 'spirula-boot',
  summary: 'Does what a node does at boot; its units call it',
  commands: [
    { name: 'start', summary: 'Imports the pool and applies the settings of this node', load: () => import('./start.ts') },
    { name: 'setup', summary: 'Asks what a new node needs to know, and sets it up', load: () => import('./setup.ts') },
    { name: 'health', summary: 'Checks this boot; keeps or gives up the platform image', load: () => import('./health.ts') },
    { name: 'images', summary: 'Installs the guest images that are part of the platform', load: () => import('../images/command.ts') },
    { name: 'status', summary: 'Prints what came of this boot', load: () => import('./status.ts') },
    { name: 'keep-password', summary: "Keeps root's password of this boot for later ones", load: () => import('./keep-password.ts') },
    { name: 'crash', summary: 'Shows what the kernel said when it last died', load: () => import('../crash/command.ts') },
    { name: 'factoryreset', summary: 'Has the next boot destroy the system pool', load: () => import('./factoryreset.ts') },
    { name: 'custom', summary: 'Shows, checks and applies what is declared in /usbkey/custom.json', load: () => import('../custom/command.ts') },
    { name: 'package', summary: 'Adds Debian packages to the global zone, to stay', load: () => import('../package/command.ts') },
  ],
}
