import { isAppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { CommandFailure, run } from '../run/run.ts'
import { guardMap, parseGuardMap, renderGuardBase } from './guard.ts'

/** Makes the base chains, or repairs them: from then on a link named `z…` sends nothing without a guard. */
export async function ensureGuardBase(context: Context): Promise<void> {
  await applyRules(renderGuardBase(), context)
}

/** Applies a change of guards. Should somebody have flushed all of nft's rules, the base is made anew, with it in one. */
export async function applyGuards(text: string, context: Context): Promise<void> {
  await applyRules(text, context).catch(async (cause: unknown) => {
    if (!isSomethingMissing(cause)) throw cause
    context.log.warn({}, 'the base of the guards was gone; it is made anew')
    await applyRules(renderGuardBase() + text, context)
  })
}

async function applyRules(text: string, context: Context): Promise<void> {
  await run(['nft', '-f', '-'], { input: text }, context)
}

function isSomethingMissing(error: unknown): boolean {
  return isAppError(error, 'CommandFailed') && error.cause instanceof CommandFailure && /No such file or directory/.test(error.cause.stderrTail)
}

/** Host links that have a guard; none where the base is not there. */
export async function listGuards(context: Context): Promise<string[]> {
  const { stdout } = await run(['nft', 'list', 'map', ...guardMap], { okCodes: [0, 1] }, context)
  return parseGuardMap(stdout)
}
