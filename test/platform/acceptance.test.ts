import assert from 'node:assert/strict'
import { cp, mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { ensureImageFile } from '../../src/image/ensure.ts'
import { busybox } from '../../src/image/profiles/busybox.ts'
import { debian13 } from '../../src/image/profiles/debian-13.ts'
import { parseTestTotals, renderTotals } from '../../tools/totals.ts'
import { createCheckoutDisk } from '../harness/checkout-disk.ts'
import { createDisk } from '../harness/disk.ts'
import { fromKernel, on, openLab, waitForHealth } from './lab.ts'

// The host tests of the node, in the booted platform: real OpenZFS, cgroup v2 alone, systemd as process 1.

/** After `~`, tests that are left out: what fills a pool to the brim takes minutes under emulation, as do failures at every step but create's. */
const files = [
  'test/host/storage-zfs.test.ts~quota|full',
  'test/host/zfs-zones.test.ts',
  'test/host/runtime.test.ts',
  'test/host/runtime-limits.test.ts',
  'test/host/runtime-systemd.test.ts',
  'test/host/lifecycle.test.ts',
  'test/host/faults.test.ts~leaves the machine whole',
  'test/host/vmadm-lifecycle.test.ts',
]

const lab = await openLab()
const directory = join(lab.directory, 'acceptance')

test('the acceptance tests of the node pass in the platform, on ZFS', async (t) => {
  const disks = await lab.copyDisks('acceptance')
  const [checkout, scratch] = [join(directory, 'checkout.img'), join(directory, 'scratch.img')]
  await createCheckoutDisk(join(import.meta.dirname, '../..'), checkout)
  await createScratch(scratch)
  const extra = [
    { file: checkout, serial: 'checkout', readOnly: true },
    { file: scratch, serial: 'scratch', cache: 'unsafe' as const },
  ]
  const guest = await lab.start({ name: 'node1', directory, disks: [...disks, ...extra], boot: fromKernel(lab.first), memoryMiB: 3500 })
  t.after(async () => {
    await guest.kill()
    await rm(checkout, { force: true })
    await rm(scratch, { force: true })
  })
  await waitForHealth(guest)
  // The tests' own pools lie in files, for which memory is too small.
  await on(
    guest,
    'mkdir -p /spirula && mount -o ro LABEL=spirula /spirula && mount LABEL=scratch /var/tmp && ln -s /var/tmp/cache /var/cache/spirula && echo yes >/etc/spirula-expendable',
  )
  for (const entry of files) {
    const [file = '', skip] = entry.split('~')
    await t.test(file, async () => {
      const { stdout, exitCode } = await guest.ssh(`cd /spirula && node test/platform/inside.ts ${file} ${skip === undefined ? '' : `'${skip}'`}`, {
        timeoutMs: 12 * 60_000,
      })
      const totals = parseTestTotals(stdout, exitCode)
      console.log(`times: ${file}: ${renderTotals(totals)}`)
      assert.equal(totals.failed, 0, stdout.slice(-8000))
      assert.ok(totals.passed > 0, stdout.slice(-2000))
    })
  }
})

/** Room for the tests, with the images that they would build: the guest has no way to Debian's archive. */
async function createScratch(file: string): Promise<void> {
  const tree = `${file}.tree`
  await mkdir(join(tree, 'cache/images'), { recursive: true })
  for (const recipe of [busybox, debian13]) {
    const { file: archive } = await ensureImageFile(recipe, '/var/cache/spirula/images', lab.context)
    for (const one of [archive, archive.replace(/\.tar\.zst$/, '.json')]) await cp(one, join(tree, 'cache/images', basename(one)))
  }
  await createDisk(file, tree, { label: 'scratch', size: '12G' })
  await rm(tree, { recursive: true })
}
