import type { Brand, Machine, MachineState } from './record.ts'

/** What can be done with a machine besides creating it. */
export type MachineAction =
  | 'start'
  | 'stop'
  | 'reboot'
  | 'kill'
  | 'update'
  | 'delete'
  | 'snapshot'
  | 'rollback'
  | 'reprovision'
  | 'send'
  | 'console'
  | 'enter'
  | 'info'

export type RuleSubject = Pick<Machine, 'uuid' | 'brand' | 'state'>

/** States each action is allowed in. Every state may be deleted. */
const allowedStates: Record<MachineAction, readonly MachineState[] | 'any'> = {
  start: ['stopped'],
  // A provisioning or already stopping guest can be stopped too, with -F if need be.
  stop: ['running', 'provisioning', 'starting', 'stopping', 'ready', 'shutting_down', 'down'],
  reboot: ['running'],
  kill: ['running', 'provisioning', 'starting', 'stopping', 'shutting_down'],
  console: ['running', 'provisioning', 'starting', 'stopping', 'shutting_down'],
  enter: ['running', 'provisioning', 'starting', 'stopping', 'shutting_down'],
  info: ['running'],
  update: ['running', 'stopped', 'failed', 'provisioning', 'starting', 'stopping', 'ready', 'shutting_down', 'down'],
  snapshot: ['running', 'stopped'],
  rollback: ['running', 'stopped'],
  reprovision: ['running', 'stopped'],
  send: ['running', 'stopped'],
  delete: 'any',
}

const hvmOnly: readonly Brand[] = ['kvm', 'bhyve']

/**
 * Why the action is not possible now, in SmartOS's words (reference 1.2, 1.8); null when it is. Starting what
 * runs and stopping what is stopped count as done in SmartOS: ask `alreadyDone` before. Whether a guard
 * forbids it is told by `whyProtected`.
 */
export function whyNot(action: MachineAction, machine: RuleSubject): string | null {
  const brandReason = whyNotBrand(action, machine.brand)
  if (brandReason !== null) return brandReason
  const allowed = allowedStates[action]
  if (allowed === 'any' || allowed.includes(machine.state)) return null
  return renderStateReason(action, machine.state)
}

function whyNotBrand(action: MachineAction, brand: Brand): string | null {
  if (action === 'info' && !hvmOnly.includes(brand)) return `no info types supported for brand ${brand}`
  if (brand === 'kvm' && (action === 'snapshot' || action === 'rollback')) return 'snapshots for kvm VMs currently unsupported'
  if (brand === 'kvm' && action === 'reprovision') return 'brand "kvm" does not support reprovision'
  return null
}

function renderStateReason(action: MachineAction, state: MachineState): string {
  switch (action) {
    case 'start':
      return `Cannot start vm from state "${state}", must be "stopped".`
    case 'reboot':
      return `Cannot reboot vm from state "${state}", must be "running"`
    case 'snapshot':
    case 'rollback':
    case 'reprovision':
    case 'send':
      return `Cannot ${action} vm from state "${state}", must be "running" or "stopped".`
    case 'update':
      return `Cannot update vm from state "${state}", it is not installed.`
    default:
      return `Cannot ${action} vm from state "${state}", must be "running".`
  }
}

/** SmartOS's sentence when there is nothing to do, which is a success; null when there is. */
export function alreadyDone(action: 'start' | 'stop', machine: RuleSubject): string | null {
  if (action === 'start') return machine.state === 'running' ? `VM ${machine.uuid} is already 'running'` : null
  const runs = allowedStates.stop !== 'any' && allowedStates.stop.includes(machine.state)
  return runs ? null : `VM ${machine.uuid} is already not 'running' (currently: ${machine.state})`
}

/** Which guard forbids to delete or reprovision the machine (reference 1.8); null when none does. */
export function whyProtected(action: 'delete' | 'reprovision', machine: Pick<Machine, 'indestructible_zoneroot' | 'indestructible_delegated'>): string | null {
  if (machine.indestructible_zoneroot === true) return `indestructible_zoneroot is set, cannot ${action}`
  if (action === 'delete' && machine.indestructible_delegated === true) return 'indestructible_delegated is set, cannot delete'
  return null
}

/** 1 to 64 of letters, digits and `-_.:%` (reference 1.8). */
export function isSnapshotName(name: string): boolean {
  return /^[A-Za-z0-9\-_.:%]{1,64}$/.test(name)
}
