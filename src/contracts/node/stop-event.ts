/** One line of `node.stop_all`: first `begin`, last `end`; `exit_status` -2 is a guest that powered off by itself, null one that did not tell. */
export type StopEvent =
  | { type: 'begin'; machines: string[] }
  | { type: 'stopped'; uuid: string; alias?: string; exit_status: number | null }
  | { type: 'failed'; uuid: string; alias?: string; message: string }
  | { type: 'end'; failed: number }
