/**
 * Every error a person or a program can be shown. `status` is the HTTP status, `exit` the exit code of
 * a command (SmartOS: 1 operation or validation error, 2 usage error), `title` a noun phrase,
 * `help` what the reader can do about it.
 */
export const errorCodes = {
  InvalidJson: { status: 400, exit: 1, title: 'Invalid JSON', help: 'The text is not JSON; line and column of the first mistake are in the message.' },
  InvalidPayload: { status: 422, exit: 1, title: 'Invalid payload', help: 'A property is missing or has a value it cannot have; `details` lists each one.' },
  UnknownProperty: { status: 422, exit: 1, title: 'Unknown property', help: 'A key is not a property of this object; the nearest known one is named. Only an error with --strict.' },
  BrandUnsupported: { status: 422, exit: 1, title: 'Brand not available', help: 'This node cannot run machines of that brand; use lx or joyent-minimal.' },
  MachineNotFound: { status: 404, exit: 1, title: 'No such machine', help: 'No machine has that UUID, alias or UUID prefix; `vmadm list` shows all.' },
  MachineExists: { status: 409, exit: 1, title: 'Machine exists', help: 'Choose another UUID, or leave it out to have one made.' },
  AmbiguousName: { status: 409, exit: 1, title: 'Ambiguous name', help: 'Several machines match; give more of the UUID.' },
  InvalidState: { status: 409, exit: 1, title: 'Wrong state', help: 'The action is not possible in the state the machine is in.' },
  Indestructible: { status: 409, exit: 1, title: 'Protected', help: 'Set indestructible_zoneroot or indestructible_delegated to false first.' },
  Busy: { status: 409, exit: 1, title: 'Busy', help: 'Another operation holds the object; wait for it or cancel it.' },
  AddressConflict: { status: 409, exit: 1, title: 'Address conflict', help: 'Another machine of this node has that MAC, IP address or VRID.' },
  ImageNotFound: { status: 404, exit: 3, title: 'No such image', help: '`imgadm list` shows the installed images.' },
  ImageExists: { status: 409, exit: 1, title: 'Image installed already', help: 'Nothing to do, or delete it first.' },
  ImageInUse: { status: 409, exit: 1, title: 'Image in use', help: 'Delete the machines made from it first.' },
  ImageInvalid: { status: 422, exit: 1, title: 'Invalid image', help: 'The manifest or the file does not fit what the manifest promises.' },
  NicTagNotFound: { status: 404, exit: 1, title: 'No such nic tag', help: '`nictagadm list` shows all.' },
  NicTagExists: { status: 409, exit: 1, title: 'Nic tag exists', help: 'Choose another name.' },
  NicTagInUse: { status: 409, exit: 1, title: 'Nic tag in use', help: '`nictagadm vms NAME` lists the machines that use it.' },
  SnapshotExists: { status: 409, exit: 1, title: 'Snapshot exists', help: 'Choose another name or delete the old snapshot.' },
  SnapshotNotFound: { status: 404, exit: 1, title: 'No such snapshot', help: '`vmadm get` lists the snapshots of a machine.' },
  DatasetExists: { status: 409, exit: 1, title: 'Dataset exists', help: 'A dataset of that name is on the pool already.' },
  DatasetNotFound: { status: 404, exit: 1, title: 'No such dataset', help: 'The pool has no dataset of that name.' },
  NoSpace: { status: 507, exit: 1, title: 'No space', help: 'Free space on the pool, or lower the quota.' },
  PoolUnavailable: { status: 503, exit: 1, title: 'Pool unavailable', help: '`spirula status` says which pool is expected and what is there.' },
  RuntimeFailed: { status: 500, exit: 1, title: 'Zone runtime failed', help: 'crun or the keeper could not do what was asked; the cause is in the chain.' },
  ProvisionFailed: { status: 500, exit: 1, title: 'Provisioning failed', help: 'The guest reported failure or did not report in time; its state is `failed`. See its console log.' },
  StateCorrupt: { status: 500, exit: 1, title: 'Corrupt state file', help: 'The file is named; restore it from a snapshot or move it away.' },
  OperationNotFound: { status: 404, exit: 1, title: 'No such operation', help: 'Finished operations are kept for a while only.' },
  Cancelled: { status: 409, exit: 1, title: 'Cancelled', help: 'The operation was cancelled and undone.' },
  Timeout: { status: 504, exit: 1, title: 'Timed out', help: 'The other side did not answer in time.' },
  CommandFailed: { status: 500, exit: 1, title: 'Command failed', help: 'A program of the host failed; its last words are in `internal`.' },
  NotSupported: { status: 422, exit: 1, title: 'Not supported', help: 'This node or kernel cannot do it; the message says why.' },
  DaemonUnreachable: { status: 503, exit: 1, title: 'Daemon not reachable', help: 'Start it with `spirula up`.' },
  NotFound: { status: 404, exit: 1, title: 'Not found', help: 'There is no such thing at that path.' },
  Usage: { status: 400, exit: 2, title: 'Usage', help: 'See --help.' },
  Internal: { status: 500, exit: 1, title: 'Internal error', help: 'A defect; the daemon log has the whole chain under the request id.' },
} as const satisfies Record<string, { status: number; exit: 1 | 2 | 3; title: string; help: string }>

export type ErrorCode = keyof typeof errorCodes

export interface ErrorDetail {
  /** Path of the property, e.g. `nics.0.ips.1`. */
  path: string
  message: string
}

export interface AppErrorOptions {
  /** The next thing to type. */
  hint?: string
  details?: ErrorDetail[]
  /** For operators; never crosses the public API. */
  internal?: string
  cause?: unknown
}

/** How an error travels in JSON. */
export interface ErrorBody {
  code: ErrorCode
  message: string
  hint?: string
  details?: ErrorDetail[]
  internal?: string
  /** Messages of the causes, outermost first. */
  causes?: string[]
}

/**
 * An expected refusal. `message` is a whole sentence for the person who asked, names the thing, and
 * never repeats the text of its cause: the renderer walks `cause`.
 */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: ErrorDetail[] | undefined
  readonly internal: string | undefined

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.hint = options.hint
    this.details = options.details
    this.internal = options.internal
  }

  get status(): number {
    return errorCodes[this.code].status
  }

  get exit(): number {
    return errorCodes[this.code].exit
  }

  toJSON(): ErrorBody {
    const causes = causesOf(this)
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.details === undefined ? {} : { details: this.details }),
      ...(this.internal === undefined ? {} : { internal: this.internal }),
      ...(causes.length === 0 ? {} : { causes }),
    }
  }

  /** Rebuild an error that crossed the API. */
  static fromJSON(body: ErrorBody): AppError {
    const cause = (body.causes ?? []).reduceRight<Error | undefined>(
      (inner, message) => new Error(message, inner === undefined ? {} : { cause: inner }),
      undefined,
    )
    return new AppError(body.code, body.message, {
      ...(body.hint === undefined ? {} : { hint: body.hint }),
      ...(body.details === undefined ? {} : { details: body.details }),
      ...(body.internal === undefined ? {} : { internal: body.internal }),
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

function causesOf(error: Error): string[] {
  const messages: string[] = []
  for (let cause = error.cause; cause instanceof Error && messages.length < 10; cause = cause.cause) messages.push(cause.message)
  return messages
}

/** True when `error` is an AppError, of one of `codes` when any are given. */
export function isAppError(error: unknown, ...codes: ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code))
}
