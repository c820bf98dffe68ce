import { AppError } from '#contracts/errors.ts'
import { systemDatasets, systemPool } from '#contracts/platform/names.ts'
import type { Context } from '#host/context.ts'
import { createSystemPool } from '#host/disks/create-pool.ts'
import { importPools } from '#host/disks/import-pools.ts'
import { mountPool } from '#host/disks/mount-pool.ts'
import { diskRunner } from '#host/disks/runner.ts'
import { readTextFile, removeFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { readMountAt } from '#host/pool/mounts.ts'
import { run } from '#host/run/run.ts'
import { planDividedDisk } from '#plan/disks/partitions.ts'
import type { SetupEffects, Tell } from './execute.ts'
import { installPlatform } from './install-platform.ts'

/** The effects on this machine. */
export function createSetupEffects(context: Context): SetupEffects {
  return {
    async createPool({ name, layout, destroys, bootable }, tell) {
      // That file systems on the disks are erased was seen in the summary; pools were named one by one.
      await createSystemPool({ pool: name, layout, divide: planDividedDisk, bootable, overwrite: destroys, force: true, report: tell }, context)
    },
    adoptPool: async (name, tell) => await adoptPool(name, tell, context),
    installPlatform: async (tell) => await installPlatform(tell, context),
    hashPassword: async (password) => await hashPassword(password, context),
    read: readTextFile,
    write: async (path, text, mode) => await writeFileAtomic(path, text, { mode }),
    remove: async (path) => await removeFile(path),
  }
}

async function adoptPool(name: string, tell: Tell, context: Context): Promise<void> {
  tell('Importing')
  const [pool] = await importPools({ only: [name] }, context)
  if (pool === undefined || !pool.imported) throw new AppError('PoolUnavailable', pool?.reason ?? `There is no pool ${name} any more.`)
  if (pool.locked)
    throw new AppError('PoolUnavailable', `The pool ${name} is encrypted and locked.`, { hint: `a shell (Ctrl-C), then: zfs load-key -r ${name}` })
  const top = `/${name}`
  tell('Mounting its datasets')
  const complaints = await mountPool(name, { top, system: true }, context)
  if ((await readMountAt(top))?.source !== name)
    throw new AppError('PoolUnavailable', `The pool ${name} is not mounted at ${top}. ${complaints.join(' ')}`, { hint: `zfs set mountpoint=${top} ${name}` })
  await ensureDataset(`${name}/usbkey`, systemDatasets.usbkey, context)
  await diskRunner.restrict(systemDatasets.usbkey)
  await diskRunner.mark(top, name, context)
  if (name !== systemPool) await writeFileAtomic(`${top}/.system_pool`, '', { mode: 0o444 })
}

/** Makes or mounts the dataset where it belongs; the other datasets are seen to by `start`. */
async function ensureDataset(dataset: string, mountpoint: string, context: Context): Promise<void> {
  if ((await readMountAt(mountpoint))?.source === dataset) return
  const { exitCode } = await run(['zfs', 'list', '-H', '-o', 'name', dataset], { okCodes: [0, 1] }, context)
  if (exitCode === 0) await run(['zfs', 'set', `mountpoint=${mountpoint}`, dataset], {}, context)
  else await run(['zfs', 'create', '-o', `mountpoint=${mountpoint}`, dataset], {}, context)
  if ((await readMountAt(mountpoint))?.source !== dataset) await run(['zfs', 'mount', dataset], {}, context)
}

/** The password goes in over a pipe: arguments can be seen by everybody. */
async function hashPassword(password: string, context: Context): Promise<string> {
  const { stdout } = await run(['openssl', 'passwd', '-6', '-stdin'], { input: `${password}\n` }, context)
  const hash = stdout.trim()
  if (!/^\$6\$[./A-Za-z0-9]{8,16}\$[./A-Za-z0-9]{86}$/.test(hash)) throw new AppError('Internal', 'openssl passwd gave something that is no hash.')
  return hash
}
