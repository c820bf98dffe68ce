import { stat } from 'node:fs/promises'
import { AppError, type ErrorDetail } from '#contracts/errors.ts'
import { BooterConfig, booterKeys, maxBooterConfigBytes } from '#contracts/platform/booter.ts'
import { readTextFile } from '#host/fs/atomic.ts'
import { parseJson } from '#lib/json-position.ts'
import { nearestOf } from '#lib/nearest.ts'

/** Reads a configuration file. Throws NotFound, InvalidJson, or InvalidPayload with a sentence for each mistake. */
export async function readBooterConfig(path: string): Promise<BooterConfig> {
  const size = await stat(path).then(
    (found) => found.size,
    () => null,
  )
  if (size === null)
    throw new AppError('NotFound', `There is no configuration file ${path}.`, { hint: './spirula platform booter --example prints one to begin with' })
  if (size > maxBooterConfigBytes) throw new AppError('InvalidPayload', `The file ${path} is too large for a configuration: it has more than 4 MiB.`)
  return parseBooterConfig((await readTextFile(path)) ?? '', path)
}

/** The configuration of a text; `name` is that of its file, for messages. */
export function parseBooterConfig(text: string, name: string): BooterConfig {
  const result = BooterConfig.safeParse(parseText(text, name))
  if (!result.success) {
    const details = result.error.issues.flatMap(renderIssue)
    throw new AppError('InvalidPayload', `The configuration ${name} has ${details.length === 1 ? 'a mistake' : `${details.length} mistakes`}.`, { details })
  }
  const { dhcp } = result.data
  if (dhcp.mode !== 'none' && result.data.interface === undefined) {
    const details = [{ path: 'interface', message: `must be there for the DHCP mode ${dhcp.mode}.` }]
    throw new AppError('InvalidPayload', `The configuration ${name} has a mistake.`, { details })
  }
  return result.data
}

function parseText(text: string, name: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw new AppError('InvalidJson', `The configuration ${name} is not JSON.`, { cause })
  }
}

/** The parts of Zod's issues that are read here. */
interface Issue {
  code?: string | undefined
  path: readonly PropertyKey[]
  message: string
  keys?: readonly string[]
  issues?: readonly { message: string }[]
}

function renderIssue(issue: Issue): ErrorDetail[] {
  const path = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') return (issue.keys ?? []).map((key) => renderUnknown(path, key))
  if (issue.code === 'invalid_key') return [{ path, message: `is no key that can stand here: it ${issue.issues?.[0]?.message ?? 'is invalid'}.` }]
  return [{ path, message: `${issue.message}.` }]
}

function renderUnknown(path: string, key: string): ErrorDetail {
  const known = booterKeys[path.replace(/^nodes\.[^.]+/, 'nodes.*')] ?? []
  const nearest = nearestOf(key, known)
  return { path: path === '' ? key : `${path}.${key}`, message: `is not known${nearest === null ? '' : `; did you mean ${nearest}?`}` }
}
