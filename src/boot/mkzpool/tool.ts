import type { Tool } from '#cli/command.ts'

export const tool: Tool = {
  name: 'mkzpool',
  summary: 'Makes a pool from a layout',
  commands: [],
  root: { name: 'mkzpool', summary: 'Makes a pool on the disks of a layout, which are erased', load: () => import('./make.ts') },
}
