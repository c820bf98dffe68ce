/** Lines such as `[4/8] node daemon … ok (0.3 s)`. */
export interface Progress {
  /** Runs the next step; what `work` gives is shown in the line, '' is `ok`. */
  step<T>(title: string, work: (note: (text: string) => void) => Promise<T>): Promise<T>
}

export function createProgress(out: { write(text: string): unknown }, numbers: { first: number; total: number }): Progress {
  let number = numbers.first
  return {
    async step(title, work) {
      const started = performance.now()
      out.write(`[${number}/${numbers.total}] ${title} … `)
      number += 1
      try {
        const result = await work((text) => out.write(`${text} … `))
        out.write(`ok (${((performance.now() - started) / 1000).toFixed(1)} s)\n`)
        return result
      } catch (error) {
        out.write('FAILED\n')
        throw error
      }
    },
  }
}
