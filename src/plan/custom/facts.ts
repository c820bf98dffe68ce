import type { CustomModule, CustomUser } from '#contracts/platform/custom.ts'
import type { PackageFacts } from './packages.ts'

/** Texts of the account files. */
export interface Accounts {
  passwd: string
  group: string
  shadow: string
}

export interface FileFact {
  text: string
  /** Permission bits. */
  mode: number
}

/** The machine as it is, as far as a declaration is about it. */
export interface CustomFacts {
  /** Accounts now, and as the image has them: those are not ours to change. */
  accounts: Accounts
  pristine: Accounts
  /** Contents of /etc/shells. */
  shells: string
  /** Files by path, null = missing: of the paths that `filesOf` names. */
  files: ReadonlyMap<string, FileFact | null>
  /** Sources of files by path: text, or a sentence why it cannot be read. */
  sources: ReadonlyMap<string, { text: string } | { problem: string }>
  /** Values of kernel settings by path below /proc/sys; null = the kernel has none of that name. */
  sysctl: ReadonlyMap<string, string | null>
  /** Names of loaded or built-in modules, with _ for -. */
  modules: ReadonlySet<string>
  /** Whether a directory is there. */
  directories: ReadonlySet<string>
  /** Unit files of the pool: path below the unit directory → text. */
  unit_files: ReadonlyMap<string, string>
  /** Units that were named, as systemctl sees them. */
  units: ReadonlyMap<string, UnitFact>
  packages: PackageFacts
}

export interface UnitFact {
  /** LoadState: `loaded`, `not-found`, `masked`, … */
  load: string
  /** ActiveState: `active`, `activating`, `inactive`, `failed`, … */
  active: string
  /** It is one that runs to its end, was enabled, and has not failed. */
  done: boolean
}

/** One thing to do. */
export type CustomStep =
  | { kind: 'module.load'; module: CustomModule }
  | { kind: 'packages.merge' }
  | { kind: 'account.ensure'; user: CustomUser }
  | { kind: 'home.ensure'; path: string; uid: number }
  | { kind: 'file.write'; path: string; text: string; mode: number }
  | { kind: 'sysctl.write'; path: string; value: string }
  | { kind: 'unit.start'; unit: string }
  | { kind: 'unit.stop'; unit: string }

export const customKinds = ['module', 'package', 'user', 'root_keys', 'file', 'sysctl', 'unit_file', 'disabled_unit', 'unit'] as const

/** A declared thing with what it lacks. No steps and no problem: it is as declared. */
export interface CustomItem {
  kind: (typeof customKinds)[number]
  name: string
  steps: CustomStep[]
  /** A sentence why it cannot be done. */
  problem?: string
}
