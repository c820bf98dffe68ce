/** A step of setting up, as shown. */
export interface ProgressItem {
  title: string
  state: 'waiting' | 'running' | 'done' | 'failed'
  /** What it is doing just now, or what came of it. */
  detail: string
}
