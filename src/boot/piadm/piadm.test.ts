import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { readEnvironmentBlock, writeEnvironmentBlock } from '#host/boot/environment.ts'
import { readImages } from '#host/boot/images.ts'
import { decideBoot } from '#plan/boot/decide.ts'
import { parseEnvironment, renderEnvironment } from '#plan/boot/environment.ts'
import { serveDirectory } from '../../../test/platform/serve.ts'
import type { Cli } from '../../cli/command.ts'
import { activateImage } from './activate.ts'
import { createFakeBootHost, createFakeImage, type FakeBootHost } from './boot-host-fake.ts'
import { copyToDisks, installImage } from './install.ts'
import { makeBootable } from './make-bootable.ts'
import { markHealthy, readGood } from './mark-healthy.ts'
import { removeEverywhere } from './remove.ts'
import { listImages, renderRow } from './render-list.ts'
import { silentReporter } from './reporter.ts'
import { reportOutcomes, type Session } from './session.ts'
import { kindOfSource } from './source.ts'
import { parseIndex } from './server.ts'
import { readSurvey, wholeOf } from './survey.ts'
import { syncDisks } from './sync.ts'

const a = '20261101T000000Z'
const b = '20261102T000000Z'
const c = '20261103T000000Z'
const disks = ['disk0', 'disk1']

let host: FakeBootHost
let session: Session
let said = ''
const cli = { out: (text: string) => (said += text), err: (text: string) => (said += text) } as unknown as Cli

beforeEach(async () => {
  host = await createFakeBootHost(disks, a)
  session = { host, reporter: silentReporter, dryRun: false }
  said = ''
  await createFakeImage(host.store, a)
  assert.deepEqual(problemsOf(await makeBootable(host, { reporter: silentReporter, env: {}, dryRun: false })), [])
})
afterEach(async () => await rm(host.top, { recursive: true }))

function problemsOf(outcomes: readonly { problem: string | null }[]): string[] {
  return outcomes.flatMap(({ problem }) => problem ?? [])
}

async function environmentOf(disk: string): Promise<BootEnvironment> {
  return parseEnvironment(await readEnvironmentBlock(join(host.top, disk))).environment
}

async function wholeOn(disk: string): Promise<string[]> {
  return wholeOf(await readImages(join(host.top, disk)))
}

async function installFrom(stamp: string): Promise<void> {
  const outside = join(host.top, 'outside')
  const directory = await createFakeImage(outside, stamp)
  assert.equal(await installImage(session, directory, {}), stamp)
}

test('the first boot makes each disk bootable', async () => {
  for (const disk of disks) {
    assert.deepEqual(await environmentOf(disk), { default: a, good: a, tries: 0 })
    assert.deepEqual(await wholeOn(disk), [a])
    assert.equal(await readFile(join(host.top, disk, 'boot/grub/medium.cfg'), 'utf8'), 'set spirula_medium=disk\n')
    assert.ok(existsSync(join(host.top, disk, 'EFI/BOOT/BOOTX64.EFI')))
  }
})

test('a node that was booted over the network fetches its image from there', async () => {
  const served = join(host.top, 'served')
  await createFakeImage(served, b)
  const server = await serveDirectory(served)
  try {
    host.running = { stamp: b, medium: 'pxe', failed: '', url: `http://127.0.0.1:${server.port}/platform-${b}` }
    assert.deepEqual(problemsOf(await makeBootable(host, { reporter: silentReporter, env: {}, dryRun: false })), [])
  } finally {
    await server.close()
  }
  for (const disk of disks) assert.ok((await wholeOn(disk)).includes(b))
})

test('install, activate, a healthy boot: the image is the good one everywhere', async () => {
  await installFrom(b)
  await copyToDisks(session)
  for (const disk of disks) assert.deepEqual(await environmentOf(disk), { default: a, good: a, tries: 0 })
  assert.equal(await activateImage(session, b, cli), 0)
  for (const disk of disks) assert.deepEqual(await environmentOf(disk), { default: b, good: a, tries: 2 })
  assert.equal(await readGood(host), a)
  assert.deepEqual((await markHealthy(b, host)).marked.length, 2)
  for (const disk of disks) assert.deepEqual(await environmentOf(disk), { default: b, good: b, tries: 0 })
})

test('after a fallback all disks forget the trial', async () => {
  await installFrom(b)
  await activateImage(session, b, cli)
  host.running.failed = b
  await markHealthy(a, host)
  for (const disk of disks) assert.deepEqual(await environmentOf(disk), { default: a, good: a, tries: 0, failed: b })
})

test('a disk that does not answer keeps neither the others nor the note from being done', async () => {
  await installFrom(b)
  host.broken.add('disk0')
  assert.equal(await activateImage(session, b, cli), 2)
  assert.match(said, /disk0 does not answer/)
  assert.deepEqual(await environmentOf('disk1'), { default: b, good: a, tries: 2 })
  const result = await markHealthy(b, host)
  assert.deepEqual([result.marked.length, result.failed.length], [1, 1])
  host.broken.add('disk1')
  await assert.rejects(markHealthy(b, host), /No boot file system took the note/)
})

test('a replaced disk is brought to what the others are', async () => {
  await installFrom(b)
  await activateImage(session, b, cli)
  await rm(join(host.top, 'disk0'), { recursive: true })
  await mkdir(join(host.top, 'disk0'))
  assert.deepEqual(problemsOf(await syncDisks(session)), [])
  assert.deepEqual(await environmentOf('disk0'), { default: b, good: a, tries: 2 })
  assert.deepEqual(await wholeOn('disk0'), [a, b])
  assert.deepEqual(
    (await syncDisks(session)).map(({ steps }) => steps),
    [[], []],
  )
})

test('a copy that is broken off leaves the disk bootable, and the next run finishes it', async () => {
  await installFrom(b)
  const stop = { ...silentReporter, bytes: () => host.controller.abort(new Error('power cut')) }
  const outcomes = await syncDisks({ host, dryRun: false, reporter: stop })
  assert.equal(outcomes[0]?.part_way, true)
  assert.equal(reportOutcomes(cli, outcomes, { dryRun: false, alreadyChanged: false }), 3)
  assert.deepEqual(await wholeOn('disk0'), [a])
  assert.equal(decideBoot(await environmentOf('disk0'), await wholeOn('disk0')).stamp, a)
  const again = { ...host, context: { ...host.context, signal: new AbortController().signal } }
  assert.deepEqual(problemsOf(await syncDisks({ host: again, dryRun: false, reporter: silentReporter })), [])
  assert.deepEqual(await wholeOn('disk0'), [a, b])
})

test('an image is not installed twice, and not when it is not what it says', async () => {
  await assert.rejects(installFrom(a), /last good image; it is never written over/)
  const bad = await createFakeImage(join(host.top, 'bad'), c)
  await writeFile(join(bad, 'boot_archive'), 'something else')
  await assert.rejects(installImage(session, bad, {}), /boot_archive is not what its checksum says/)
  assert.deepEqual(await readdir(host.store), [`platform-${a}`])
})

test('good, next and running images are not removed; others go everywhere', async () => {
  await installFrom(b)
  await installFrom(c)
  await activateImage(session, b, cli)
  await assert.rejects(removeEverywhere(session, a), /running image/)
  await assert.rejects(removeEverywhere(session, b), /booted next/)
  host.running.stamp = c
  await assert.rejects(removeEverywhere(session, a), /last good image/)
  host.running.stamp = a
  assert.deepEqual(problemsOf(await removeEverywhere(session, c)), [])
  for (const disk of disks) assert.deepEqual(await wholeOn(disk), [a, b])
  assert.deepEqual(wholeOf(await readImages(host.store)), [a, b])
})

test('-n changes nothing', async () => {
  await installFrom(b)
  assert.equal(await activateImage({ ...session, dryRun: true }, b, cli), 0)
  assert.match(said, /copy 20261102T000000Z, boot 20261102T000000Z next/)
  assert.deepEqual(await environmentOf('disk0'), { default: a, good: a, tries: 0 })
  assert.deepEqual(await wholeOn('disk0'), [a])
})

test('the list says what is running, next, good, on trial and failed', async () => {
  await installFrom(b)
  await activateImage(session, b, cli)
  const rows = async (): Promise<string[][]> => listImages(await readSurvey(host), host.running).map((image) => renderRow(image, 'zones'))
  assert.deepEqual(await rows(), [
    [a, 'zones/boot', 'good', 'yes', 'no'],
    [b, 'zones/boot', 'trial:2', 'no', 'yes'],
  ])
  for (const disk of disks)
    await writeEnvironmentBlock(join(host.top, disk), renderEnvironment({ environment: { default: b, good: a, tries: 0 }, others: new Map() }))
  assert.deepEqual(await rows(), [
    [a, 'zones/boot', 'good', 'yes', 'yes'],
    [b, 'zones/boot', 'failed', 'no', 'no'],
  ])
})

test('the environment keeps its place and what others wrote into it', async () => {
  const root = join(host.top, 'disk0')
  await writeEnvironmentBlock(root, renderEnvironment({ environment: await environmentOf('disk0'), others: new Map([['theirs', 'x']]) }))
  await installFrom(b)
  await activateImage(session, b, cli)
  assert.deepEqual([...parseEnvironment(await readEnvironmentBlock(root)).others], [['theirs', 'x']])
})

test('sources are told apart', () => {
  const kinds = ['latest', 'media', a, '/x/dir', 'a.iso', 'a.usb.img', 'a.tar.zst', 'a.tgz', 'https://host/platform/', 'odd'].map((text) =>
    kindOfSource(text, (path) => path === '/x/dir'),
  )
  assert.deepEqual(kinds, ['latest', 'media', 'stamp', 'directory', 'iso', 'disk_image', 'archive', 'archive', 'url', 'archive'])
})

test('an index is JSON or lines', () => {
  assert.deepEqual(parseIndex(`["${b}", "${a}", "${a}", "other"]`), [a, b])
  assert.deepEqual(parseIndex(`{"images": [{"stamp": "${b}"}]}`), [b])
  assert.deepEqual(parseIndex(`${b}\n\n${a}\n`), [a, b])
  assert.throws(() => parseIndex('{"a": 1}'), /not the form/)
})
