import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

interface Locked {
  version?: string
  optionalDependencies?: Record<string, string>
}

const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }

// npm leaves entries out that its registry does not have when the file is made (a mirror without the parts for
// foreign systems), and npm 11 then refuses the whole file on a fresh clone.
test('the lock file names every optional part of every package', () => {
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.entries(optionalDependencies))
  assert.ok(wanted.length > 50)
  const missing = wanted.filter(([name, version]) => packages[`node_modules/${name}`]?.version !== version)
  assert.deepEqual(missing, [])
})
