import type { Tool } from '../command.ts'

export const tool: Tool = {
  name: 'nictagadm',
  summary: 'Manages nic tags, the named networks that nics are attached to',
  commands: [
    { name: 'add', summary: 'Adds a nic tag', load: () => import('./add.ts') },
    { name: 'delete', summary: 'Removes a nic tag', load: () => import('./delete.ts') },
    { name: 'exists', summary: 'Tells by its exit code whether nic tags exist', load: () => import('./exists.ts') },
    { name: 'list', summary: 'Lists nic tags', load: () => import('./list.ts') },
    { name: 'vms', summary: 'Lists the UUIDs of the machines that use a nic tag', load: () => import('./vms.ts') },
  ],
  renderFailure: (failure) => `Error: ${failure.message}`,
}
