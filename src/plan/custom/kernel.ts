import type { Custom } from '#contracts/platform/custom.ts'
import type { CustomFacts, CustomItem } from './facts.ts'

/** Settings that the platform lives by. */
const ownSettings = new Map([
  ['kernel/core_pattern', 'core files go to /zones/cores by it'],
  ['kernel/core_pipe_limit', 'core files go to /zones/cores by it'],
  ['kernel/modules_disabled', 'the node must be able to load modules'],
])

/** Path below /proc/sys of a setting: dots part the words, unless slashes do. */
export function sysctlPath(name: string): string {
  const slashed = name.includes('/') && !/^[^/]*\./.test(name)
  return slashed ? name : name.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'))
}

export function planSysctl(facts: CustomFacts, custom: Custom): CustomItem[] {
  const names = Object.keys(custom.sysctl)
  return names.map((name, index) => {
    const path = sysctlPath(name)
    const value = String(custom.sysctl[name])
    const present = facts.sysctl.get(path)
    const item = { kind: 'sysctl', name } as const
    const twin = names.slice(0, index).find((other) => sysctlPath(other) === path)
    if (twin !== undefined) return { ...item, steps: [], problem: `The settings ${twin} and ${name} are the same.` }
    if (path.split('/').includes('..')) return { ...item, steps: [], problem: `The setting ${name} leads out of the kernel's settings.` }
    const own = ownSettings.get(path)
    if (own !== undefined) return { ...item, steps: [], problem: `The setting ${name} cannot be declared: ${own}.` }
    if (present === null || present === undefined)
      return { ...item, steps: [], problem: `This kernel has no setting ${name}; perhaps a module must be declared that brings it.` }
    return { ...item, steps: words(present) === words(value) ? [] : [{ kind: 'sysctl.write', path, value }] }
  })
}

/** The kernel puts tabs between values. */
function words(value: string): string {
  return value.trim().split(/\s+/).join(' ')
}

export function planModules(facts: CustomFacts, custom: Custom): CustomItem[] {
  return custom.kernel_modules.map((module) => ({
    kind: 'module',
    name: module.name,
    steps: facts.modules.has(module.name.replaceAll('-', '_')) ? [] : [{ kind: 'module.load', module }],
  }))
}
