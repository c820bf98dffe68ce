import type { ToolTable } from './command.ts'

/** The programs in this one, each loaded only when it is called. */
export const tools: ToolTable = {
  vmadm: () => import('./vmadm/tool.ts'),
  zlogin: () => import('./zlogin/tool.ts'),
  zoneadm: () => import('./zoneadm/tool.ts'),
  zonename: () => import('./zonename/tool.ts'),
  sysinfo: () => import('./sysinfo/tool.ts'),
  nictagadm: () => import('./nictagadm/tool.ts'),
  imgadm: () => import('./imgadm/tool.ts'),
  spirula: () => import('./spirula/tool.ts'),
}
