import { AppError } from '#contracts/errors.ts'
import type { Context } from './context.ts'
import type { ExecResult, PreparedZone, ZoneExit, ZoneLimits, ZoneRuntime, ZoneSpec, ZoneStatus } from './runtime.ts'

/** Verbs that can be made to fail. */
export type RuntimeVerb = 'prepare' | 'launch' | 'remove' | 'signal' | 'exec' | 'setLimits'

/** A zone runtime in memory, with switches for tests and for the simulated node. */
export interface FakeRuntime extends ZoneRuntime {
  /** The next call of the verb fails, before it has done anything. */
  failNext(verb: RuntimeVerb, error: Error): void
  /** The zone's init ends by itself. */
  exitZone(uuid: string, exitStatus: number): void
  /** The zone's keeper is killed: it becomes orphaned. */
  loseKeeper(uuid: string): void
  /** What `exec` answers; exit code 0 and no output unless told. */
  onExec(answer: (uuid: string, argv: string[]) => ExecResult): void
  /** Every call that changed something, `verb uuid`, in order. */
  readonly calls: string[]
  limitsOf(uuid: string): ZoneLimits | null
}

interface FakeZone {
  spec: ZoneSpec
  status: ZoneStatus
  limits: ZoneLimits
}

interface FakeState {
  zones: Map<string, FakeZone>
  listeners: Set<(exit: ZoneExit) => void>
  failures: Map<RuntimeVerb, Error>
  calls: string[]
  answer: (uuid: string, argv: string[]) => ExecResult
  now: () => Date
  pid: number
}

export function createFakeRuntime(options: { now?: () => Date } = {}): FakeRuntime {
  const state: FakeState = {
    zones: new Map(),
    listeners: new Set(),
    failures: new Map(),
    calls: [],
    answer: () => ({ exit_code: 0, stdout: '', stderr: '' }),
    now: options.now ?? (() => new Date()),
    pid: 1000,
  }
  return { ...fakeVerbs(state), ...fakeReads(state), ...fakeSwitches(state) }
}

function fakeVerbs(state: FakeState): Pick<ZoneRuntime, 'prepare' | 'launch' | 'remove' | 'signal' | 'exec' | 'setLimits'> {
  return {
    prepare: async (spec, context) => {
      begin(state, 'prepare', spec.uuid, context)
      return prepareZone(state, spec)
    },
    launch: async (uuid, context) => {
      begin(state, 'launch', uuid, context)
      const zone = state.zones.get(uuid)
      if (zone?.status.stage !== 'prepared') throw new AppError('RuntimeFailed', `Zone ${uuid} has no keeper that could launch it.`)
      state.pid += 1
      Object.assign(zone.status, { stage: 'running', pid: state.pid, started_at: state.now().toISOString() })
      return { ...zone.status }
    },
    remove: async (uuid) => {
      begin(state, 'remove', uuid)
      if (state.zones.get(uuid)?.status.stage === 'running') endZone(state, uuid, -9)
      state.zones.delete(uuid)
    },
    signal: async (uuid, signal, context) => {
      begin(state, 'signal', uuid, context)
      runningZone(state, uuid)
      // Init ignores what it has no handler for; the two that end a zone do so here.
      if (signal === 'SIGKILL' || signal === 9) endZone(state, uuid, -9)
      if (signal === 'SIGRTMIN+3' || signal === 'SIGRTMIN+4') endZone(state, uuid, -2)
    },
    exec: async (uuid, argv, _options, context) => {
      begin(state, 'exec', uuid, context)
      runningZone(state, uuid)
      return state.answer(uuid, argv)
    },
    setLimits: async (uuid, limits, context) => {
      begin(state, 'setLimits', uuid, context)
      runningZone(state, uuid).limits = { ...limits }
    },
  }
}

function fakeReads(state: FakeState): Pick<ZoneRuntime, 'read' | 'list' | 'execCommand' | 'readUsage' | 'onExit' | 'consoleSocket'> {
  const copy = (uuid: string): ZoneStatus | null => {
    const zone = state.zones.get(uuid)
    return zone === undefined ? null : { ...zone.status }
  }
  return {
    read: async (uuid) => copy(uuid),
    list: async () => [...state.zones.keys()].sort().map((uuid) => copy(uuid)!),
    execCommand: (uuid, argv) => {
      runningZone(state, uuid)
      return ['/bin/echo', uuid, ...argv]
    },
    readUsage: async (uuid) => (state.zones.has(uuid) ? { memory_bytes: 1 << 20, swap_bytes: 0, cpu_usec: 1000, lwps: 1 } : null),
    onExit: (listener) => {
      state.listeners.add(listener)
      return () => void state.listeners.delete(listener)
    },
    consoleSocket: (uuid) => `/run/fake/zones/${uuid}/console.sock`,
  }
}

function fakeSwitches(state: FakeState): Pick<FakeRuntime, 'failNext' | 'exitZone' | 'loseKeeper' | 'onExec' | 'calls' | 'limitsOf'> {
  return {
    failNext: (verb, error) => void state.failures.set(verb, error),
    exitZone: (uuid, exitStatus) => endZone(state, uuid, exitStatus),
    loseKeeper: (uuid) => {
      const zone = state.zones.get(uuid)
      if (zone !== undefined) Object.assign(zone.status, { stage: 'orphaned', pid: null, netns: '', started_at: null })
    },
    onExec: (answer) => {
      state.answer = answer
    },
    calls: state.calls,
    limitsOf: (uuid) => state.zones.get(uuid)?.limits ?? null,
  }
}

function begin(state: FakeState, verb: RuntimeVerb, uuid: string, context?: Context): void {
  if (context?.signal.aborted) throw new AppError('Cancelled', `${verb} of zone ${uuid} was cancelled.`)
  const failure = state.failures.get(verb)
  state.failures.delete(verb)
  if (failure !== undefined) throw failure
  state.calls.push(`${verb} ${uuid}`)
}

function prepareZone(state: FakeState, spec: ZoneSpec): PreparedZone {
  const { uuid, zoneid } = spec
  if (state.zones.has(uuid)) throw new AppError('RuntimeFailed', `Zone ${uuid} is there already; it must be removed before it can be prepared.`)
  state.pid += 1
  const netns = `/proc/${state.pid}/ns/net`
  state.zones.set(uuid, { spec, limits: { ...spec.limits }, status: { uuid, zoneid, stage: 'prepared', pid: null, netns, started_at: null } })
  return { uuid, netns, keeper_pid: state.pid }
}

function runningZone(state: FakeState, uuid: string): FakeZone {
  const zone = state.zones.get(uuid)
  if (zone?.status.stage !== 'running') throw new AppError('RuntimeFailed', `Zone ${uuid} does not run.`)
  return zone
}

function endZone(state: FakeState, uuid: string, exitStatus: number): void {
  const zone = runningZone(state, uuid)
  Object.assign(zone.status, { stage: 'exited', pid: null, netns: '', started_at: null })
  const exit = { uuid, exit_status: exitStatus, exit_timestamp: state.now().toISOString() }
  for (const listener of state.listeners) listener(exit)
}
