/**
 * What everything that may wait is given: the signal that cancels it, where it tells its progress,
 * where it logs. The clock is passed so that tests own time.
 */
export interface Context {
  signal: AbortSignal
  log: Log
  now: () => Date
}

/** The part of pino that we use; tests hand in a silent one. */
export interface Log {
  debug(fields: object, message?: string): void
  info(fields: object, message?: string): void
  warn(fields: object, message?: string): void
  error(fields: object, message?: string): void
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
