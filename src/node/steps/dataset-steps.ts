import { isAppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import type { Storage } from '#host/storage.ts'
import { undoNothing, type ExecutorTable } from './executor.ts'

type DatasetKind =
  | 'dataset.create'
  | 'dataset.clone'
  | 'dataset.rename'
  | 'dataset.swap'
  | 'dataset.destroy'
  | 'dataset.quota'
  | 'dataset.options'
  | 'snapshot.take'
  | 'snapshot.rollback'
  | 'snapshot.destroy'
  | 'snapshot.hold'
  | 'snapshot.release'

/**
 * Plans check under the subject's lock that what they create is not there yet, so an undo may destroy it
 * even when nobody knows whether the step ran.
 */
export const datasetSteps: ExecutorTable<DatasetKind> = {
  'dataset.create': {
    run: ({ dataset, options }, context, { host }) => host.storage.create(dataset, options, context),
    undo: ({ dataset }, context, { host }) => host.storage.destroy(dataset, context),
  },
  'dataset.clone': {
    run: ({ origin, dataset, options }, context, { host }) => host.storage.clone(origin, dataset, options, context),
    undo: ({ dataset }, context, { host }) => host.storage.destroy(dataset, context),
  },
  'dataset.rename': {
    run: ({ from, to }, context, { host }) => renameOnce(host.storage, from, to, context),
    undo: ({ from, to }, context, { host }) => renameOnce(host.storage, to, from, context),
  },
  'dataset.swap': {
    async run({ dataset, fresh, old, children }, context, { host }) {
      if (!(await host.storage.exists(old, context))) await host.storage.rename(dataset, old, context)
      await renameOnce(host.storage, fresh, dataset, context)
      for (const child of children) await renameOnce(host.storage, `${old}/${child}`, `${dataset}/${child}`, context)
    },
    // `old` is there exactly while the swap has begun; without it, `dataset` is still the original.
    async undo({ dataset, fresh, old, children }, context, { host }) {
      if (!(await host.storage.exists(old, context))) return
      for (const child of children) await renameOnce(host.storage, `${dataset}/${child}`, `${old}/${child}`, context)
      await renameOnce(host.storage, dataset, fresh, context)
      await host.storage.rename(old, dataset, context)
    },
  },
  'dataset.destroy': {
    run: ({ dataset }, context, { host }) => host.storage.destroy(dataset, context),
    undo: undoNothing,
  },
  'dataset.quota': {
    run: ({ dataset, bytes }, context, { host }) => host.storage.setQuota(dataset, bytes, context),
    undo: ({ dataset, previous }, context, { host }) => host.storage.setQuota(dataset, previous, context),
  },
  'dataset.options': {
    run: ({ dataset, options }, context, { host }) => host.storage.setOptions(dataset, options, context),
    undo: ({ dataset, previous }, context, { host }) => host.storage.setOptions(dataset, previous, context),
  },
  'snapshot.take': {
    run: ({ snapshot }, context, { host }) => host.storage.snapshot(snapshot, context),
    undo: ({ snapshot }, context, { host }) => host.storage.destroySnapshot(snapshot, context),
  },
  'snapshot.rollback': {
    run: ({ snapshot }, context, { host }) => host.storage.rollback(snapshot, context),
    undo: undoNothing,
  },
  'snapshot.destroy': {
    run: ({ snapshot }, context, { host }) => host.storage.destroySnapshot(snapshot, context),
    undo: undoNothing,
  },
  'snapshot.hold': {
    run: ({ snapshot, tag }, context, { host }) => holdOnce(host.storage, snapshot, tag, context),
    undo: async ({ snapshot, tag }, context, { host }) => {
      await host.storage.release(snapshot, tag, context)
      await host.storage.destroySnapshot(snapshot, context)
    },
  },
  'snapshot.release': {
    run: async ({ snapshot, tag }, context, { host }) => {
      await host.storage.release(snapshot, tag, context)
      await host.storage.destroySnapshot(snapshot, context)
    },
    undo: ({ snapshot, tag }, context, { host }) => holdOnce(host.storage, snapshot, tag, context),
  },
}

/** A rename that may have been done already: then `from` is gone and `to` is there. */
async function renameOnce(storage: Storage, from: string, to: string, context: Context): Promise<void> {
  if (await storage.exists(from, context)) await storage.rename(from, to, context)
}

async function holdOnce(storage: Storage, snapshot: { dataset: string; snapshot: string }, tag: string, context: Context): Promise<void> {
  await storage.snapshot(snapshot, context).catch((error: unknown) => {
    if (!isAppError(error, 'SnapshotExists')) throw error
  })
  await storage.hold(snapshot, tag, context)
}
