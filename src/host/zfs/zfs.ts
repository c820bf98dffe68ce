import { join } from 'node:path'
import { checkDatasetName } from '../pool/name.ts'
import type { Storage } from '../storage.ts'
import { renderPoolUsage } from './argv.ts'
import {
  cloneDataset,
  createDataset,
  createSnapshot,
  destroyDataset,
  destroySnapshot,
  holdSnapshot,
  listHolds,
  releaseSnapshot,
  renameDataset,
  rollbackDataset,
  setProperties,
} from './change.ts'
import { parsePoolUsage } from './parse.ts'
import { asSnapshot, listDatasets, readAllSnapshots, readDataset, readSnapshots, runZfs, type ZfsPool } from './read.ts'
import { systemRunner, type ZfsRunner } from './runner.ts'
import { receiveDataset, sendSnapshot } from './stream.ts'

export interface ZfsOptions {
  /** Name of the imported pool. */
  pool: string
  /** Mountpoint of its top dataset; those below inherit it. */
  mountpoint: string
  runner?: ZfsRunner
}

/** The store on an imported ZFS pool; needs OpenZFS 2.3 (`zfs list -j`). */
export function createZfsStorage(options: ZfsOptions): Storage {
  const pool: ZfsPool = { name: options.pool, mountpoint: options.mountpoint, runner: options.runner ?? systemRunner }
  return {
    kind: 'zfs',
    pool: pool.name,
    mountpoint: pool.mountpoint,
    async readUsage(context) {
      const usage = parsePoolUsage(await runZfs(pool, renderPoolUsage(pool.name), { dataset: pool.name }, context))
      return { size_bytes: usage.used_bytes + usage.available_bytes, ...usage }
    },
    mountpointOf: (dataset) => (checkDatasetName(dataset), join(pool.mountpoint, dataset)),
    exists: async (dataset, context) => (await readDataset(pool, dataset, context)) !== null,
    read: (dataset, context) => readDataset(pool, dataset, context),
    list: (context) => listDatasets(pool, context),
    create: (dataset, wanted, context) => createDataset(pool, dataset, wanted, context),
    clone: (origin, dataset, wanted, context) => cloneDataset(pool, origin, { dataset, options: wanted }, context),
    destroy: (dataset, context) => destroyDataset(pool, dataset, context),
    rename: (from, to, context) => renameDataset(pool, from, to, context),
    setQuota: (dataset, bytes, context) => setProperties(pool, dataset, { quota_bytes: bytes }, context),
    setOptions: (dataset, wanted, context) => setProperties(pool, dataset, wanted, context),
    snapshot: (name, context) => createSnapshot(pool, name, context),
    listSnapshots: async (dataset, context) => (await readSnapshots(pool, dataset, { own: true }, context)).map(asSnapshot),
    listAllSnapshots: (context) => readAllSnapshots(pool, context),
    rollback: (name, context) => rollbackDataset(pool, name, context),
    destroySnapshot: (name, context) => destroySnapshot(pool, name, context),
    hold: (name, tag, context) => holdSnapshot(pool, name, tag, context),
    release: (name, tag, context) => releaseSnapshot(pool, name, tag, context),
    listHolds: (name, context) => listHolds(pool, name, context),
    send: (name, from, context) => sendSnapshot(pool, name, from, context),
    receive: (dataset, input, context) => receiveDataset(pool, dataset, input, context),
  }
}
