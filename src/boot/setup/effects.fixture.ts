import { AppError } from '#contracts/errors.ts'
import type { SetupEffects } from './execute.ts'

export interface FakeEffects extends SetupEffects {
  files: Map<string, string>
  /** What was asked for, in order. */
  done: string[]
}

/** Effects in memory. `fail` names one that throws; with `once` only the first time. */
export function createFakeEffects(options: { fail?: string; once?: boolean } = {}, pause: () => Promise<void> = async () => {}): FakeEffects {
  const files = new Map<string, string>()
  const done: string[] = []
  let left = options.once === true ? 1 : Infinity
  const act = async (name: string, detail: string): Promise<void> => {
    await pause()
    if (name === options.fail && left > 0) {
      left -= 1
      throw new AppError('CommandFailed', `The disk sdb does not answer any more.`, { hint: 'look at its cable' })
    }
    done.push(`${name} ${detail}`)
  }
  return {
    files,
    done,
    async createPool({ name, layout, destroys, bootable }, tell) {
      tell('Dividing the disks')
      await act('createPool', JSON.stringify({ name, layout, destroys, bootable }))
    },
    async adoptPool(name, tell) {
      tell('Importing')
      await act('adoptPool', name)
    },
    async installPlatform(tell) {
      tell('Copying the image')
      await act('installPlatform', '')
    },
    async hashPassword(password) {
      await act('hashPassword', String(password.length))
      return `$6$salt$${password.length}`
    },
    read: async (path) => files.get(path) ?? null,
    async write(path, text) {
      await act('write', path)
      files.set(path, text)
    },
    async remove(path) {
      await act('remove', path)
      files.delete(path)
    },
  }
}
