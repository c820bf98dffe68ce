import type { Custom } from '#contracts/platform/custom.ts'
import type { CustomFacts, CustomItem } from './facts.ts'
import { planFiles } from './files.ts'
import { planModules, planSysctl } from './kernel.ts'
import { planPackages } from './packages.ts'
import { planDisabledUnits, planUnitFiles, planUnits } from './units.ts'
import { planRootKeys, planUsers } from './users.ts'

/**
 * What a declaration comes to on this machine, in the order it is to be done: a package may bring the shell of a user,
 * a module the setting, a file the configuration of a unit.
 */
export function planCustom(facts: CustomFacts, custom: Custom): CustomItem[] {
  return [
    ...planModules(facts, custom),
    ...planPackages(facts, custom),
    ...planUsers(facts, custom),
    ...planRootKeys(facts, custom),
    ...planFiles(facts, custom),
    ...planSysctl(facts, custom),
    ...planUnitFiles(facts),
    ...planDisabledUnits(facts, custom),
    ...planUnits(facts, custom),
  ]
}
