import type { ToolTable } from '../cli/command.ts'

/** The tools of a node that work without its daemon, each loaded only when it is called. */
export const tools: ToolTable = {
  'piadm': () => import('./piadm/tool.ts'),
  'disklayout': () => import('./disklayout/tool.ts'),
  'disklist': () => import('./disklist/tool.ts'),
  'mkzpool': () => import('./mkzpool/tool.ts'),
  'sdc-factoryreset': () => import('./sdc-factoryreset/tool.ts'),
  'spirula-boot': () => import('./spirula-boot/tool.ts'),
}
