import type { Contender } from './contender.ts'

export interface Series {
  /** Milliseconds of each single one. */
  each: number[]
  /** Milliseconds of all together. */
  total: number
}

/** Does `work` for every name, `lanes` at a time. */
export async function measure(names: readonly string[], lanes: number, work: (name: string) => Promise<void>): Promise<Series> {
  const each: number[] = []
  const queue = names.values()
  const started = performance.now()
  const lane = async (): Promise<void> => {
    for (const name of queue) {
      const from = performance.now()
      await work(name)
      each.push(performance.now() - from)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return { each, total: performance.now() - started }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export interface Row {
  contender: string
  count: number
  lanes: number
  create: Series
  destroy: Series
}

/** Creates and destroys `count` zones; what was made is destroyed also when a create fails. */
export async function measureRound(contender: Contender, count: number, lanes: number): Promise<Row> {
  const names = Array.from({ length: count }, (_, index) => `b${index}`)
  const create = await measure(names, lanes, contender.create)
  const destroy = await measure(names, lanes, contender.destroy)
  return { contender: contender.name, count, lanes, create, destroy }
}

export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [`| ${header.join(' | ')} |`, `|${header.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n')
}

export function ms(value: number): string {
  return value < 100 ? value.toFixed(1) : String(Math.round(value))
}
