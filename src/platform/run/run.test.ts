import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { parseEmulatorVersion } from './emulator.ts'
import { renderMac, renderUuid } from './identity.ts'
import { parseRunOptions } from './options.ts'
import { readBuiltPlatform } from './platform-files.ts'
import { renderProbeRom } from './probe-rom.ts'
import { renderSshArgv } from './ssh.ts'

test('options have their defaults; one node has the terminal, several have log files', () => {
  const options = parseRunOptions([])
  assert.deepEqual(
    [options.medium, options.nodes, options.console, options.memoryMiB, options.disks, options.diskBytes],
    ['kernel', 1, 1, 3072, 2, 20 * 2 ** 30],
  )
  assert.equal(parseRunOptions(['--nodes', '3']).console, null)
  assert.equal(parseRunOptions(['--nodes', '3', '--console', '2']).console, 2)
  assert.deepEqual(parseRunOptions(['--pxe', '--append', 'a  b', '--append', 'c']).append, ['a', 'b', 'c'])
})

test('options that make no sense are refused with what is wrong', () => {
  const refusal = (...words: string[]): string => {
    try {
      parseRunOptions(words)
    } catch (error) {
      if (isAppError(error, 'Usage')) return error.message
    }
    return 'accepted'
  }
  assert.match(refusal('--iso', '--usb'), /not from --iso and --usb/)
  assert.match(refusal('--iso', '--append', 'x'), /--append has no effect with --iso/)
  assert.match(refusal('--nodes', '0'), /--nodes is "0", which is no number from 1 to 16/)
  assert.match(refusal('--console', '2'), /--console is "2", which is no number from 1 to 1/)
  assert.match(refusal('--disk-size', '20'), /--disk-size is "20"/)
  assert.match(refusal('--name', '../x'), /--name is/)
  assert.match(refusal('--nothing'), /does not understand/)
})

test('a name gives the same machine each time, and others other ones', () => {
  assert.equal(renderMac('node-1', 0), renderMac('node-1', 0))
  assert.match(renderMac('node-1', 1), /^52:54:00(:[0-9a-f]{2}){3}$/)
  assert.equal(new Set(['node-1', 'node-2'].flatMap((name) => [renderMac(name, 0), renderMac(name, 1)])).size, 4)
  assert.match(renderUuid('node-1'), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('the version is read, and nothing that is not one', () => {
  assert.equal(parseEmulatorVersion('QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright'), '10.0.2')
  assert.equal(parseEmulatorVersion('qemu: not found'), null)
})

test('a command goes to a guest as one word, with the key and no questions', () => {
  assert.deepEqual(renderSshArgv(2022, 'ls -l', { key: '/k' }).slice(-6), ['-i', '/k', '-o', 'IdentitiesOnly=yes', '--', 'root@127.0.0.1', 'ls -l'].slice(-6))
})

test('a platform is the directory itself, or the newest whole one in it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spirula-built-'))
  try {
    await assert.rejects(readBuiltPlatform(directory), { code: 'NotFound' })
    for (const stamp of ['20260101T000000Z', '20260301T000000Z', '20260201T000000Z']) mkdirSync(join(directory, `platform-${stamp}`))
    for (const stamp of ['20260101T000000Z', '20260201T000000Z']) writeFileSync(join(directory, `platform-${stamp}`, 'SHA256SUMS'), '')
    writeFileSync(join(directory, 'platform-20260201T000000Z.iso'), '')
    const built = await readBuiltPlatform(directory)
    assert.deepEqual([built.name, built.iso], ['platform-20260201T000000Z', join(directory, 'platform-20260201T000000Z.iso')])
    writeFileSync(join(directory, 'vmlinuz'), '')
    assert.equal((await readBuiltPlatform(directory)).kernel, join(directory, 'vmlinuz'))
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('the bytes of the probe are those of its source, and the reset vector leads to them', () => {
  const directory = mkdtempSync(join(tmpdir(), 'spirula-probe-'))
  try {
    const [object, binary] = [join(directory, 'probe.o'), join(directory, 'probe.bin')]
    execFileSync('as', ['-o', object, join(import.meta.dirname, 'probe.S')])
    execFileSync('ld', ['-Ttext', '0xffff0000', '--oformat', 'binary', '-o', binary, object])
    const code = readFileSync(binary)
    const rom = renderProbeRom()
    assert.equal(rom.length, 65_536)
    assert.deepEqual(rom.subarray(0, code.length), code)
    assert.equal((0xfff3 + rom.readUInt16LE(0xfff1)) & 0xffff, 0)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
