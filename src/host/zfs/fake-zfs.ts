import { Readable } from 'node:stream'
import { type ErrorCode, isAppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { parseSnapshotName } from '../pool/name.ts'
import type { Argv } from '../run/programs.ts'
import { commandFailed, type RunResult } from '../run/run.ts'
import type { Dataset, DatasetOptions, Storage } from '../storage.ts'
import { createFakeStorage } from '../storage-fake.ts'
import type { ZfsRunner } from './runner.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-name.ts'

/** Of a dataset, with the pool's. */
const longestName = 255

/** A command line taken apart as zfs(8) reads it. */
interface Command {
  verb: string
  flags: Set<string>
  /** Values of the options that take one, in order. */
  values: { option: string; value: string }[]
  operands: string[]
}

/** A refusal in zfs's own words, and its exit code. */
class ZfsComplaint extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * An interpreter of the `zfs` command lines that the driver builds, over an in-memory pool with real directories: what
 * it does not know is `unrecognized`, so that a wrong argv fails. It refuses in the words and with the exit codes of OpenZFS 2.3.9, as `test/host/storage-zfs.test.ts` met them.
 * `seen` are the command lines so far.
 */
export function createFakeZfs(options: { pool: string; mountpoint: string }): { runner: ZfsRunner; seen: string[][] } {
  const store = createFakeStorage({ ...options, refusesDependents: true })
  const seen: string[][] = []
  const note = (argv: Argv): Command => {
    seen.push([...argv])
    return parseCommand(argv)
  }
  const runner: ZfsRunner = {
    async run(argv, okCodes, context) {
      const result = await interpret(note(argv), store, context)
      if (!okCodes.includes(result.exitCode)) throw commandFailed(argv, result.exitCode, null, result.stderr)
      return result
    },
    source(argv, context) {
      const { values, operands } = note(argv)
      const base = values.find(({ option }) => option === '-i')?.value.replace(/^@/, '')
      const from = base === undefined ? null : decodeSnapshot(base)
      return Readable.from(sent(argv, store.send(snapshotOf(store, operands[0] ?? ''), from, context)), { objectMode: false })
    },
    async sink(argv, input, context) {
      const { operands } = note(argv)
      const name = operands[0] ?? ''
      try {
        await requireParent(name, store, context)
        await store.receive(shortName(store, name), input, context)
      } catch (error) {
        throw commandFailed(argv, 1, null, receiveComplaint(error, name))
      }
    },
  }
  return { runner, seen }
}

const known: Record<string, { flags: string[]; valued: string[] }> = {
  create: { flags: [], valued: ['-o'] },
  clone: { flags: [], valued: ['-o'] },
  destroy: { flags: ['-r'], valued: [] },
  hold: { flags: [], valued: [] },
  holds: { flags: ['-H'], valued: [] },
  list: { flags: ['-j', '--json-int', '-p', '-r'], valued: ['-t', '-o', '-d'] },
  mount: { flags: [], valued: [] },
  receive: { flags: ['-u'], valued: ['-x'] },
  release: { flags: [], valued: [] },
  rename: { flags: [], valued: [] },
  rollback: { flags: ['-r'], valued: [] },
  send: { flags: [], valued: ['-i'] },
  set: { flags: [], valued: [] },
  snapshot: { flags: [], valued: [] },
}

function parseCommand(argv: Argv): Command {
  const [program, verb = '', ...words] = argv
  const grammar = known[verb]
  if (program !== 'zfs' || grammar === undefined) throw commandFailed(argv, 2, null, `unrecognized command '${verb}'`)
  const command: Command = { verb, flags: new Set(), values: [], operands: [] }
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!
    if (grammar.flags.includes(word)) command.flags.add(word)
    else if (grammar.valued.includes(word)) command.values.push({ option: word, value: words[(at += 1)] ?? '' })
    else if (word.startsWith('-')) throw commandFailed(argv, 2, null, `invalid option '${word}'`)
    else command.operands.push(word)
  }
  return command
}

async function interpret(command: Command, store: Storage, context: Context): Promise<RunResult> {
  try {
    return { stdout: await verbs[command.verb]!(command, store, context), stderr: '', exitCode: 0 }
  } catch (error) {
    if (isAppError(error, 'Cancelled')) throw error
    const complaint = error instanceof ZfsComplaint ? error : complaintOf(error, command)
    return { stdout: '', stderr: complaint.message, exitCode: complaint.exitCode }
  }
}

type Verb = (command: Command, store: Storage, context: Context) => Promise<string>

const silent = async (done: Promise<unknown>): Promise<string> => await done.then(() => '')

const verbs: Record<string, Verb> = {
  list: async (command, store, context) => JSON.stringify(await list(command, store, context)),
  create: ({ operands: [name = ''], values }, store, context) => silent(create(name, values, store, context)),
  clone: ({ operands: [origin = '', name = ''], values }, store, context) => silent(clone(origin, name, values, { store, context })),
  destroy: ({ operands: [name = ''], flags }, store, context) => silent(destroy(name, flags.has('-r'), store, context)),
  rename: ({ operands: [from = '', to = ''] }, store, context) => silent(rename(from, to, store, context)),
  set: ({ operands }, store, context) => silent(set(operands, store, context)),
  snapshot: ({ operands: [name = ''] }, store, context) => silent(store.snapshot(snapshotOf(store, name), context)),
  rollback: ({ operands: [name = ''], flags }, store, context) => silent(rollback(name, flags.has('-r'), store, context)),
  hold: ({ operands: [tag = '', name = ''] }, store, context) => silent(hold(tag, name, store, context)),
  release: ({ operands: [tag = '', name = ''] }, store, context) => silent(release(tag, name, store, context)),
  async holds({ operands: [name = ''] }, store, context) {
    const tags = await store.listHolds(snapshotOf(store, name), context)
    return tags.map((tag) => `${name}\t${tag}\tMon Nov 23 12:00 2026\n`).join('')
  },
  async mount({ operands: [name = ''] }, store, context) {
    if (!(await store.exists(shortName(store, name), context))) throw new ZfsComplaint(`cannot open '${name}': dataset does not exist`)
    return ''
  },
}

async function create(name: string, values: Command['values'], store: Storage, context: Context): Promise<void> {
  await checkNew(name, store, context)
  await store.create(shortName(store, name), optionsOf(values.map(({ value }) => value)), context)
}

async function clone(origin: string, name: string, values: Command['values'], { store, context }: { store: Storage; context: Context }): Promise<void> {
  if (!(await hasSnapshot(origin, store, context))) throw new ZfsComplaint(`cannot open '${origin}': dataset does not exist`)
  await checkNew(name, store, context)
  await store.clone(snapshotOf(store, origin), shortName(store, name), optionsOf(values.map(({ value }) => value)), context)
}

async function checkNew(name: string, store: Storage, context: Context): Promise<void> {
  if (name.length > longestName) throw new ZfsComplaint(`cannot create '${name}': name is too long`)
  await requireParent(name, store, context)
}

async function requireParent(name: string, store: Storage, context: Context): Promise<void> {
  const short = shortName(store, name)
  if (short.includes('/') && !(await store.exists(short.slice(0, short.lastIndexOf('/')), context)))
    throw new ZfsComplaint(`cannot create '${name}': parent does not exist`)
}

async function rename(from: string, to: string, store: Storage, context: Context): Promise<void> {
  if (!(await store.exists(shortName(store, from), context))) throw new ZfsComplaint(`cannot open '${from}': dataset does not exist`)
  await checkNew(to, store, context)
  await store.rename(shortName(store, from), shortName(store, to), context)
}

async function hasSnapshot(name: string, store: Storage, context: Context): Promise<boolean> {
  const { dataset, snapshot } = snapshotOf(store, name)
  return (await store.exists(dataset, context)) && (await store.listSnapshots(dataset, context)).some((found) => found.name === snapshot)
}

async function destroy(name: string, recursive: boolean, store: Storage, context: Context): Promise<void> {
  const short = shortName(store, name.replace(/@.*/, ''))
  if (!(await store.exists(short, context))) throw new ZfsComplaint(`cannot open '${name.replace(/@.*/, '')}': dataset does not exist`)
  if (name.includes('@')) {
    if (!(await hasSnapshot(name, store, context))) throw new ZfsComplaint('could not find any snapshots to destroy; check snapshot names.')
    return await store.destroySnapshot(snapshotOf(store, name), context)
  }
  const children = (await store.list(context)).filter((one) => one.name.startsWith(`${short}/`)).map((one) => one.name)
  const below = [...children, ...(await store.listSnapshots(short, context)).map((one) => `${short}@${one.name}`)]
  if (below.length > 0 && !recursive)
    throw new ZfsComplaint(
      `cannot destroy '${name}': filesystem has children\nuse '-r' to destroy the following datasets:\n${below.map((one) => `${store.pool}/${one}\n`).join('')}`,
    )
  await store.destroy(short, context)
}

async function rollback(name: string, newer: boolean, store: Storage, context: Context): Promise<void> {
  if (!(await hasSnapshot(name, store, context))) throw new ZfsComplaint(`cannot open '${name}': dataset does not exist`)
  const target = snapshotOf(store, name)
  const [newest] = await store.listSnapshots(target.dataset, context)
  if (newest?.name !== target.snapshot && !newer) {
    const all = `${store.pool}/${target.dataset}@${newest?.name}`
    throw new ZfsComplaint(
      `cannot rollback to '${name}': more recent snapshots or bookmarks exist\nuse '-r' to force deletion of the following snapshots and bookmarks:\n${all}`,
    )
  }
  await store.rollback(target, context)
}

/** As \`zfs send\` ends when what it is to send is not there. */
async function* sent(argv: Argv, stream: Readable): AsyncGenerator<Buffer> {
  try {
    yield* stream as AsyncIterable<Buffer>
  } catch (error) {
    if (!isAppError(error, 'SnapshotNotFound', 'DatasetNotFound')) throw error
    throw commandFailed(argv, 1, null, `cannot open '${argv.at(-1)}': dataset does not exist\n`)
  }
}

async function set(operands: readonly string[], store: Storage, context: Context): Promise<void> {
  const name = shortName(store, operands.at(-1) ?? '')
  const { quota_bytes, ...others } = optionsOf(operands.slice(0, -1))
  await store.setOptions(name, others, context)
  if (quota_bytes !== undefined) await store.setQuota(name, quota_bytes, context)
}

async function hold(tag: string, name: string, store: Storage, context: Context): Promise<void> {
  if (!(await hasSnapshot(name, store, context))) throw new ZfsComplaint(`cannot hold snapshot '${name}': dataset does not exist`)
  if ((await store.listHolds(snapshotOf(store, name), context)).includes(tag))
    throw new ZfsComplaint(`cannot hold snapshot '${name}': tag already exists on this dataset`)
  await store.hold(snapshotOf(store, name), tag, context)
}

async function release(tag: string, name: string, store: Storage, context: Context): Promise<void> {
  if (!(await hasSnapshot(name, store, context))) throw new ZfsComplaint(`cannot release hold from snapshot '${name}': dataset does not exist`)
  if (!(await store.listHolds(snapshotOf(store, name), context)).includes(tag))
    throw new ZfsComplaint(`cannot release hold from snapshot '${name}': no such tag on this dataset`)
  await store.release(snapshotOf(store, name), tag, context)
}

function optionsOf(assignments: readonly string[]): DatasetOptions {
  const options: DatasetOptions = {}
  for (const assignment of assignments) {
    const [name, value = ''] = assignment.split('=')
    if (name === 'quota') options.quota_bytes = value === 'none' ? null : Number(value)
    else if (name === 'compression') options.compression = value
    else if (name === 'recordsize') options.recordsize = Number(value)
    else if (name === 'reservation') options.reserved_bytes = Number(value)
    else throw new ZfsComplaint(`bad property list: invalid property '${name}'`, 2)
  }
  return options
}

async function list(command: Command, store: Storage, context: Context): Promise<object> {
  const name = command.operands[0] ?? ''
  const kind = command.values.find(({ option }) => option === '-t')?.value ?? 'filesystem'
  const all = await store.list(context)
  const within = (dataset: Dataset): boolean => {
    const full = `${store.pool}/${dataset.name}`
    return full === name || (full.startsWith(`${name}/`) && command.flags.has('-r'))
  }
  if (name !== store.pool && !all.some(({ name: short }) => `${store.pool}/${short}` === name))
    throw new ZfsComplaint(`cannot open '${name}': dataset does not exist`)
  const chosen = all.filter(within)
  const rows = kind === 'snapshot' ? await snapshotRows(chosen, all, store, context) : await datasetRows(name, chosen, store, context)
  return { output_version: { command: 'zfs list', vers_major: 0, vers_minor: 1 }, datasets: Object.fromEntries(rows) }
}

type Row = [string, object]

async function datasetRows(name: string, chosen: readonly Dataset[], store: Storage, context: Context): Promise<Row[]> {
  const rows = chosen.map((dataset): Row => {
    const origin = dataset.origin === null ? '-' : `${store.pool}/${dataset.origin.dataset}@${encodeSnapshot(dataset.origin.snapshot)}`
    const creation = seconds(dataset.created_at)
    return row(store, `${store.pool}/${dataset.name}`, 'FILESYSTEM', {
      mountpoint: dataset.mountpoint,
      origin,
      used: dataset.used_bytes,
      quota: dataset.quota_bytes ?? 0,
      creation,
    })
  })
  if (name !== store.pool) return rows
  const { used_bytes, available_bytes } = await store.readUsage(context)
  return [
    row(store, store.pool, 'FILESYSTEM', { mountpoint: store.mountpoint, origin: '-', used: used_bytes, available: available_bytes, quota: 0, creation: 0 }),
    ...rows,
  ]
}

async function snapshotRows(chosen: readonly Dataset[], all: readonly Dataset[], store: Storage, context: Context): Promise<Row[]> {
  const rows: Row[] = []
  let createtxg = 0
  for (const dataset of chosen) {
    for (const { name, created_at, used_bytes } of (await store.listSnapshots(dataset.name, context)).toReversed()) {
      createtxg += 1
      const clones = all.filter(({ origin }) => origin?.dataset === dataset.name && origin.snapshot === name)
      const holds = await store.listHolds({ dataset: dataset.name, snapshot: name }, context)
      rows.push(
        row(store, `${store.pool}/${dataset.name}@${encodeSnapshot(name)}`, 'SNAPSHOT', {
          used: used_bytes,
          creation: seconds(created_at),
          createtxg,
          userrefs: holds.length,
          clones: clones.map((clone) => `${store.pool}/${clone.name}`).join(','),
        }),
      )
    }
  }
  return rows
}

function row(store: Storage, name: string, type: string, values: Record<string, string | number>): Row {
  const properties = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value, source: { type: 'NONE', data: '-' } }]))
  return [name, { name, type, pool: store.pool, createtxg: 1, properties }]
}

function seconds(date: string): number {
  return Math.floor(Date.parse(date) / 1000)
}

function shortName(store: Storage, name: string): string {
  if (!name.startsWith(`${store.pool}/`)) throw new ZfsComplaint(`cannot open '${name}': no such pool`)
  return name.slice(store.pool.length + 1)
}

function snapshotOf(store: Storage, name: string): { dataset: string; snapshot: string } {
  if (name.includes('%')) throw new ZfsComplaint(`cannot create snapshot '${name}': invalid character % in name\n`)
  const found = parseSnapshotName(shortName(store, name)) ?? { dataset: shortName(store, name), snapshot: '' }
  return { ...found, snapshot: decodeSnapshot(found.snapshot) }
}

function receiveComplaint(error: unknown, name: string): string {
  if (error instanceof ZfsComplaint)
    return `cannot open '${name.replace(/\/[^/]*$/, '')}': dataset does not exist\ncannot receive new filesystem stream: unable to restore to destination\n`
  if (isAppError(error, 'DatasetExists')) return `cannot receive new filesystem stream: destination '${name}' exists\nmust specify -F to overwrite it\n`
  if (isAppError(error, 'DatasetNotFound')) return `cannot receive incremental stream: destination '${name}' does not exist\n`
  if (isAppError(error, 'SnapshotNotFound')) return `cannot receive incremental stream: most recent snapshot of ${name} does not\nmatch incremental source\n`
  return 'cannot receive: failed to read from stream\n'
}

/** Whose refusal, under which verb (none: any), reads how. The first that fits counts. */
const complaints: readonly { codes: readonly ErrorCode[]; verb?: string; text: (what: string, from: string) => string; exitCode?: number }[] = [
  { codes: ['DatasetExists'], verb: 'rename', text: (_, from) => `cannot rename '${from}': dataset already exists\n` },
  { codes: ['DatasetExists'], text: (what) => `cannot create '${what}': dataset already exists\n` },
  { codes: ['SnapshotExists'], text: (what) => `cannot create snapshot '${what}': dataset already exists\n` },
  {
    codes: ['DatasetNotFound'],
    verb: 'snapshot',
    text: (what) => `cannot open '${what.replace(/@.*/, '')}': dataset does not exist\nusage:\n\tsnapshot …\n`,
    exitCode: 2,
  },
  { codes: ['DatasetNotFound', 'SnapshotNotFound'], text: (what) => `cannot open '${what}': dataset does not exist\n` },
  {
    codes: ['Busy'],
    verb: 'rollback',
    text: (what) => `cannot rollback to '${what}': clones of previous snapshots exist\nuse '-R' to force deletion of the following clones and dependents:\n`,
  },
  {
    codes: ['Busy'],
    text: (what) =>
      `cannot destroy '${what}': ${what.includes('@') ? 'snapshot' : 'filesystem'} has dependent clones\nuse '-R' to destroy the following datasets:\n`,
  },
  { codes: ['Indestructible'], verb: 'rollback', text: (what) => `cannot destroy '${what}': dataset is busy\n` },
  { codes: ['Indestructible'], text: (what) => `cannot destroy snapshot ${what}: it's being held. Run 'zfs holds -r ${what}' to see holders.\n` },
]

function complaintOf(error: unknown, { verb, operands }: Command): ZfsComplaint {
  const what = operands.at(-1) ?? ''
  const found = complaints.find((one) => (one.verb ?? verb) === verb && isAppError(error, ...one.codes))
  return new ZfsComplaint(found?.text(what, operands[0] ?? '') ?? `cannot ${verb} '${what}': ${String(error)}`, found?.exitCode)
}
