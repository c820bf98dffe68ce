import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { patience } from './patience.ts'

/**
 * True when this process is alone in its network: nothing but `lo` there. Else the
 * file is run once more in fresh mount and network namespaces, as one test, and false is returned.
 */
export function isInOwnNetwork(file: string): boolean {
  const links = readFileSync('/proc/self/net/dev', 'utf8').trim().split('\n').slice(2)
  const fresh = links.every((line) => line.trim().startsWith('lo:'))
  if (fresh) return true
  test(`${file} in a network of its own`, () => {
    const argv = ['--mount', '--propagation=slave', '--net', '--', process.execPath, '--test-reporter=spec', file]
    const result = spawnSync('unshare', argv, { encoding: 'utf8', timeout: 120_000 * patience, env: { PATH: process.env['PATH'] } })
    if (result.status !== 0) throw new Error(`${result.stdout}\n${result.stderr}`)
  })
  return false
}
