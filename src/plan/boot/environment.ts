import { mostTries, type BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { environmentKeys, stampPattern } from '#contracts/platform/names.ts'
import { parseGrubEnvironment, renderGrubEnvironment } from '#lib/grub-environment.ts'

/** An environment block: what is ours, and variables of others, which are kept. */
export interface EnvironmentBlock {
  environment: BootEnvironment
  others: ReadonlyMap<string, string>
}

const ours = new Set<string>(Object.values(environmentKeys))

/** Reads a block as the boot menu does: what is not a stamp is none, what is no count is 0. A file that is no block (or null) is an empty one. */
export function parseEnvironment(bytes: Uint8Array | null): EnvironmentBlock {
  const variables = (bytes === null ? null : parseGrubEnvironment(bytes)) ?? new Map<string, string>()
  const stampOf = (key: string): string | undefined => {
    const value = variables.get(key)
    return value !== undefined && stampPattern.test(value) ? value : undefined
  }
  const [chosen, good, failed] = [stampOf(environmentKeys.default), stampOf(environmentKeys.good), stampOf(environmentKeys.failed)]
  return {
    environment: {
      ...(chosen === undefined ? {} : { default: chosen }),
      ...(good === undefined ? {} : { good }),
      tries: parseTries(variables.get(environmentKeys.tries)),
      ...(failed === undefined ? {} : { failed }),
    },
    others: new Map([...variables].filter(([name]) => !ours.has(name))),
  }
}

function parseTries(text: string | undefined): number {
  const tries = text !== undefined && /^\d$/.test(text) ? Number(text) : 0
  return tries <= mostTries ? tries : 0
}

/** Our variables come first, in the sector that changes in one piece. Variables of others that do not fit are dropped. */
export function renderEnvironment({ environment, others }: EnvironmentBlock): Buffer {
  const own = new Map<string, string>([
    [environmentKeys.default, environment.default ?? ''],
    [environmentKeys.good, environment.good ?? ''],
    [environmentKeys.tries, String(environment.tries)],
    [environmentKeys.failed, environment.failed ?? ''],
  ])
  try {
    return renderGrubEnvironment(new Map([...own, ...others]))
  } catch {
    // Too many of them: what decides the boot is worth more.
    return renderGrubEnvironment(own)
  }
}
