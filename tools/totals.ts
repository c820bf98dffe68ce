/** Counts of tests. */
export interface Totals {
  passed: number
  failed: number
  skipped: number
}

export const noTests: Totals = { passed: 0, failed: 0, skipped: 0 }

export function addTotals(totals: readonly Totals[]): Totals {
  return totals.reduce((sum, one) => ({ passed: sum.passed + one.passed, failed: sum.failed + one.failed, skipped: sum.skipped + one.skipped }), noTests)
}

/**
 * Counts of a run of `node --test`, from the summary at its end. A run that failed without a summary, or
 * with one that names no failure, is one failed test: nothing may get lost.
 */
export function parseTestTotals(output: string, status: number): Totals {
  const counts: Record<string, number> = {}
  for (const [, name, number] of output.matchAll(/^[ℹ#] (pass|fail|cancelled|skipped|todo) (\d+)$/gm)) counts[name!] = Number(number)
  const totals = {
    passed: counts['pass'] ?? 0,
    failed: (counts['fail'] ?? 0) + (counts['cancelled'] ?? 0),
    skipped: (counts['skipped'] ?? 0) + (counts['todo'] ?? 0),
  }
  return status !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals
}

/** The line a test command ends with, alone on its line. */
export function renderTotals(totals: Totals): string {
  return `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`
}
