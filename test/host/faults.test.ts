import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Context, silentLog } from '#host/context.ts'
import { installImageRequest } from '#node/images/operations.ts'
import { openLinuxHost } from '#node/linux-host.ts'
import { createNicTagRequest } from '#node/nic-tags.ts'
import { createNode, type Node } from '#node/node.ts'
import type { Request } from '#node/operations/request.ts'
import { attempt } from '../bench/command.ts'
import { type FaultSubject, registerFaultSuite } from '../harness/faults.suite.ts'
import { readInventory } from '../harness/inventory.ts'
import { otherImage, packTree, testImage } from '../harness/test-images.ts'
import { createTestTree, endLxcfs } from '../harness/test-node.ts'
import { poolNameOf, removePool } from '../harness/test-pool.ts'

// The fault suite on the real kernel: what is left behind is looked for in the pool, cgroups, links, guards and
// processes, not asked of the daemon.
const repository = join(import.meta.dirname, '../..')

registerFaultSuite('linux', async (hooks): Promise<FaultSubject> => {
  const directory = await mkdtemp('/var/tmp/spirula-faults-')
  const tag = directory.slice(-6)
  const runDir = `/run/spf-${tag}`
  const cgroupParent = `spf-${tag}`
  const poolName = poolNameOf(tag)
  const pool = join(directory, 'pool')
  const stopping = new AbortController()
  const context: Context = { signal: stopping.signal, log: silentLog, now: () => new Date() }
  const { host, guestDir } = await openLinuxHost(
    { pool: poolName, mountpoint: pool, backingDir: directory, poolSizeBytes: 4 * 2 ** 30, runDir, nativeDir: join(repository, 'build/native'), cgroupParent },
    context,
  )
  const node = await createNode({ host, runDir, guestDir, serverUuid: '5e000000-0000-4000-8000-000000000001', log: silentLog, hooks })
  await installImages(node, directory)
  await runWell(node, createNicTagRequest({ name: 'test0', type: 'etherstub', mac: '-', mtu: 1500 }, node.parts))
  return {
    node,
    async inventory() {
      const { links, guards, ...rest } = await readInventory({ pool, poolName, runDir, cgroupParent }, [testImage, otherImage])
      // A zone that was booted anew has another number in its links' names.
      return { ...rest, links: links.length, guards: guards.length }
    },
    async dispose() {
      await node.close()
      stopping.abort()
      await attempt(['umount', '--lazy', join(runDir, 'lxcfs')])
      await endLxcfs(join(runDir, 'lxcfs'))
      await removePool(poolName, { directory, mountpoint: pool })
      await rm(runDir, { recursive: true, force: true })
    },
  }
})

async function installImages(node: Node, directory: string): Promise<void> {
  await createTestTree(join(directory, 'tree'))
  const { file, renderManifest } = await packTree(directory, 'test-busybox')
  for (const uuid of [testImage, otherImage]) await runWell(node, installImageRequest({ manifest: renderManifest(uuid), file }, node.parts))
}

async function runWell(node: Node, request: Request): Promise<void> {
  const operation = await node.operations.wait(node.operations.start(request).id)
  if (operation.state !== 'done') throw new Error(JSON.stringify(operation.error))
}
