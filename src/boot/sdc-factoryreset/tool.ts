import type { Tool } from '../../cli/command.ts'

export const tool: Tool = {
  name: 'sdc-factoryreset',
  summary: "Has the next boot destroy the system pool; SmartOS's name of spirula-boot factoryreset",
  commands: [],
  root: { name: 'sdc-factoryreset', summary: 'Has the next boot destroy the system pool', load: () => import('../spirula-boot/factoryreset.ts') },
}
