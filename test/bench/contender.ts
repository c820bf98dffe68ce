/** One way to run a zone, as the benchmark drives it. Names are `b0`, `b1` …; every call throws when it fails. */
export interface Contender {
  name: string
  /** What its numbers include, for the table. */
  about: string
  /** Installs what it needs and prepares image and network. */
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
