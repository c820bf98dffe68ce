import assert from 'node:assert/strict'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { silentLog } from '#host/context.ts'
import { renderMakeFat, renderPartition } from '#host/disks/argv.ts'
import { run } from '#host/run/run.ts'
import { planPartitions, renderPartitionScript } from '#plan/disks/partitions.ts'

const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
interface Table {
  partitiontable: { label: string; partitions: { node: string; start: number; size: number; type: string; name?: string }[] }
}

// Whole pools on real disks are made in test/boot, where there is ZFS.
describe('what sfdisk makes of our scripts', async () => {
  const directory = await mkdtemp(join(tmpdir(), `partitions-${process.pid}-`))
  after(() => rm(directory, { recursive: true, force: true }))
  const disk = join(directory, 'disk')

  async function divide(bytes: number, bootable: boolean): Promise<Table['partitiontable']> {
    const file = await open(disk, 'a')
    await file.truncate(bytes)
    await file.close()
    await run(renderPartition(disk), { input: renderPartitionScript(planPartitions(bytes, { bootable })) }, context)
    return (JSON.parse((await run(['sfdisk', '-J', disk], {}, context)).stdout) as Table).partitiontable
  }

  test('a bootable disk', async () => {
    const table = await divide(20 * 2 ** 30, true)
    assert.equal(table.label, 'gpt')
    assert.deepEqual(
      table.partitions.map(({ node, start, size, type }) => [node.at(-1), start, size, type.slice(0, 8)]),
      [
        ['1', 2048, 2048, '21686148'],
        ['2', 4096, 2 ** 21, 'C12A7328'],
        ['3', 4096 + 2 ** 21, 19_445 * 2048, '6A898CC3'],
      ],
    )
  })

  test('a disk that is divided anew, without boot partitions: the pool keeps its number', async () => {
    const table = await divide(20 * 2 ** 30, false)
    assert.deepEqual(
      table.partitions.map(({ node, start, name }) => [node.at(-1), start, name]),
      [['3', 2048, undefined]],
    )
  })

  test('a file system for booting is made with the label and id it is given', async () => {
    const file = await open(join(directory, 'esp'), 'w')
    await file.truncate(64 * 2 ** 20)
    await file.close()
    await run(renderMakeFat(join(directory, 'esp'), 'SPIRULABOOT', '1a2b3c4d'), {}, context)
    const boot = await open(join(directory, 'esp'))
    const { buffer } = await boot.read(Buffer.alloc(96), 0, 96, 0)
    await boot.close()
    assert.equal(buffer.readUInt32LE(67).toString(16), '1a2b3c4d')
    assert.equal(buffer.toString('latin1', 71, 90), 'SPIRULABOOTFAT32   ')
  })
})
