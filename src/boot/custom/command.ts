import { AppError } from '#contracts/errors.ts'
import { customPaths, type CustomResult } from '#contracts/platform/custom.ts'
import { renderColumns } from '#lib/table-text.ts'
import { planCustom } from '#plan/custom/plan.ts'
import { type Command, hasOption } from '../../cli/command.ts'
import { usage } from '../../cli/parse-args.ts'
import { createSystem, type System } from '../system.ts'
import { applyCustom, readCustom, readCustomStates } from './apply.ts'
import { readCustomFacts } from './read-facts.ts'

export const command: Command = {
  description: [
    'Nothing of the platform is on disk. What an administrator adds to the global zone is declared in /usbkey/custom.json: packages,',
    'users, authorized_keys of root, sysctl, files below /etc, kernel_modules, and systemd units to enable or disable. Units and',
    'drop-ins below /opt/custom/systemd (or /opt/custom/smf) need no declaration. All of it is applied at each boot.',
    'What is taken out of the declaration stays until the next boot.',
  ],
  arguments: [
    { name: 'VERB', summary: 'list (as without one), check or apply', optional: true, complete: ['list', 'check', 'apply'] },
    { name: 'FILE', summary: 'Declaration to check; /usbkey/custom.json without it', optional: true, complete: 'file' },
  ],
  options: [{ long: 'json', summary: 'Prints JSON' }],
  examples: [
    { command: 'spirula-boot custom', summary: 'What is declared, and whether it is so' },
    { command: 'spirula-boot custom check /root/new.json', summary: 'Finds mistakes before they are made; changes nothing' },
    { command: 'spirula-boot custom apply', summary: 'Makes it so now' },
  ],
  async run(input, cli) {
    const [verb = 'list', file] = input.args
    const system = createSystem()
    const show = (results: readonly CustomResult[]): void =>
      cli.out(hasOption(input, 'json') ? `${JSON.stringify(results, null, 2)}\n` : renderResults(results))
    if (file !== undefined && verb !== 'check') throw usage(`The verb ${verb} takes no file.`)
    if (verb === 'list') {
      const results = await readCustomStates(system)
      if (results.length === 0) cli.err(`Nothing is declared in ${customPaths.declaration}.\n`)
      show(results)
      return 0
    }
    if (verb !== 'check' && verb !== 'apply') throw usage(`Invalid verb "${verb}": list, check or apply is expected.`)
    const results = verb === 'check' ? await check(system, file) : await apply(system)
    show(results)
    return results.some(({ state }) => state === 'failed') ? 1 : 0
  },
}

/** What a declaration would come to here. */
async function check(system: System, file: string | undefined): Promise<CustomResult[]> {
  if (file !== undefined && (await system.read(file)) === null) throw new AppError('NotFound', `There is no file ${file}.`)
  const custom = await readCustom(system, file)
  return planCustom(await readCustomFacts(system, custom), custom).map(({ kind, name, steps, problem }) => {
    if (problem !== undefined) return { kind, name, state: 'failed', reason: problem }
    return steps.length === 0
      ? { kind, name, state: 'applied' }
      : { kind, name, state: 'differs', reason: `To be done: ${steps.map((step) => step.kind).join(', ')}.` }
  })
}

async function apply(system: System): Promise<CustomResult[]> {
  const { refused, results } = await applyCustom(system)
  if (refused !== undefined) throw new AppError('InvalidPayload', refused)
  return results
}

function renderResults(results: readonly CustomResult[]): string {
  const columns = ['KIND', 'NAME', 'STATE', 'REASON'].map((header) => ({ header }))
  return renderColumns(
    columns,
    results.map(({ kind, name, state, reason = '-' }) => [kind, name, state, reason]),
  )
}
