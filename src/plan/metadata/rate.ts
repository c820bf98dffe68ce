/** A token bucket that may go into debt: who takes too much waits until the debt is paid. */
export interface Bucket {
  tokens: number
  atMs: number
}

export interface Rate {
  /** Tokens at most, and at the start. */
  burst: number
  perSecond: number
}

/** Takes `cost` tokens; gives the new bucket and how long to wait before going on. */
export function planWait(bucket: Bucket, rate: Rate, request: { cost: number; nowMs: number }): { bucket: Bucket; waitMs: number } {
  const refilled = Math.min(rate.burst, bucket.tokens + (Math.max(0, request.nowMs - bucket.atMs) * rate.perSecond) / 1000)
  const tokens = refilled - request.cost
  return { bucket: { tokens, atMs: request.nowMs }, waitMs: tokens >= 0 ? 0 : Math.ceil((-tokens * 1000) / rate.perSecond) }
}
