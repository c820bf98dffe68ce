import assert from 'node:assert/strict'
import { test } from 'node:test'
import { houseRules } from './rules.ts'
import { stripComments } from './source-file.ts'

const root = '/some/checkout'
const readme = { path: 'src/node/README.md', text: 'map\n' }

function findingsOf(name: string, path: string, text: string): string[] {
  const rule = houseRules.find((one) => one.name === name)!
  return rule.find([{ path, text }, readme], root).map((finding) => `${finding.path}: ${finding.message}`)
}

const planted = [
  { rule: 'fs-writes', path: 'src/node/a.ts', text: `import { readFile, writeFile } from 'node:fs/promises'`, says: /writeFile/ },
  { rule: 'fs-writes', path: 'src/node/a.ts', text: `import {\n  rmSync as gone,\n} from "fs"`, says: /rmSync/ },
  { rule: 'fs-writes', path: 'src/node/a.ts', text: `import * as fs from 'node:fs'`, says: /all of node:fs/ },
  { rule: 'fs-writes', path: 'src/host/btrfs/a.ts', text: `import { rename, writeFile } from 'node:fs/promises'`, says: /imports writeFile/ },
  { rule: 'process-use', path: 'src/node/a.ts', text: 'const home = process.env.HOME', says: /process\.env/ },
  { rule: 'process-use', path: 'src/node/a.ts', text: 'process.exit(1)', says: /process\.exit/ },
  { rule: 'foreign-places', path: 'docs/a.md', text: ['see https://registry', 'npmjs', 'org/x'].join('.'), says: /registry host/ },
  { rule: 'foreign-places', path: 'docs/a.md', text: `cd ${root}/src`, says: /checkout/ },
  { rule: 'folder-readme', path: 'src/plan/a.ts', text: '', says: /no README/ },
  { rule: 'folder-readme', path: 'src/plan/README.md', text: 'line\n'.repeat(31), says: /31 lines/ },
  { rule: 'vague-names', path: 'src/node/utils.ts', text: '', says: /utils/ },
  { rule: 'vague-names', path: 'src/node/helpers/a.ts', text: '', says: /helpers/ },
  { rule: 'banned-forms', path: 'src/node/a.ts', text: 'export const add = (a: number): number => a', says: /arrow/ },
  { rule: 'banned-forms', path: 'src/node/a.ts', text: 'export enum State { on }', says: /enum/ },
  { rule: 'banned-forms', path: 'src/node/a.ts', text: `export * from './b.ts'`, says: /barrel/ },
]

for (const { rule, path, text, says } of planted) {
  test(`${rule} finds ${JSON.stringify(text.slice(0, 40))} in ${path}`, () => {
    const found = findingsOf(rule, path, text)
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0]!, says)
  })
}

test('every rule has a planted violation', () => {
  assert.deepEqual([...new Set(planted.map(({ rule }) => rule))].toSorted(), houseRules.map(({ name }) => name).toSorted())
})

test('the exemptions hold', () => {
  assert.deepEqual(findingsOf('fs-writes', 'src/host/fs/atomic.ts', `import { rename } from 'node:fs/promises'`), [])
  assert.deepEqual(findingsOf('fs-writes', 'src/node/a.ts', `import { readFile } from 'node:fs/promises'`), [])
  assert.deepEqual(findingsOf('process-use', 'src/node/main.ts', 'process.exit(1)'), [])
  assert.deepEqual(findingsOf('process-use', 'src/node/a.ts', 'process.exitCode = 1 // not process.exit'), [])
})

test('comments go, strings stay', () => {
  assert.equal(stripComments(`a('// no') // yes\n/* yes */ b("/*")`), `a('// no') \n b("/*")`)
})
