import type { Tool } from '../command.ts'

/** The verbs of `spirula` that ask the daemon; those that start and stop it are in src/setup. */
export const tool: Tool = {
  name: 'spirula',
  summary: 'Follows and cancels what the node daemon is doing; stops all machines',
  commands: [
    { name: 'operations', summary: 'Lists operations under way and recent ones', load: () => import('./operations.ts') },
    { name: 'operation', summary: 'Prints one operation, or follows it to its end', load: () => import('./operation.ts') },
    { name: 'cancel', summary: 'Asks an operation to stop and undo what it did', load: () => import('./cancel.ts') },
    { name: 'shutdown', summary: 'Stops all machines in order, as before a power-off', load: () => import('./shutdown.ts') },
  ],
}
