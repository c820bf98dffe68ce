/** What is to be said of a text while it is typed. */
export type Verdict =
  | { ok: true; note?: string }
  /** `early`: not right yet, but may become so by typing on; shown mildly until Enter. */
  | { ok: false; message: string; early: boolean }

export function ok(note?: string): Verdict {
  return note === undefined ? { ok: true } : { ok: true, note }
}

/** No typing on will make it right. */
export function wrong(message: string): Verdict {
  return { ok: false, message, early: false }
}

/** It may only be unfinished. */
export function unfinished(message: string): Verdict {
  return { ok: false, message, early: true }
}
