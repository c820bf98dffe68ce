import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageManifest } from '#contracts/image/manifest.ts'
import { parseApplets } from './busybox.ts'
import { renderMmdebstrap } from './debian.ts'
import { renderManifest, renderUuid5 } from './manifest.ts'
import { busybox } from './profiles/busybox.ts'
import { debian13 } from './profiles/debian-13.ts'
import { hashRecipe } from './recipe.ts'

const file = { sha1: 'a'.repeat(40), size: 5, published_at: '2026-01-01T00:00:00.000Z' }

test('a UUID of version 5 is that of RFC 9562, appendix A.4', () => {
  assert.equal(renderUuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com'), '2ed6657d-e927-568b-95e1-2665a8aea6a2')
})

test('manifests keep the schema, and the UUID follows the content', () => {
  for (const recipe of [busybox, debian13]) {
    const manifest = renderManifest(recipe, file)
    assert.deepEqual(ImageManifest.parse(manifest), manifest)
    assert.equal(renderManifest(recipe, { ...file, published_at: '2027-01-01T00:00:00.000Z' }).uuid, manifest.uuid)
    assert.notEqual(renderManifest(recipe, { ...file, sha1: 'b'.repeat(40) }).uuid, manifest.uuid)
  }
})

test('the hash of a recipe does not hang on the order of keys, but on every value', () => {
  const { name, ...rest } = busybox
  assert.equal(hashRecipe({ ...rest, name }), hashRecipe(busybox))
  assert.notEqual(hashRecipe({ ...busybox, files: { ...busybox.files, 'etc/rc': '#!/bin/sh\n' } }), hashRecipe(busybox))
})

test('applets become links, busybox itself does not', () => {
  assert.deepEqual(parseApplets('bin/busybox\nbin/sh\nusr/sbin/ip\nlinuxrc\nsbin/init\n'), ['bin/sh', 'usr/sbin/ip', 'sbin/init'])
})

test('mmdebstrap gets suite, target and sources last, and removals before links', () => {
  const recipe = { ...debian13, packages: ['systemd'], excludes: [], links: { 'etc/a.timer': '/dev/null', 'etc/gone': '' } }
  const argv = renderMmdebstrap(recipe, { overlay: '/o', archive: '/t.tar', access: ['Acquire::http::Proxy "p";'], sources: ['deb x y z'] })
  assert.deepEqual(argv.slice(-3), ['trixie', '/t.tar', 'deb x y z'])
  assert.deepEqual(
    argv.filter((word) => word.includes('/etc')),
    [
      '--customize-hook=rm -f "$1"/etc/a.timer',
      '--customize-hook=mkdir -p "$1"/etc',
      '--customize-hook=ln -s /dev/null "$1"/etc/a.timer',
      '--customize-hook=rm -f "$1"/etc/gone',
      '--customize-hook=rm -f "$1"/etc/hostname "$1"/etc/ssh/ssh_host_*_key*',
    ],
  )
  assert.ok(argv.includes('--aptopt=Acquire::http::Proxy "p";'))
})
