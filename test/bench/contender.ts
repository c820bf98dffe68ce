/** One way to run a zone, as the benchmark drives it. Names are `b0`, `b1` …; every call throws when it fails. */
export interface Contender {
  name: string
  /** What its numbers include, for the table. */
  about: string
  /** Gets its Debian packages; before the namespaces are made, for they have no network. */
  install(): Promise<void>
  /** Prepares image and network. */
  setUp(): Promise<void>
  /** From nothing to a running init. */
  create(name: string): Promise<void>
  /** From running to nothing left. */
  destroy(name: string): Promise<void>
  /** Runs /bin/true in a running zone by the contender's own command line. */
  exec(name: string): Promise<void>
  /** Also after a failure. */
  tearDown(): Promise<void>
}
