import { dirname, join } from 'node:path'
import { renderAccounts } from '#plan/custom/accounts.ts'
import type { CustomStep } from '#plan/custom/facts.ts'
import { mergePackages } from '../package/merge.ts'
import type { System } from '../system.ts'

type Executors = { [Kind in CustomStep['kind']]: (system: System, step: Extract<CustomStep, { kind: Kind }>) => Promise<void> }

/** How each kind of step is done. Each may be repeated. */
const executors: Executors = {
  'module.load': async (system, { module }) => void (await system.run(['modprobe', module.name, ...module.options])),
  'packages.merge': async (system) => await mergePackages(system),
  'account.ensure': async (system, { user }) => await ensureAccount(system, user),
  'home.ensure': async (system, { path, uid }) => await ensureHome(system, path, uid),
  'file.write': async (system, { path, text, mode }) => {
    await system.ensureDirectory(dirname(path))
    await system.write(path, text, { mode, durable: false })
  },
  'sysctl.write': async (system, { path, value }) => await system.writeKernel(join('/proc/sys', path), value),
  // Nothing waits for it: at boot the unit's turn comes after this program has ended.
  'unit.start': async (system, { unit }) => {
    await system.run(['systemctl', 'enable', '--no-reload', '--', unit])
    await system.run(['systemctl', 'start', '--no-block', '--', unit])
  },
  'unit.stop': async (system, { unit }) => {
    await system.run(['systemctl', 'mask', '--no-reload', '--', unit])
    await system.run(['systemctl', 'stop', '--no-block', '--', unit])
  },
}

export async function runCustomStep(system: System, step: CustomStep): Promise<void> {
  const execute = executors[step.kind] as (system: System, step: CustomStep) => Promise<void>
  await execute(system, step)
}

async function ensureAccount(system: System, user: Extract<CustomStep, { kind: 'account.ensure' }>['user']): Promise<void> {
  const read = async (name: string): Promise<string> => (await system.read(`/etc/${name}`)) ?? ''
  const present = { passwd: await read('passwd'), group: await read('group'), shadow: await read('shadow') }
  const wanted = renderAccounts(present, user)
  // The password first: the user is never there with another one.
  for (const name of ['shadow', 'group', 'passwd'] as const) {
    if (wanted[name] === present[name]) continue
    await system.write(`/etc/${name}`, wanted[name], { mode: name === 'shadow' ? 0o600 : 0o644, durable: false })
  }
}

async function ensureHome(system: System, path: string, uid: number): Promise<void> {
  await system.ensureDirectory(dirname(path))
  await system.run(['install', '--directory', '--mode=0700', `--owner=${uid}`, `--group=${uid}`, '--', path])
}
