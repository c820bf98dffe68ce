import type { Failure, Tool } from '../command.ts'

export const tool: Tool = {
  name: 'vmadm',
  summary: 'Manages the machines of this node',
  options: [
    { long: 'verbose', short: 'v', summary: 'Accepted for scripts written for SmartOS; the daemon keeps the log' },
    { long: 'debug', short: 'd', summary: 'As -v' },
  ],
  commands: [
    { name: 'create', summary: 'Creates a machine', load: () => import('./create.ts') },
    { name: 'list', summary: 'Lists machines', load: () => import('./list.ts') },
    { name: 'get', aliases: ['json'], summary: 'Prints one machine as JSON', load: () => import('./get.ts') },
    { name: 'lookup', summary: 'Finds machines by their properties', load: () => import('./lookup.ts') },
    { name: 'start', aliases: ['boot'], summary: 'Starts a machine', load: () => import('./start.ts') },
    { name: 'stop', aliases: ['halt'], summary: 'Stops a machine', load: () => import('./stop.ts') },
    { name: 'reboot', summary: 'Reboots a machine', load: () => import('./reboot.ts') },
    { name: 'update', summary: 'Changes properties of a machine', load: () => import('./update.ts') },
    { name: 'delete', aliases: ['destroy'], summary: 'Deletes a machine and its data', load: () => import('./delete.ts') },
    { name: 'console', summary: 'Connects this terminal to the console of a machine', load: () => import('./console.ts') },
    { name: 'info', summary: 'Prints what the hypervisor tells of a running machine', load: () => import('./info.ts') },
    { name: 'events', summary: 'Follows the changes of machines', load: () => import('./events.ts') },
    { name: 'kill', summary: 'Sends a signal to the init process of a machine', load: () => import('./kill.ts') },
    { name: 'sysrq', summary: 'Sends a system request to a virtual machine', load: () => import('./sysrq.ts') },
    { name: 'create-snapshot', summary: 'Takes a snapshot of a machine', load: () => import('./create-snapshot.ts') },
    { name: 'rollback-snapshot', summary: 'Returns a machine to a snapshot', load: () => import('./rollback-snapshot.ts') },
    { name: 'delete-snapshot', summary: 'Deletes a snapshot', load: () => import('./delete-snapshot.ts') },
    { name: 'reprovision', summary: 'Replaces the root of a machine by another image', load: () => import('./reprovision.ts') },
    { name: 'validate', summary: 'Checks a payload without acting on it', load: () => import('./validate.ts') },
    { name: 'send', summary: 'Writes a machine and its data to standard output', load: () => import('./send.ts') },
    { name: 'receive', aliases: ['recv'], summary: 'Makes a machine from what send wrote', load: () => import('./receive.ts') },
    { name: 'install', summary: 'Completes a received machine whose data came separately', load: () => import('./install.ts') },
  ],
  renderFailure,
  // 3 means something to imgadm only.
  exitOf: (failure) => (failure.code === 'ImageNotFound' ? 1 : undefined),
}

/** Plain sentences, as SmartOS prints them; a missing machine is told in the words of zoneadm. */
export function renderFailure(failure: Failure): string {
  return failure.code === 'MachineNotFound' ? failure.message.replace(/(\S+: No such zone configured)/, 'zoneadm: $1') : failure.message
}
