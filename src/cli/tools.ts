import type { Tool } from './command.ts'

/** The programs in this one, each loaded only when it is called. */
export const tools: Readonly<Record<string, () => Promise<{ tool: Tool }>>> = {
  vmadm: () => import('./vmadm/tool.ts'),
  zlogin: () => import('./zlogin/tool.ts'),
  zoneadm: () => import('./zoneadm/tool.ts'),
  zonename: () => import('./zonename/tool.ts'),
  sysinfo: () => import('./sysinfo/tool.ts'),
  nictagadm: () => import('./nictagadm/tool.ts'),
  imgadm: () => import('./imgadm/tool.ts'),
  spirula: () => import('./spirula/tool.ts'),
}

/**
 * Which tool is meant, and its words: by the name the program was called by (a link `vmadm` to it), else
 * by the first argument (`node main.js vmadm list`).
 */
export function chooseTool(program: string, words: readonly string[]): { name: string; words: readonly string[] } {
  const base = program.slice(program.lastIndexOf('/') + 1)
  if (Object.hasOwn(tools, base)) return { name: base, words }
  const [first = '', ...rest] = words
  return { name: first, words: rest }
}
