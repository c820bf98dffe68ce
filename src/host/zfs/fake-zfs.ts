import { isAppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { parseSnapshotName } from '../pool/name.ts'
import type { Argv } from '../run/programs.ts'
import { commandFailed, type RunResult } from '../run/run.ts'
import type { Dataset, Storage } from '../storage.ts'
import { createFakeStorage } from '../storage-fake.ts'
import type { ZfsRunner } from './runner.ts'

/** A command line taken apart as zfs(8) reads it. */
interface Command {
  verb: string
  flags: Set<string>
  /** Values of the options that take one, in order. */
  values: { option: string; value: string }[]
  operands: string[]
}

/** A refusal in zfs's own words. */
class ZfsComplaint extends Error {}

/**
 * An interpreter of the `zfs` command lines that the driver builds, over an in-memory pool with real directories: what
 * it does not know is `unrecognized`, so that a wrong argv fails. It refuses in the words of OpenZFS 2.3.
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
      const from = values.find(({ option }) => option === '-i')?.value.replace(/^@/, '') ?? null
      return store.send(snapshotOf(store, operands[0] ?? ''), from, context)
    },
    async sink(argv, input, context) {
      const { operands } = note(argv)
      const name = operands[0] ?? ''
      try {
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
    return { stdout: '', stderr: complaintOf(error, command), exitCode: 1 }
  }
}

type Verb = (command: Command, store: Storage, context: Context) => Promise<string>

const silent = async (done: Promise<unknown>): Promise<string> => await done.then(() => '')

const verbs: Record<string, Verb> = {
  list: async (command, store, context) => JSON.stringify(await list(command, store, context)),
  create: ({ operands: [name = ''], values }, store, context) => silent(create(name, values, store, context)),
  clone: async ({ operands: [origin = '', name = ''], values }, store, context) =>
    await silent(store.clone(snapshotOf(store, origin), shortName(store, name), optionsOf(values.map(({ value }) => value)), context)),
  destroy: ({ operands: [name = ''] }, store, context) => silent(destroy(name, store, context)),
  rename: ({ operands: [from = '', to = ''] }, store, context) => silent(store.rename(shortName(store, from), shortName(store, to), context)),
  set: ({ operands }, store, context) => silent(set(operands, store, context)),
  snapshot: ({ operands: [name = ''] }, store, context) => silent(store.snapshot(snapshotOf(store, name), context)),
  rollback: ({ operands: [name = ''] }, store, context) => silent(store.rollback(snapshotOf(store, name), context)),
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
  const short = shortName(store, name)
  const parent = short.includes('/') ? short.slice(0, short.lastIndexOf('/')) : null
  if (parent !== null && !(await store.exists(parent, context))) throw new ZfsComplaint(`cannot create '${name}': parent does not exist`)
  await store.create(short, optionsOf(values.map(({ value }) => value)), context)
}

async function destroy(name: string, store: Storage, context: Context): Promise<void> {
  if (name.includes('@')) return await store.destroySnapshot(snapshotOf(store, name), context)
  if (!(await store.exists(shortName(store, name), context))) throw new ZfsComplaint(`cannot open '${name}': dataset does not exist`)
  await store.destroy(shortName(store, name), context)
}

async function set(operands: readonly string[], store: Storage, context: Context): Promise<void> {
  const name = shortName(store, operands.at(-1) ?? '')
  const { quota_bytes, ...others } = optionsOf(operands.slice(0, -1))
  await store.setOptions(name, others, context)
  if (quota_bytes !== undefined) await store.setQuota(name, quota_bytes, context)
}

async function hold(tag: string, name: string, store: Storage, context: Context): Promise<void> {
  if ((await store.listHolds(snapshotOf(store, name), context)).includes(tag))
    throw new ZfsComplaint(`cannot hold snapshot '${name}': tag already exists on this dataset`)
  await store.hold(snapshotOf(store, name), tag, context)
}

async function release(tag: string, name: string, store: Storage, context: Context): Promise<void> {
  if (!(await store.listHolds(snapshotOf(store, name), context)).includes(tag))
    throw new ZfsComplaint(`cannot release hold from snapshot '${name}': no such tag on this dataset`)
  await store.release(snapshotOf(store, name), tag, context)
}

function optionsOf(assignments: readonly string[]): { quota_bytes?: number | null; compression?: string; recordsize?: number } {
  const options: ReturnType<typeof optionsOf> = {}
  for (const assignment of assignments) {
    const [name, value = ''] = assignment.split('=')
    if (name === 'quota') options.quota_bytes = value === 'none' ? null : Number(value)
    else if (name === 'compression') options.compression = value
    else if (name === 'recordsize') options.recordsize = Number(value)
    else throw new ZfsComplaint(`bad property list: invalid property '${name}'`)
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
    const origin = dataset.origin === null ? '' : `${store.pool}/${dataset.origin.dataset}@${dataset.origin.snapshot}`
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
    row(store, store.pool, 'FILESYSTEM', { mountpoint: store.mountpoint, origin: '', used: used_bytes, available: available_bytes, quota: 0, creation: 0 }),
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
        row(store, `${store.pool}/${dataset.name}@${name}`, 'SNAPSHOT', {
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
  return parseSnapshotName(shortName(store, name)) ?? { dataset: shortName(store, name), snapshot: '' }
}

function receiveComplaint(error: unknown, name: string): string {
  if (isAppError(error, 'DatasetExists')) return `cannot receive new filesystem stream: destination '${name}' exists\nmust specify -F to overwrite it`
  if (isAppError(error, 'DatasetNotFound')) return `cannot receive incremental stream: destination '${name}' does not exist`
  return 'cannot receive: failed to read from stream'
}

function complaintOf(error: unknown, command: Command): string {
  const what = command.operands.join("' '")
  if (error instanceof ZfsComplaint) return error.message
  if (isAppError(error, 'DatasetExists', 'SnapshotExists')) return `cannot ${command.verb} '${what}': dataset already exists`
  if (isAppError(error, 'DatasetNotFound', 'SnapshotNotFound')) return `cannot open '${what}': dataset does not exist`
  if (isAppError(error, 'Busy')) return `cannot ${command.verb} '${what}': filesystem has dependent clones\nuse '-R' to destroy the following datasets:`
  if (isAppError(error, 'Indestructible')) return `cannot ${command.verb} '${what}': dataset is busy`
  return `cannot ${command.verb} '${what}': ${String(error)}`
}
