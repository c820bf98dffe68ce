import { customPaths } from '#contracts/platform/custom.ts'
import { type Boot, hasSettings, type Step } from '../start/boot.ts'
import { applyCustom } from './apply.ts'

/** The step of a start that applies what is declared. The console tells what failed; the boot goes on. */
export const customStep: Step = { name: 'custom', run: applyAtBoot }

async function applyAtBoot(boot: Boot): Promise<string | null> {
  if (!hasSettings(boot)) return null
  const { refused, results } = await applyCustom(boot.system)
  if (refused !== undefined) boot.problems.push(`Nothing of ${customPaths.declaration} was applied: ${refused}`)
  const failed = results.filter(({ state }) => state === 'failed')
  for (const { kind, name, reason } of failed) boot.problems.push(`The declared ${kind.replaceAll('_', ' ')} ${name} could not be applied: ${reason}`)
  return results.length === 0 ? null : `${results.length - failed.length} of ${results.length} declared things`
}
