import type { Tool } from '#cli/command.ts'

export const tool: Tool = {
  name: 'disklayout',
  summary: 'Proposes a pool for the disks of this node',
  commands: [],
  root: { name: 'disklayout', summary: 'Prints a pool layout as JSON, for mkzpool', load: () => import('./layout.ts') },
}
