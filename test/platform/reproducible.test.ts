import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { PlatformManifest } from '#contracts/platform/manifest.ts'
import { platformFiles } from '#contracts/platform/names.ts'
import { command } from '../bench/command.ts'
import { openLab } from './lab.ts'

const lab = await openLab()
const root = join(import.meta.dirname, '../..')
const built = join(lab.directory, 'images')
const directory = join(built, `platform-${lab.first.stamp}`)

test('the image says what it is made of, and its checksums are right', async () => {
  const manifest = PlatformManifest.parse(JSON.parse(readFileSync(join(directory, platformFiles.manifest), 'utf8')))
  assert.equal(manifest.stamp, lab.first.stamp)
  for (const name of ['crun', 'nftables', 'openssh-server', 'qemu-system-x86', 'zfsutils-linux', 'zfs-dkms']) {
    assert.ok(
      manifest.packages.some((one) => one.name === name),
      name,
    )
  }
  await command(['/bin/sh', '-ec', 'cd "$1" && sha256sum --quiet --check SHA256SUMS', 'sh', directory])
  await command(['/bin/sh', '-ec', 'cd "$1" && sha256sum --quiet --check SHA256SUMS', 'sh', built])
  const sbom = JSON.parse(readFileSync(join(directory, platformFiles.sbom), 'utf8')) as { components: unknown[] }
  assert.ok(sbom.components.length > manifest.packages.length)
})

test('the image is no bigger than promised', async () => {
  const { size } = await stat(join(directory, platformFiles.archive))
  console.log(`sizes: boot_archive ${(size / 1e6).toFixed(1)} MB`)
  assert.ok(size <= 220e6, `${size} bytes`)
})

test('a second build from nothing but the same versions gives the same files, byte by byte', async (t) => {
  const output = join(lab.directory, 'again')
  t.after(() => rm(output, { recursive: true, force: true }))
  await command([process.execPath, join(root, 'src/platform/main.ts'), 'build', '--fresh', '--stamp', lab.first.stamp, '--output', output])
  const trees = [built, output].map((place) => readFileSync(join(place, `tree-${lab.first.stamp}.txt`), 'utf8').split('\n'))
  const differing = trees[0]!.filter((line) => !trees[1]!.includes(line))
  assert.deepEqual(differing.slice(0, 20), [])
  assert.equal(trees[0]!.length, trees[1]!.length)
  for (const sums of ['SHA256SUMS', `platform-${lab.first.stamp}/SHA256SUMS`]) {
    assert.ok(existsSync(join(output, sums)))
    assert.equal(readFileSync(join(output, sums), 'utf8'), readFileSync(join(built, sums), 'utf8'))
  }
})
