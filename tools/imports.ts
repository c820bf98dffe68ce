import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export interface ImportReport {
  ok: boolean
  modules: number
  text: string
}

/**
 * Runs dependency-cruiser over a tree. Fails also when it saw too few modules: without a compiler it can
 * use it finds none and is content (that is why `typescript` is an alias of version 6 here).
 */
export function checkImports(root: string, options: { config: string; atLeast: number }): ImportReport {
  const program = join(import.meta.dirname, '../node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const folders = ['src', 'tools', 'test'].filter((folder) => existsSync(join(root, folder)))
  const argv = [program, '--config', options.config, '--output-type', 'err-long', '--no-cache', ...folders]
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...process.env, NO_COLOR: '1' },
  })
  const modules = Number(/(\d+) modules/.exec(stdout)?.[1] ?? 0)
  const few = modules < options.atLeast ? `Only ${modules} modules were seen, fewer than ${options.atLeast}: the checker is blind.\n` : ''
  return { ok: status === 0 && few === '', modules, text: `${stdout}${stderr}${few}` }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const report = checkImports(root, { config: join(root, '.dependency-cruiser.mjs'), atLeast: 100 })
  if (!report.ok) console.error(report.text)
  console.log(`${report.modules} modules`)
  process.exitCode = report.ok ? 0 : 1
}
