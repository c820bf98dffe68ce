import type { Custom } from '#contracts/platform/custom.ts'
import type { CustomFacts, CustomItem } from './facts.ts'

/** Where units of the pool are put. */
export const unitTarget = '/etc/systemd/system'

const unitFile = /^[A-Za-z0-9:_.@\\-]+\.(service|socket|timer|path|mount|automount|target|slice)$/
const dropIn = /^[A-Za-z0-9:_.@\\-]+\.(service|socket|timer|path|mount|automount|target|slice)\.d\/[A-Za-z0-9:_.@\\-]+\.conf$/
/** Units that are the platform itself: they may be added to by a drop-in, but not replaced or stopped. */
const own = /^(spirula[a-z-]*|systemd-[a-z0-9-]+|dbus(-broker)?)\.(service|path|socket|target)$/

/** Units and drop-ins found on the pool: each lies in /etc with the same text, and a unit that says who wants it runs. */
export function planUnitFiles(facts: CustomFacts): CustomItem[] {
  return [...facts.unit_files].map(([name, text]) => {
    const item = { kind: 'unit_file', name } as const
    const problem = problemOfFile(name, text)
    if (problem !== null) return { ...item, steps: [], problem }
    const path = `${unitTarget}/${name}`
    // It is started when systemd has read it: by the next plan.
    if (facts.files.get(path)?.text !== text) return { ...item, steps: [{ kind: 'file.write', path, text, mode: 0o644 }] }
    return { ...item, steps: !isWanted(name, text) || isRunning(facts, name) ? [] : [{ kind: 'unit.start', unit: name }] }
  })
}

function problemOfFile(name: string, text: string): string | null {
  if (name.endsWith('.xml')) return `The file ${name} is a manifest for SMF, which Linux has not; write a systemd unit in its place.`
  if (!unitFile.test(name) && !dropIn.test(name)) return `The file ${name} is neither a systemd unit nor a drop-in (UNIT.d/NAME.conf).`
  if (own.test(name)) return `The unit ${name} is the platform's own and cannot be replaced; a drop-in ${name}.d/NAME.conf may add to it.`
  return /^\s*\[[A-Za-z]+\]/m.test(text) ? null : `The file ${name} has no section such as [Service].`
}

/** A unit with an [Install] section runs; a template needs an instance, named by `systemd.enable`. */
function isWanted(name: string, text: string): boolean {
  return unitFile.test(name) && !/@\.[a-z]+$/.test(name) && /^\s*\[Install\]/m.test(text)
}

/** Units declared not to run: masked, and at rest. */
export function planDisabledUnits(facts: CustomFacts, { systemd }: Custom): CustomItem[] {
  return systemd.disable.map((unit) => {
    const item = { kind: 'disabled_unit', name: unit } as const
    if (own.test(unit)) return { ...item, steps: [], problem: `The unit ${unit} is the platform's own and cannot be disabled.` }
    if (systemd.enable.includes(unit)) return { ...item, steps: [], problem: `The unit ${unit} is declared both to run and not to run.` }
    const fact = facts.units.get(unit)
    const gone = fact !== undefined && (fact.load === 'masked' || fact.load === 'not-found') && fact.active === 'inactive'
    return { ...item, steps: gone ? [] : [{ kind: 'unit.stop', unit }] }
  })
}

/** Units of the platform or of a package that are declared to run. */
export function planUnits(facts: CustomFacts, { systemd }: Custom): CustomItem[] {
  const units = systemd.enable.filter((unit) => !systemd.disable.includes(unit))
  return units.map((unit) => ({ kind: 'unit', name: unit, steps: isRunning(facts, unit) ? [] : [{ kind: 'unit.start', unit }] }))
}

/** A unit that ran to its end, or is about to run, is as good as running. */
function isRunning(facts: CustomFacts, unit: string): boolean {
  const fact = facts.units.get(unit)
  return fact !== undefined && (fact.done || ['active', 'activating', 'reloading'].includes(fact.active))
}
