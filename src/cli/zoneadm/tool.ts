import type { Failure, Tool } from '../command.ts'

export const tool: Tool = {
  name: 'zoneadm',
  summary: 'Lists zones and starts and stops them; vmadm does more',
  options: [
    { long: 'zone', short: 'z', value: 'NAME', summary: 'The zone to act on: UUID, alias or the first letters of a UUID', complete: 'machine' },
    { long: 'uuid', short: 'u', value: 'UUID', summary: 'As -z' },
  ],
  commands: [
    { name: 'list', summary: 'Lists zones', load: () => import('./list.ts') },
    { name: 'boot', summary: 'Starts a zone', load: () => import('./boot.ts') },
    { name: 'halt', summary: 'Halts a zone at once', load: () => import('./halt.ts') },
    { name: 'reboot', summary: 'Halts a zone and starts it again, at once', load: () => import('./reboot.ts') },
    { name: 'shutdown', summary: 'Asks a zone to shut down; with -r to reboot', load: () => import('./shutdown.ts') },
  ],
  renderFailure: (failure: Failure) => `zoneadm: ${failure.message.replace(/\.$/, '')}`,
}
