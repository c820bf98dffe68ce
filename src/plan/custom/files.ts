import type { Custom, CustomFile } from '#contracts/platform/custom.ts'
import { customPaths } from '#contracts/platform/custom.ts'
import type { CustomFacts, CustomItem } from './facts.ts'
import { findSecret } from './secrets.ts'

/** Files of /etc with another owner, and where their contents are declared. */
const taken: readonly { pattern: RegExp; instead: string }[] = [
  { pattern: /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-?$/, instead: 'declare users' },
  { pattern: /^\/etc\/ssh\/(ssh_host_.*|authorized_keys\.d(\/.*)?)$/, instead: 'declare authorized keys; host keys are below /usbkey/ssh' },
  { pattern: /^\/etc\/systemd\/system(\/.*)?$/, instead: 'put units into /opt/custom/systemd' },
  { pattern: /^\/etc\/(sysctl\.conf|sysctl\.d(\/.*)?)$/, instead: 'declare sysctl: the files there have been read when this is applied' },
  { pattern: /^\/etc\/(hostname|resolv\.conf|machine-id|motd|issue|spirula(\/.*)?)$/, instead: 'it is made from /usbkey/config at each boot' },
]

/** Modes of the declaration's files, and their paths: what `facts.files` and `facts.sources` must hold. */
export function filesOf(custom: Custom): { paths: string[]; sources: string[] } {
  return { paths: custom.files.map((file) => file.path), sources: custom.files.map((file) => file.source).filter((source) => source !== undefined) }
}

export function planFiles(facts: CustomFacts, custom: Custom): CustomItem[] {
  return custom.files.map((file, index) => {
    const item = { kind: 'file', name: file.path } as const
    const twice = custom.files.findIndex((other) => other.path === file.path) !== index
    const problem = twice ? `The file ${file.path} is declared twice.` : (problemOfPath(file) ?? problemOfText(facts, file))
    if (problem !== null) return { ...item, steps: [], problem }
    const text = textOf(facts, file)
    const mode = Number.parseInt(file.mode, 8)
    const present = facts.files.get(file.path) ?? null
    return { ...item, steps: present?.text === text && present.mode === mode ? [] : [{ kind: 'file.write', path: file.path, text, mode }] }
  })
}

function problemOfPath({ path, source, mode }: CustomFile): string | null {
  if (!path.startsWith('/etc/')) return `The file ${path} is not below /etc; nothing else of the platform can be declared.`
  const owner = taken.find(({ pattern }) => pattern.test(path))
  if (owner !== undefined) return `The file ${path} cannot be declared: ${owner.instead}.`
  if (source?.startsWith(`${customPaths.directory}/`) === false) return `The source ${source} of ${path} is not below ${customPaths.directory}.`
  if ((Number.parseInt(mode, 8) & 0o022) !== 0) return `The file ${path} could be changed by everybody with the mode ${mode}; give 0644 or less.`
  return null
}

function problemOfText(facts: CustomFacts, file: CustomFile): string | null {
  const source = file.source === undefined ? undefined : facts.sources.get(file.source)
  if (source !== undefined && 'problem' in source) return source.problem
  if (file.source !== undefined && source === undefined) return `The source ${file.source} of ${file.path} is missing.`
  const secret = (Number.parseInt(file.mode, 8) & 0o044) === 0 ? null : findSecret(textOf(facts, file))
  return secret === null
    ? null
    : `The file ${file.path} seems to hold a secret (${secret}), and its mode ${file.mode} lets others read it; give it the mode 0600.`
}

function textOf(facts: CustomFacts, file: CustomFile): string {
  if (file.content !== undefined) return file.content
  const source = facts.sources.get(file.source ?? '')
  return source !== undefined && 'text' in source ? source.text : ''
}
