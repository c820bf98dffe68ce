import type { MachineChange, MachineEvent } from '#contracts/machine/event.ts'

/** One change as `vmadm events` prints it; a `modify` event has a line for each difference. `full` keeps date and UUID whole. */
export function renderEvent(event: MachineEvent, full: boolean): string {
  const time = full ? event.date : event.date.slice(event.date.indexOf('T') + 1)
  if (event.type === 'ready') return `[${time}] ready: ${Object.keys(event.vms).length} machines\n`
  const zone = full ? event.zonename : event.zonename.slice(0, 8)
  const start = `[${time}] ${zone} ${event.vm.alias ?? '-'}`
  if (event.type !== 'modify') return `${start} ${event.type}\n`
  return event.changes.map((change) => `${start} ${renderChange(change)}\n`).join('')
}

function renderChange(change: MachineChange): string {
  return `${change.prettyPath} ${change.action} :: ${renderValue(change.oldValue)} -> ${renderValue(change.newValue)}`
}

function renderValue(value: unknown): string {
  return value === undefined ? '-' : JSON.stringify(value)
}
