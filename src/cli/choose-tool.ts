import type { ToolTable } from './command.ts'

/**
 * Which tool of a bundle is meant, and its words: by the name the program was called by (a link `vmadm` to it), else
 * by the first argument (`node main.js vmadm list`).
 */
export function chooseTool(tools: ToolTable, program: string, words: readonly string[]): { name: string; words: readonly string[] } {
  const base = program.slice(program.lastIndexOf('/') + 1)
  if (Object.hasOwn(tools, base)) return { name: base, words }
  const [first = '', ...rest] = words
  return { name: first, words: rest }
}
