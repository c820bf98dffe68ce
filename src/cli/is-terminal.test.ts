import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { isTerminal } from './is-terminal.ts'

test('files, /dev/null and closed descriptors are no terminals', () => {
  for (const path of ['/dev/null', '/dev/zero', '/etc/hostname']) {
    const fd = openSync(path, 'r')
    assert.equal(isTerminal(fd), false, path)
    closeSync(fd)
    assert.equal(isTerminal(fd), false)
  }
})

test('a terminal is one', () => {
  // script(1) gives its command a terminal.
  const program = `import { isTerminal } from ${JSON.stringify(new URL('is-terminal.ts', import.meta.url).href)}; console.log([isTerminal(0), isTerminal(1)].join())`
  const { stdout } = spawnSync('script', ['-qec', `'${process.execPath}' --input-type=module -e '${program}'`, '/dev/null'], { encoding: 'utf8' })
  assert.match(stdout, /true,true/)
})
