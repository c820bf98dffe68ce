import { join } from 'node:path'
import { ensureDirectory, readTextFile, writeFileAtomic } from '#host/fs/atomic.ts'

/** The tools of a node, by the names SmartOS users know, and our own. */
export const commandNames = ['vmadm', 'imgadm', 'nictagadm', 'zlogin', 'zoneadm', 'zonename', 'sysinfo', 'spirula'] as const

/**
 * A command that starts the bundle with the pinned Node. A shell of one line costs a millisecond; a
 * `#!` line cannot name a program and its arguments apart.
 */
export function renderCommand(name: string, paths: { node: string; root: string }): string {
  const start = `exec ${quote(paths.node)} ${quote(join(paths.root, 'dist/cli/main.js'))} ${name} "$@"`
  if (name !== 'spirula') return `#!/bin/sh\n${start}\n`
  // The verbs that set up and tear down are the checkout's own script.
  const script = `exec ${quote(join(paths.root, 'spirula'))} "$@"`
  return `#!/bin/sh\ncase \${1:-} in up | down | status | logs | test | build) ${script} ;; esac\n${start}\n`
}

function quote(text: string): string {
  return `'${text.replaceAll(`'`, `'\\''`)}'`
}

/** Puts the commands into a directory of the search path; gives the names of those that were written. */
export async function ensureCommands(directory: string, paths: { node: string; root: string }): Promise<string[]> {
  await ensureDirectory(directory)
  const written: string[] = []
  for (const name of commandNames) {
    const path = join(directory, name)
    const text = renderCommand(name, paths)
    if ((await readTextFile(path)) === text) continue
    await writeFileAtomic(path, text, { mode: 0o755, durable: false })
    written.push(name)
  }
  return written
}
