import assert from 'node:assert/strict'
import { chmod, mkdtemp, mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { PlatformManifest } from '#contracts/platform/manifest.ts'
import { stampPattern } from '#contracts/platform/names.ts'
import { zoneUserlandPackages } from '../../image/profiles/zone-userland.ts'
import { renderStamp } from './command.ts'
import { listSystemPackages } from './packages.ts'
import { parsePackageUris } from './resolve.ts'
import { parseBundledPackages, renderSbom } from './sbom.ts'
import { hashTree, listTree } from './tree-list.ts'
import { renderTreeArgv } from './tree.ts'

const hash = 'ab'.repeat(32)

test("apt's list of files gives names, versions with their epoch, sizes and hashes, by name", () => {
  const text = [
    'NOTE: something for people',
    `'http://mirror.test/pool/z/zlib_1.3_amd64.deb' zlib1g_1%3a1.3.dfsg+really1.3.1-1+b1_amd64.deb 88928 SHA256:${hash}`,
    `'http://mirror.test/pool/b/base_13%2bdeb_all.deb' base-files_13.8+deb13u8_amd64.deb 88324 SHA256:${hash}`,
    '',
  ].join('\n')
  assert.deepEqual(parsePackageUris(text), [
    { name: 'base-files', version: '13.8+deb13u8', size: 88_324, sha256: hash },
    { name: 'zlib1g', version: '1:1.3.dfsg+really1.3.1-1+b1', size: 88_928, sha256: hash },
  ])
  assert.throws(() => parsePackageUris(`'http://mirror.test/x.deb' x_1_amd64.deb 5 MD5Sum:00`), /names no package/)
})

test('the system has every package of the zone userland, once and in order', () => {
  const packages = listSystemPackages(zoneUserlandPackages)
  assert.deepEqual(packages, [...new Set(packages)].toSorted())
  for (const name of zoneUserlandPackages) assert.ok(packages.includes(name), name)
})

test('mmdebstrap gets the recipe’s packages and options before suite, target and sources', () => {
  const recipe = { name: 'system', packages: ['crun', 'udev'], resolved: [], options: ['--essential-hook=true'] }
  const argv = renderTreeArgv(recipe, { sources: ['deb a b c'], options: ['Acquire::http::Proxy "p";'] }, '/t.tar')
  assert.deepEqual(argv.slice(-4), ['--essential-hook=true', 'trixie', '/t.tar', 'deb a b c'])
  assert.ok(argv.includes('--include=crun,udev'))
  assert.ok(argv.includes('--aptopt=Acquire::http::Proxy "p";'))
})

test('the list of a tree tells content, mode, target and time of each thing, and nothing else', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tree-'))
  t.after(() => rm(directory, { recursive: true }))
  const make = async (name: string, text: string): Promise<string> => {
    const root = join(directory, name)
    await mkdir(join(root, 'etc'), { recursive: true })
    await writeFile(join(root, 'etc/file'), text)
    await symlink('file', join(root, 'etc/link'))
    await symlink('/usr', join(root, 'etc/out'))
    for (const path of ['etc/file', 'etc', '']) await utimes(join(root, path), 1000, 1000)
    return root
  }
  const withoutLinkTime = (lines: string[]): string[] => lines.filter((line) => !/^\/etc\/(link|out)/.test(line))
  const [a, b, other] = [await make('a', 'text'), await make('b', 'text'), await make('other', 'Text')]
  assert.deepEqual(withoutLinkTime(await listTree(a)), withoutLinkTime(await listTree(b)))
  assert.notDeepEqual(await listTree(a), await listTree(other))
  assert.deepEqual(
    (await listTree(a)).map((line) => line.split(' ')[0]),
    ['/', '/etc', '/etc/file', '/etc/link', '/etc/out'],
  )
  assert.ok(PlatformManifest.shape.tree.safeParse(hashTree(await listTree(a))).success)
  assert.match(
    (await listTree(a)).find((line) => line.startsWith('/etc/link'))!,
    / file$/,
  )
  await chmod(join(b, 'etc/file'), 0o600)
  assert.notDeepEqual(withoutLinkTime(await listTree(a)), withoutLinkTime(await listTree(b)))
})

const manifest: PlatformManifest = {
  v: 1,
  stamp: '20261123T120000Z',
  version: '0.1.0',
  commit: null,
  kernel: '6.12',
  zfs: '2.3.9',
  node: '26.10.0',
  packages: [{ name: 'libc6', version: '2.41-12+deb13u5', size: 5, sha256: hash }],
}

test('the bill of materials names each package by its purl, and is the same each time', () => {
  const bundled = parseBundledPackages(
    JSON.stringify({
      packages: {
        '': { version: '1' },
        'node_modules/pino': { version: '10.4.0', integrity: 'sha512-AAEC' },
        'node_modules/oxlint': { version: '1', dev: true },
      },
    }),
  )
  const sbom = renderSbom(manifest, bundled) as { serialNumber: string; metadata: { timestamp: string }; components: { purl: string; hashes?: object[] }[] }
  assert.deepEqual(
    sbom.components.map((component) => component.purl),
    ['pkg:deb/debian/libc6@2.41-12%2Bdeb13u5?arch=amd64&distro=trixie', 'pkg:generic/node@26.10.0', 'pkg:npm/pino@10.4.0'],
  )
  assert.deepEqual(sbom.components[2]!.hashes, [{ alg: 'SHA-512', content: '000102' }])
  assert.equal(sbom.metadata.timestamp, '2026-11-23T12:00:00Z')
  assert.match(sbom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.deepEqual(renderSbom(manifest, bundled), sbom)
})

test('a stamp is the UTC time to the second', () => {
  const stamp = renderStamp(new Date('2026-11-23T01:02:03.456Z'))
  assert.equal(stamp, '20261123T010203Z')
  assert.match(stamp, stampPattern)
})
