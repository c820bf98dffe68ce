import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isAppError } from '#contracts/errors.ts'
import { planPartitions, renderPartitionPath, renderPartitionScript } from './partitions.ts'

test('a bootable disk has a BIOS partition, an EFI system partition and the pool', () => {
  assert.equal(
    renderPartitionScript(planPartitions(20 * 2 ** 30, { bootable: true })),
    [
      'label: gpt',
      '',
      'disk1 : start=1MiB, size=1MiB, type=21686148-6449-6e6f-744e-656564454649',
      'disk2 : start=2MiB, size=1024MiB, type=c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
      'disk3 : start=1026MiB, size=19445MiB, type=6a898cc3-1dd2-11b2-99a6-080020736631',
      '',
    ].join('\n'),
  )
})

test('a large disk has room for more images, a small one and one not to boot from has none', () => {
  assert.equal(planPartitions(64e9, { bootable: true })[1]?.size_mib, 2048)
  assert.equal(planPartitions(64e9 - 2 ** 20, { bootable: true })[1]?.size_mib, 1024)
  const whole = [{ number: 3, role: 'zfs', start_mib: 1, size_mib: 4086 }]
  assert.deepEqual(planPartitions(2 ** 32, { bootable: true }), whole)
  assert.deepEqual(planPartitions(2 ** 32, { bootable: false }), whole)
  assert.throws(
    () => planPartitions(50e6, { bootable: true }),
    (error) => isAppError(error, 'NoSpace') && /50000000 bytes/.test(error.message),
  )
})

test('partitions follow one another and leave room for the second table', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2 ** 27, max: 2 ** 46 }), fc.boolean(), (bytes, bootable) => {
      const partitions = planPartitions(bytes, { bootable })
      let end = 1
      for (const { start_mib, size_mib } of partitions) {
        assert.equal(start_mib, end)
        end = start_mib + size_mib
      }
      assert.ok((end + 8) * 2 ** 20 <= bytes)
      assert.equal(partitions.at(-1)?.number, 3)
    }),
  )
})

test('the path of a partition depends on how the disk is named', () => {
  assert.equal(renderPartitionPath('/dev/sda', 3), '/dev/sda3')
  assert.equal(renderPartitionPath('/dev/nvme0n1', 2), '/dev/nvme0n1p2')
  assert.equal(renderPartitionPath('/dev/disk/by-id/ata-ACME_1', 1), '/dev/disk/by-id/ata-ACME_1-part1')
})
