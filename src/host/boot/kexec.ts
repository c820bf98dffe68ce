import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { readTextFile } from '../fs/atomic.ts'
import { run } from '../run/run.ts'
import { renderLoadKernel, renderStartKernel } from './argv.ts'

/** Why this machine cannot start another kernel by itself, as a sentence; null when it can. */
export async function refuseKexec(): Promise<string | null> {
  const disabled = (await readTextFile('/proc/sys/kernel/kexec_load_disabled'))?.trim()
  if (disabled === undefined) return 'This kernel was built without kexec.'
  if (disabled !== '0') return 'kexec is switched off (kernel.kexec_load_disabled).'
  const lockdown = await readTextFile('/sys/kernel/security/lockdown')
  if (lockdown?.includes('[none]') === false) return 'The kernel is locked down (secure boot), which forbids kexec.'
  return null
}

/** Loads the next kernel. NotSupported when the machine cannot. */
export async function loadNextKernel(next: { kernel: string; archive: string; words: string }, context: Context): Promise<void> {
  const refusal = await refuseKexec()
  if (refusal !== null) throw new AppError('NotSupported', refusal, { hint: 'piadm reboot, without --fast' })
  await run(renderLoadKernel(next), { timeoutMs: 120_000 }, context)
}

/** Shuts everything down and jumps into the loaded kernel. */
export async function startNextKernel(context: Context): Promise<void> {
  await run(renderStartKernel(), {}, context)
}
