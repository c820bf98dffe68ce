import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { readSourceFiles } from '../../tools/house/source-file.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

test('links between documents lead somewhere', () => {
  const pages = readSourceFiles(root).filter(({ path }) => path.endsWith('.md'))
  const broken = pages.flatMap(({ path, text }) => {
    const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target]) => target!).filter((target) => !/^[a-z]+:/.test(target))
    return targets.filter((target) => !existsSync(join(root, dirname(path), target))).map((target) => `${path} → ${target}`)
  })
  assert.ok(pages.length > 10)
  assert.deepEqual(broken, [])
})

test('decisions are numbered in a row, a page long, with all five parts', () => {
  const names = readdirSync(join(root, 'docs/adr')).toSorted()
  assert.deepEqual(
    names.map((name) => Number(name.slice(0, 4))),
    names.map((_, index) => index + 1),
  )
  for (const name of names) {
    const text = read(`docs/adr/${name}`)
    assert.ok(text.split('\n').length <= 60, `${name} is longer than a page`)
    for (const part of [/^# \d+\. /m, /^Status: /m, /^## Context$/m, /^## Options$/m, /^## Decision$/m, /^## Consequences$/m]) assert.match(text, part, name)
  }
})

test('every test that SPECIFICATION.md names is there', () => {
  const rows = read('SPECIFICATION.md')
    .split('\n')
    .filter((line) => /^\| (?!what|---)/.test(line))
  assert.ok(rows.length > 5)
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const row of rows) {
    const cells = row.split(' | ')
    assert.equal(cells.length, 3, row)
    for (const named of cells.at(-1)!.replace(/ \|$/, '').replaceAll('`', '').split(', ')) {
      const script = /^npm run (\S+)$/.exec(named)?.[1]
      assert.ok(script === undefined ? existsSync(join(root, named)) : script in scripts, `${named} is not there: ${row}`)
    }
  }
})

test('CI runs the test command of the README', () => {
  const command = /^(\.\/spirula test.*?)\s*(#.*)?$/m.exec(read('README.md'))?.[1]
  assert.ok(command !== undefined)
  assert.ok(read('.ci/run').includes(command))
})

test('each Debian package stands once, in order, with a reason', () => {
  const lines = read('src/setup/packages.txt')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const names = lines.map((line) => /^([a-z0-9.+-]+) +# \S/.exec(line)?.[1])
  assert.ok(
    names.every((name) => name !== undefined),
    lines.join('\n'),
  )
  assert.deepEqual(names, [...new Set(names)].toSorted())
})

test('the folders of the map in ARCHITECTURE.md are the folders there are', () => {
  const mapped = [...read('ARCHITECTURE.md').matchAll(/^\| `(src\/\w+)` \|/gm)].map(([, folder]) => folder!)
  const there = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}`)
  assert.deepEqual(mapped.toSorted(), there.toSorted())
})
