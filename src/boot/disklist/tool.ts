import type { Tool } from '#cli/command.ts'

export const tool: Tool = {
  name: 'disklist',
  summary: 'Lists the disks of this node',
  commands: [],
  root: { name: 'disklist', summary: 'Prints the names of disks in one line', load: () => import('./list.ts') },
}
