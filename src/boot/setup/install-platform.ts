import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { createBootHost } from '../piadm/boot-host.ts'
import { makeBootable } from '../piadm/make-bootable.ts'
import type { Reporter } from '../piadm/reporter.ts'
import type { Tell } from './execute.ts'

/** Puts the running platform on the disks of the pool just made, as `piadm bootable -e` does. Throws what that throws. */
export async function installPlatform(tell: Tell, context: Context): Promise<void> {
  const outcomes = await makeBootable(await createBootHost(context), { reporter: tellingReporter(tell), env: {}, dryRun: false })
  const problems = outcomes.flatMap(({ device, problem }) => (problem === null ? [] : [`${device}: ${problem}`]))
  if (problems.length > 0) {
    throw new AppError('NotSupported', `The platform could not be put on every disk: ${problems.join(' ')}`, {
      hint: 'go on without, and try again later with: piadm bootable -e',
    })
  }
}

/** Told again only when the text changes: a step of many bytes is told in hundredths. */
function tellingReporter(tell: Tell): Reporter {
  let [text, done, total, told] = ['', 0, 0, '']
  const say = (): void => {
    const line = total === 0 ? text : `${text} ${Math.min(100, Math.floor((done / total) * 100))} %`
    if (line !== told) tell(line)
    told = line
  }
  return {
    step(next) {
      ;[text, done, total] = [next, 0, 0]
      say()
    },
    expect(bytes) {
      total = bytes
    },
    bytes(count) {
      done += count
      say()
    },
    end() {},
  }
}
