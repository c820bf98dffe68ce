/** Runs what it is given, at most `count` at a time, in the order in which it came. */
export function inLanes(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count
  const waiting: (() => void)[] = []
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => void waiting.push(resolve))
    try {
      return await work()
    } finally {
      // A lane goes straight to the next in line.
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}
