import { createInterface } from 'node:readline/promises'
import { AppError } from '#contracts/errors.ts'
import { BootState, poolProperties } from '#contracts/platform/boot-state.ts'
import { platformPaths } from '#contracts/platform/names.ts'
import { readJsonFile } from '#host/fs/atomic.ts'
import { type Cli, type Command, hasOption, optionValue } from '../../cli/command.ts'
import { createSystem } from '../system.ts'

export const command: Command = {
  description: [
    'Marks the system pool so that the next boot destroys it, with all machines on it, and then reboots. The first-boot',
    'dialogue follows. Until then the only way out is a rescue boot (noimport=true), an import by hand, and',
    `zfs inherit ${poolProperties.factoryReset} POOL.`,
  ],
  arguments: [],
  options: [
    { long: 'shutdown', short: 's', summary: 'Powers the node off in place of the reboot' },
    { long: 'yes', value: 'POOL', summary: 'The name of the pool, in place of asking for it' },
  ],
  examples: [{ command: 'sdc-factoryreset -s', summary: 'Asks for the name of the pool, then powers off; the next boot begins anew' }],
  async run(input, cli) {
    const pool = await readSystemPool()
    const typed = optionValue(input, 'yes') ?? (await ask(pool, cli))
    if (typed.trim() !== pool) throw new AppError('Cancelled', `"${typed.trim()}" is not the name of the pool: nothing was changed.`)
    const system = createSystem()
    await system.run(['zfs', 'set', `${poolProperties.factoryReset}=yes`, pool])
    await system.run(['zpool', 'sync', pool])
    const verb = hasOption(input, 'shutdown') ? 'poweroff' : 'reboot'
    cli.err(`The pool ${pool} will be destroyed by the next boot.\n`)
    await system.run(['systemctl', '--no-block', verb])
    return 0
  },
}

async function readSystemPool(): Promise<string> {
  const written = await readJsonFile(platformPaths.bootState)
  const pool = written === null ? undefined : BootState.parse(written).pool
  if (pool === undefined) throw new AppError('PoolUnavailable', 'This boot has no system pool, so there is nothing to reset.', { hint: 'spirula-boot status' })
  return pool
}

async function ask(pool: string, cli: Cli): Promise<string> {
  if (!cli.isTerminal(0)) throw new AppError('Usage', 'The name of the pool must be typed at a terminal.', { hint: `spirula-boot factoryreset --yes ${pool}` })
  cli.err(`This destroys the pool ${pool} with all machines, images and settings on it.\n`)
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await lines.question('Type the name of the pool to go on: ')
  } finally {
    lines.close()
  }
}
