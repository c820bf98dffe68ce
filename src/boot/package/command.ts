import { customPaths } from '#contracts/platform/custom.ts'
import { renderColumns } from '#lib/table-text.ts'
import { choosePackages } from '#plan/custom/packages.ts'
import { type Cli, type Command, hasOption } from '../../cli/command.ts'
import { usage } from '../../cli/parse-args.ts'
import { readCustom } from '../custom/apply.ts'
import { createSystem, type System } from '../system.ts'
import { addPackages, removePackages } from './change.ts'
import { makesUser } from './deb-file.ts'
import { packagePlaces } from './places.ts'
import { readPackageFacts } from './read-facts.ts'

export const command: Command = {
  description: [
    'Debian packages for the global zone that outlive a boot and an upgrade of the platform. add fetches them with all they need',
    'and keeps exactly these versions on the pool; each boot merges them into /usr, without a network. Scripts of packages do not',
    'run: a user that one needs is declared in /usbkey/custom.json, a service is named in systemd.enable there.',
  ],
  arguments: [
    { name: 'VERB', summary: 'list (as without one), add or remove', optional: true, complete: ['list', 'add', 'remove'] },
    { name: 'NAME', summary: 'Package', optional: true, many: true },
  ],
  options: [{ long: 'json', summary: 'Prints JSON' }],
  examples: [
    { command: 'spirula-boot package add htop', summary: 'Fetches htop, and merges it now and at each boot' },
    { command: 'spirula-boot package remove htop', summary: 'Undoes it' },
  ],
  async run(input, cli) {
    const [verb = 'list', ...names] = input.args
    const system = createSystem()
    const wrong = names.find((name) => !/^[a-z0-9][a-z0-9+.-]{1,100}$/.test(name))
    if (wrong !== undefined) throw usage(`"${wrong}" is not the name of a package.`)
    if (verb === 'list' && names.length === 0) await list(system, cli, hasOption(input, 'json'))
    else if (verb === 'add' && names.length > 0) await add(system, cli, names)
    else if (verb === 'remove' && names.length > 0) await remove(system, cli, names)
    else
      throw usage(
        ['add', 'remove'].includes(verb) ? `The verb ${verb} needs the name of a package.` : `Invalid verb "${verb}": list, add or remove is expected.`,
      )
    return 0
  },
}

async function add(system: System, cli: Cli, names: readonly string[]): Promise<void> {
  cli.err('Fetching packages; this may take some minutes.\n')
  const { fetched, own } = await addPackages(system, names)
  for (const name of own) cli.err(`The platform has ${name} itself.\n`)
  for (const { name, version } of fetched) cli.err(`Added ${name} ${version}.\n`)
  for (const found of fetched) {
    if (await makesUser(system, packagePlaces.debs, found))
      cli.err(`${found.name} needs a user of its own: declare it under users in ${customPaths.declaration}, then spirula-boot custom apply.\n`)
  }
  if (fetched.length === 0 && own.length < names.length) cli.err('All of it was there already.\n')
}

async function remove(system: System, cli: Cli, names: readonly string[]): Promise<void> {
  for (const { name, version } of await removePackages(system, names)) cli.err(`Removed ${name} ${version}.\n`)
}

async function list(system: System, cli: Cli, json: boolean): Promise<void> {
  const facts = await readPackageFacts(system)
  const declared = new Set((await readCustom(system)).packages)
  const { use, problems } = choosePackages(facts)
  const rows = facts.record.packages.map(({ name, version, architecture }) => {
    const state = use.some((found) => found.name === name) ? 'used' : problems.has(name) ? 'unfit' : 'own'
    return {
      name,
      version,
      architecture,
      wanted: declared.has(name),
      state,
      reason: problems.get(name) ?? (state === 'own' ? 'The platform has it itself.' : '-'),
    }
  })
  if (json) return cli.out(`${JSON.stringify(rows, null, 2)}\n`)
  const columns = ['NAME', 'VERSION', 'WANTED', 'STATE', 'REASON'].map((header) => ({ header }))
  cli.out(
    renderColumns(
      columns,
      rows.map((row) => [row.name, row.version, row.wanted ? 'yes' : 'as needed', row.state, row.reason]),
    ),
  )
}
