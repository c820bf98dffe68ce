import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAptAccess, parseMirror, renderSources } from './mirror.ts'

test('the mirror is taken from apt, security apart', () => {
  const text =
    'Debian|bookworm|oldstable|main|http://mirror.test/debian/\nDebian-Security|bookworm-security|oldstable-security|main|http://mirror.test/security/\n'
  assert.deepEqual(parseMirror(text), { archive: 'http://mirror.test/debian', security: 'http://mirror.test/security' })
})

test('foreign archives and other components are passed over', () => {
  assert.equal(parseMirror('Other|nodistro|nodistro|main|http://other.test/\nDebian|bookworm|oldstable|contrib|http://mirror.test/debian/\n'), null)
  assert.equal(parseMirror(''), null)
})

test('before the first update apt names no labels', () => {
  const text = '$(LABEL)|$(CODENAME)|bookworm-security|main|http://mirror.test/security/\n$(LABEL)|$(CODENAME)|bookworm|main|http://mirror.test/debian/\n'
  assert.deepEqual(parseMirror(text), { archive: 'http://mirror.test/debian', security: 'http://mirror.test/security' })
})

test('sources name suite, updates and security', () => {
  assert.deepEqual(renderSources({ archive: 'http://m.test/d', security: 'http://m.test/s' }, 'trixie', '/k.gpg'), [
    'deb [signed-by=/k.gpg] http://m.test/d trixie main',
    'deb [signed-by=/k.gpg] http://m.test/d trixie-updates main',
    'deb [signed-by=/k.gpg] http://m.test/s trixie-security main',
  ])
})

test('only the way to the mirror is handed on', () => {
  const text =
    'APT::Architecture "amd64";\nAcquire::http::Proxy "http://proxy.test:3128";\nAcquire::https::CaInfo "/etc/ssl/ca.pem";\nAcquire::Languages "none";\n'
  assert.deepEqual(parseAptAccess(text), ['Acquire::http::Proxy "http://proxy.test:3128";', 'Acquire::https::CaInfo "/etc/ssl/ca.pem";'])
})
