import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openReserve } from './reserve.ts'

test('the reserve is held from the start, given away once, and taken again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spirula-reserve-'))
  const path = join(directory, 'reserve')
  const size = async (): Promise<number> => (await stat(path).catch(() => ({ size: 0 }))).size
  try {
    const reserve = await openReserve(path)
    assert.equal(await size(), 4 << 20)
    await reserve.release()
    assert.equal(await size(), 0)
    await reserve.restore()
    assert.equal(await size(), 4 << 20)
    // The next daemon finds it and leaves it.
    const { mtimeMs } = await stat(path)
    await openReserve(path)
    assert.equal((await stat(path)).mtimeMs, mtimeMs)
  } finally {
    await rm(directory, { recursive: true })
  }
})
