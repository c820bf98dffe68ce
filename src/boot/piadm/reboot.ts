import { join } from 'node:path'
import { platformFiles } from '#contracts/platform/names.ts'
import { loadNextKernel, refuseKexec, startNextKernel } from '#host/boot/kexec.ts'
import { readTextFile } from '#host/fs/atomic.ts'
import { run } from '#host/run/run.ts'
import { decideBoot, type BootDecision } from '#plan/boot/decide.ts'
import { planKernelWords } from '#plan/boot/kernel-words.ts'
import { hasOption, type Cli, type Command } from '../../cli/command.ts'
import { readSources, writeEnvironment } from './bring.ts'
import { dryRunOption, lockMs, type Session, verboseOption, withSession } from './session.ts'
import { readSurvey, sentenceOf, type Survey, wholeOf } from './survey.ts'

export const command: Command = {
  description: [
    'Restarts the node into the next image. With --fast its kernel is started directly, without firmware and boot menu, where the machine can; where it cannot, the reason is said and it',
    'restarts the ordinary way. Boots of an image on trial are counted either way.',
  ],
  arguments: [],
  options: [{ long: 'fast', short: 'f', summary: 'Starts the next kernel directly (kexec)' }, dryRunOption, verboseOption],
  examples: [{ command: 'piadm reboot --fast', summary: 'Into the next image without waiting for the firmware' }],
  run: (input, cli) =>
    withSession(input, cli, async (session) => {
      const fast = hasOption(input, 'fast') ? await prepareFast(session, cli) : false
      if (session.dryRun) return 0
      if (fast) await startNextKernel(session.host.context)
      else await run(['systemctl', 'reboot'], {}, session.host.context)
      return 0
    }),
}

/** Loads the next kernel and counts its boot. False, after saying why, when an ordinary restart has to do. */
async function prepareFast({ host, dryRun }: Session, cli: Cli): Promise<boolean> {
  return await host.exclusively(lockMs, async () => {
    const survey = await readSurvey(host)
    const next = await planNext(host, survey)
    if ('refusal' in next) {
      cli.err(`note: no fast reboot: ${next.refusal}\n`)
      return false
    }
    cli.err(`${next.stamp} starts${next.failed === undefined ? '' : ` in place of ${next.failed}`}\n`)
    if (dryRun) return true
    const failure = await loadNextKernel(next, host.context).then(() => null, sentenceOf)
    if (failure === null) await countBoot(host, survey)
    else cli.err(`note: no fast reboot: ${failure}\n`)
    return failure === null
  })
}

interface NextKernel {
  stamp: string
  failed: string | undefined
  kernel: string
  archive: string
  words: string
}

async function planNext(host: Session['host'], survey: Survey): Promise<NextKernel | { refusal: string }> {
  const { stamp, failed } = decideFirst(survey) ?? { stamp: null }
  if (stamp === null) return { refusal: 'The disks of the pool have no image to boot.' }
  const directory = (await readSources(host)).get(stamp)?.directory
  if (directory === undefined) return { refusal: `The pool has no whole image ${stamp}.` }
  const refusal = await refuseKexec()
  if (refusal !== null) return { refusal }
  const words = planKernelWords((await readTextFile('/proc/cmdline')) ?? '', failed)
  return { stamp, failed, words, kernel: join(directory, platformFiles.kernel), archive: join(directory, platformFiles.archive) }
}

/** As the first disk that can be read would decide. */
function decideFirst(survey: Survey): BootDecision | null {
  const first = survey.devices.find(({ device, problem }) => device.kind === 'disk' && problem === null)
  return first === undefined ? null : decideBoot(first.environment, wholeOf(first.images))
}

async function countBoot(host: Session['host'], survey: Survey): Promise<void> {
  for (const { device, environment, images, problem } of survey.devices) {
    if (device.kind !== 'disk' || problem !== null) continue
    const decision = decideBoot(environment, wholeOf(images))
    if (JSON.stringify(decision.environment) !== JSON.stringify(environment))
      await host.open(device, true, (root) => writeEnvironment(root, decision.environment))
  }
}
