import { hasOption, type Cli, type Command } from '#cli/command.ts'
import { AppError } from '#contracts/errors.ts'
import { PoolLayout } from '#contracts/platform/layout.ts'
import { systemPool } from '#contracts/platform/names.ts'
import { silentLog, type Context } from '#host/context.ts'
import { createDataPool, createSystemPool } from '#host/disks/create-pool.ts'
import { readTextFile } from '#host/fs/atomic.ts'
import { planDividedDisk } from '#plan/disks/partitions.ts'
import { readNewPassphrase } from './passphrase.ts'

export const command: Command = {
  description: [
    `A pool named ${systemPool} gets the datasets a node lives on and is mounted at /zones; any other is mounted at /POOL.`,
    'The disks are erased. A disk that is in use, or that has a pool on it which --overwrite does not name, is left as it is, and then nothing is done at all.',
  ],
  arguments: [
    { name: 'POOL', summary: 'Name of the pool' },
    { name: 'FILE', summary: 'Layout as disklayout prints it', complete: 'file' },
  ],
  options: [
    { long: 'bootable', short: 'B', summary: 'Makes boot partitions on the disks; `piadm bootable -e` fills them' },
    {
      long: 'encrypt',
      short: 'e',
      summary: 'Encrypts the pool with a passphrase, asked for now; after each boot type: zfs load-key POOL && spirula-boot start',
    },
    { long: 'force', short: 'f', summary: 'Erases file systems too, and allows groups that differ in kind' },
    { long: 'overwrite', value: 'POOL,...', many: true, summary: 'Destroys these pools, where they are on the disks of the layout' },
  ],
  examples: [
    { command: `disklayout mirror > layout.json && mkzpool -B ${systemPool} layout.json`, summary: 'Makes a mirrored pool that the node can boot from' },
  ],
  failure: (input) => `Unable to make the pool ${input.args[0]}`,
  async run(input, cli) {
    const [pool = '', file = ''] = input.args
    const layout = await readLayout(file)
    const passphrase = hasOption(input, 'encrypt') ? await readNewPassphrase(cli) : undefined
    const create = pool === systemPool ? createSystemPool : createDataPool
    const made = await create(
      {
        pool,
        layout,
        divide: planDividedDisk,
        bootable: hasOption(input, 'bootable'),
        force: hasOption(input, 'force'),
        overwrite: (input.options.get('overwrite') ?? []).flatMap((names) => names.split(',')),
        ...(passphrase === undefined ? {} : { passphrase }),
        ...(cli.isTerminal(2) ? { report: (step: string) => cli.err(`${step}\n`) } : {}),
      },
      interruptible(cli),
    )
    cli.err(`Successfully made the pool ${made.name}, mounted at ${made.mountpoint}\n`)
    return 0
  },
}

async function readLayout(file: string): Promise<PoolLayout> {
  const text = await readTextFile(file)
  if (text === null) throw new AppError('NotFound', `There is no file ${file}.`)
  const parsed = PoolLayout.safeParse(parseJson(text, file))
  if (parsed.success) return parsed.data
  throw new AppError('InvalidPayload', `${file} is not a pool layout.`, {
    hint: 'disklayout prints one',
    details: parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
  })
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // What disklayout says when it has no layout.
    throw new AppError('InvalidJson', text.startsWith('fatal error: ') ? `There is no layout in ${file}, but: ${text.trim()}.` : `${file} is not JSON.`, {
      cause,
    })
  }
}

/** Ctrl-C takes back what was made. */
function interruptible(cli: Cli): Context {
  const abort = new AbortController()
  cli.onInterrupt(() => abort.abort())
  return { signal: abort.signal, log: silentLog, now: () => new Date() }
}
