import type { Tool } from '../../cli/command.ts'

export const tool: Tool = {
  name: 'piadm',
  summary: 'Manages the platform images of this node and what it boots',
  options: [{ long: 'verbose', short: 'v', summary: 'Prints each step on standard output' }],
  commands: [
    { name: 'avail', summary: 'Lists the images on the server', load: () => import('./avail.ts') },
    { name: 'list', summary: 'Lists installed images, the running one and the next one', load: () => import('./list.ts') },
    { name: 'install', summary: 'Installs an image', load: () => import('./install.ts') },
    { name: 'activate', aliases: ['assign'], summary: 'Has the next boot take an image', load: () => import('./activate.ts') },
    { name: 'remove', aliases: ['destroy'], summary: 'Removes an image', load: () => import('./remove.ts') },
    { name: 'bootable', summary: 'Shows and sets whether the disks of the pool can be booted from', load: () => import('./bootable.ts') },
    { name: 'update', summary: 'Refreshes loader, menu and images on the disks', load: () => import('./update.ts') },
    { name: 'sync', summary: 'Repairs the boot partitions, after a disk was replaced', load: () => import('./sync.ts') },
    { name: 'usb', summary: 'Upgrades a USB medium in place', load: () => import('./usb.ts') },
    { name: 'reboot', summary: 'Restarts the node into the next image', load: () => import('./reboot.ts') },
  ],
  exit_codes: '1 usage, or nothing was changed; 2 failed part-way; 3 a boot partition was left half changed: repair it before the next reboot',
  exitOf: () => 1,
}
