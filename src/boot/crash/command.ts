import { renderColumns } from '#lib/table-text.ts'
import { type Cli, type Command, hasOption } from '../../cli/command.ts'
import { usage } from '../../cli/parse-args.ts'
import { collectCrashes } from './collect.ts'
import { clearCrashes, readCrashes, readCrashText } from './read.ts'

export const command: Command = {
  description: [
    'When the kernel dies, the end of its log is kept in memory that lasts over a reboot, or by the firmware. The next boot',
    'moves it to /zones/cores/global, where it stays, told of at each login, until it is cleared.',
  ],
  arguments: [
    {
      name: 'VERB',
      summary: 'list (as without one), show, clear, or collect (done at each boot)',
      optional: true,
      complete: ['list', 'show', 'clear', 'collect'],
    },
    { name: 'FILE', summary: 'Which crash to show; the last one without it', optional: true, complete: 'file' },
  ],
  options: [{ long: 'json', summary: 'Prints JSON' }],
  examples: [
    { command: 'spirula-boot crash', summary: 'What was kept' },
    { command: 'spirula-boot crash show', summary: 'The log of the last one' },
    { command: 'spirula-boot crash clear', summary: 'Removes them all' },
  ],
  async run(input, cli) {
    const [verb = 'list', file] = input.args
    if (file !== undefined && verb !== 'show') throw usage(`The verb ${verb} takes no file.`)
    if (verb === 'list') await list(cli, hasOption(input, 'json'))
    else if (verb === 'show') cli.out(renderLog(await readCrashText(file)))
    else if (verb === 'clear') cli.err(`Removed ${await clearCrashes()} crash logs.\n`)
    else if (verb === 'collect') for (const path of await collectCrashes()) cli.err(`The log of a kernel that died is kept as ${path}.\n`)
    else throw usage(`Invalid verb "${verb}": list, show, clear or collect is expected.`)
    return 0
  },
}

async function list(cli: Cli, json: boolean): Promise<void> {
  const crashes = await readCrashes()
  if (json) cli.out(`${JSON.stringify(crashes, null, 2)}\n`)
  else if (crashes.length === 0) cli.err('No crash of the kernel is kept.\n')
  else
    cli.out(
      renderColumns(
        ['AT', 'FILE', 'WHAT'].map((header) => ({ header })),
        crashes.map((crash) => [crash.at, crash.file, crash.first_line]),
      ),
    )
}

/** A log as a terminal may see it. */
function renderLog(text: string): string {
  return `${text.replace(/[^\x20-\x7e\n\t]/g, '?').trimEnd()}\n`
}
