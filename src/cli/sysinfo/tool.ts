import type { Tool } from '../command.ts'

export const tool: Tool = {
  name: 'sysinfo',
  summary: 'Prints facts about this node',
  commands: [],
  root: { name: 'sysinfo', summary: 'Prints facts about this node as JSON', load: () => import('./print.ts') },
}
