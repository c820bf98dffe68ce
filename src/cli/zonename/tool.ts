import type { Tool } from '../command.ts'

export const tool: Tool = {
  name: 'zonename',
  summary: 'Prints the name of a zone',
  commands: [],
  root: { name: 'zonename', summary: 'Prints the name of the zone this runs in, or of the zone with a number', load: () => import('./print.ts') },
}
