import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runTool } from './command.ts'

const root = join(import.meta.dirname, '..')
const statements = (count: number, text = 'x += 1'): string => `${text}\n`.repeat(count)
let tree = ''
let output = ''

/** Rule → text that breaks it; each in a file of its own. */
const planted: Record<string, string> = {
  'max-lines': statements(401, 'export {}'),
  'max-lines-per-function': `export function f(x: number): number {\n${statements(61)}return x\n}`,
  'max-params': 'export function f(a: 1, b: 2, c: 3, d: 4, e: 5): unknown {\n  return [a, b, c, d, e]\n}',
  'max-depth': 'export function f(a: number): void {\n  if (a > 1) { if (a > 2) { if (a > 3) { if (a > 4) { console.log(a) } } } }\n}',
  'complexity': `export function f(a: number): number {\n${Array.from({ length: 13 }, (_, n) => `  if (a === ${n}) return ${n}`).join('\n')}\n  return a\n}`,
  'no-explicit-any': 'export function f(a: any): void {\n  console.log(a)\n}',
  'no-floating-promises': 'export function f(a: Promise<number>): void {\n  a.then(console.log)\n}',
  'switch-exhaustiveness-check': `export function f(a: 'x' | 'y'): void {\n  switch (a) {\n    case 'x':\n      console.log(a)\n  }\n}`,
  'only-throw-error': `export function f(): void {\n  // eslint-disable-next-line no-throw-literal\n  throw 'text'\n}`,
  'no-default-export': 'export default 1',
  'filename-case': 'export {}',
  'consistent-type-imports': `import { Stats } from 'node:fs'\nexport type A = Stats`,
}
const nameOf = (rule: string): string => (rule === 'filename-case' ? 'Camel_Case.ts' : `${rule}.ts`)

before(async () => {
  tree = mkdtempSync(join(tmpdir(), 'lint-'))
  for (const name of ['package.json', 'tsconfig.json', '.oxlintrc.json']) cpSync(join(root, name), join(tree, name))
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  mkdirSync(join(tree, 'src/node'), { recursive: true })
  for (const [rule, text] of Object.entries(planted)) writeFileSync(join(tree, 'src/node', nameOf(rule)), `${text}\n`)
  writeFileSync(join(tree, 'src/node/main.ts'), statements(121, 'export {}'))
  writeFileSync(join(tree, 'src/node/long.test.ts'), `function f(x: number): number {\n${statements(61)}return x\n}\nf(1)\n`)
  output = (await runTool([join(root, 'node_modules/.bin/oxlint'), '--type-aware', '--format=unix', 'src'], { cwd: tree })).output
})
after(() => rmSync(tree, { recursive: true, force: true }))

for (const rule of Object.keys(planted)) {
  test(`${rule} finds what was planted`, () => {
    const lines = output.split('\n').filter((line) => line.includes(`/${nameOf(rule)}:`))
    assert.ok(
      lines.some((line) => line.includes(rule)),
      lines.join('\n') || output,
    )
  })
}

test('a main.ts has 120 lines, a test any function length', () => {
  assert.match(output, /src\/node\/main\.ts:.*max-lines/)
  assert.doesNotMatch(output, /long\.test\.ts.*max-lines-per-function/)
})
