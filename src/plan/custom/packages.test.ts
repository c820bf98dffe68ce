import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { KeptPackage } from '#contracts/platform/package-record.ts'
import { compareVersions, findUnmet, parseDpkgStatus } from './dependencies.ts'
import { choosePackages, neededPackages, packagesKey, parseContents, problemOfContents } from './packages.ts'

const status = `Package: libc6
Status: install ok installed
Version: 2.41-12
Provides: libc6-2.41-1

Package: gone
Status: deinstall ok config-files
Version: 1

Package: exim4
Status: install ok installed
Version: 4.98-1
Depends: libc6 (>= 2.38),
 libx
Provides: mail-transport-agent
`

function kept(name: string, depends = '', more: Partial<KeptPackage> = {}): KeptPackage {
  return { name, version: '1.0-1', architecture: 'amd64', file: `${name}.deb`, sha256: 'a'.repeat(64), depends, provides: '', ...more }
}

test('versions in the order of Debian', () => {
  const ascending = ['0.9', '1.0~rc1-1', '1.0-1', '1.0-1+deb13u1', '1.0-2', '1.0-10', '1.0a-1', '1.0+b-1', '1.10-1', '1:0.1']
  for (const [index, version] of ascending.entries()) {
    assert.equal(compareVersions(version, version), 0)
    for (const later of ascending.slice(index + 1)) {
      assert.ok(compareVersions(version, later) < 0, `${version} < ${later}`)
      assert.ok(compareVersions(later, version) > 0, `${later} > ${version}`)
    }
  }
  assert.equal(compareVersions('1.0', '1.0-0'), 0)
})

test('what the platform has, and what it does not meet', () => {
  const platform = parseDpkgStatus(status)
  assert.deepEqual(
    platform.map(({ name }) => name),
    ['libc6', 'exim4'],
  )
  assert.deepEqual(findUnmet('libc6 (>= 2.38), libc6 (<< 3), mail-transport-agent, gone | exim4', platform), [])
  assert.deepEqual(findUnmet('libc6 (>= 2.42), gone, libc6:any, mail-transport-agent (>= 1)', platform), [
    'libc6 (>= 2.42)',
    'gone',
    'mail-transport-agent (>= 1)',
  ])
})

suite('which of the kept packages are used', () => {
  const platform = parseDpkgStatus(status)
  const choose = (packages: KeptPackage[], files = packages.map(({ file }) => file)): ReturnType<typeof choosePackages> =>
    choosePackages({ record: { v: 1, packages }, platform, files: new Set(files), merged: null })

  test('all that fit, but none that the platform has itself', () => {
    const { use, problems } = choose([kept('b', 'a (= 1.0-1)'), kept('a', 'libc6'), kept('exim4')])
    assert.deepEqual(
      use.map(({ name }) => name),
      ['a', 'b'],
    )
    assert.equal(problems.size, 0)
  })

  test('one that does not fit takes those along which need it', () => {
    const { use, problems } = choose([kept('a', 'libc6 (>= 9)'), kept('b', 'a'), kept('c')])
    assert.deepEqual(
      use.map(({ name }) => name),
      ['c'],
    )
    assert.equal(problems.get('a'), 'The package a 1.0-1 needs libc6 (>= 9), which this platform has not; type: spirula-boot package add a.')
    assert.match(problems.get('b') ?? '', /needs a,/)
  })

  test('a file that is gone is told of', () => assert.match(choose([kept('a')], []).problems.get('a') ?? '', /a\.deb of the package a is gone/))

  test('the key tells sets apart', () => assert.notEqual(packagesKey([kept('a')]), packagesKey([kept('a', '', { version: '2' })])))
})

test('what the wanted ones need stays, by any name it has', () => {
  const packages = [kept('tool', 'lib-virtual | other, libc6'), kept('lib', '', { provides: 'lib-virtual (= 1)' }), kept('stale')]
  assert.deepEqual(
    neededPackages(packages, ['tool']).map(({ name }) => name),
    ['tool', 'lib'],
  )
  assert.deepEqual(neededPackages(packages, []), [])
})

test('contents of a package: files and links, with the old names below /usr', () => {
  const listing = [
    'drwxr-xr-x root/root         0 2025-01-01 10:00 ./usr/bin/',
    '-rwxr-xr-x root/root    391072 2025-01-01 10:00 ./usr/bin/htop',
    'lrwxrwxrwx root/root         0 2025-01-01 10:00 ./usr/lib/x -> ../y',
    'hrw-r--r-- root/root         0 2025-01-01 10:00 ./lib/z link to ./lib/y',
    '-rw-r--r-- root/root         1 2025-01-01 10:00 ./etc/with blank',
    '',
  ].join('\n')
  const paths = parseContents(listing)
  assert.deepEqual(paths, ['/usr/bin/htop', '/usr/lib/x', '/usr/lib/z', '/etc/with blank'])
  assert.equal(
    problemOfContents('htop', paths, () => false),
    null,
  )
  assert.equal(
    problemOfContents('htop', paths, (path) => path === '/usr/bin/htop'),
    "The package htop would replace /usr/bin/htop, which is the platform's own.",
  )
  assert.match(problemOfContents('x', ['/opt/x'], () => false) ?? '', /outside of/)
})
