import { renderLayout } from '#plan/setup/questions-disks.ts'
import type { SetupWork } from '#plan/setup/work.ts'
import type { ProgressItem } from './progress.ts'
import { printable } from './screen.ts'

/** Progress as lines, for a console that nobody sits at: one when a step begins, one when it has ended. */
export function lineReport(out: (text: string) => void): (items: readonly ProgressItem[]) => void {
  let last: readonly ProgressItem[] = []
  return (items) => {
    for (const [index, item] of items.entries()) reportItem(item, last[index], out)
    last = items
  }
}

const marks = { waiting: '    ', running: '..  ', done: 'ok  ', failed: '!!  ' } as const

function reportItem(item: ProgressItem, before: ProgressItem | undefined, out: (text: string) => void): void {
  if (item.state !== 'waiting' && item.state !== before?.state) out(`  ${marks[item.state]}${item.title}\n`)
  const detail = inQuarters(item.detail)
  if (detail !== '' && detail !== inQuarters(before?.detail ?? '')) out(`      ${printable(detail)}\n`)
}

/** A line for each hundredth of a copy would be all that one sees. */
function inQuarters(detail: string): string {
  return detail.replace(/\d+(?= %$)/, (digits) => String(Math.floor(Number(digits) / 25) * 25))
}

/** What setting up would do, for --dry-run; no secret is in it. */
export function renderWork(work: SetupWork): string {
  const { pool } = work
  const lines =
    pool.kind === 'adopt'
      ? [`Would use the pool ${pool.name} with all that is on it.`]
      : [`Would make the pool ${pool.name}: ${renderLayout(pool.layout)}.`, ...pool.destroys.map((name) => `Would destroy the pool ${name}.`)]
  const access = [work.secret === null ? null : 'a password', work.keys === '' ? null : `${work.keys.trim().split('\n').length} ssh key(s)`].filter(
    (one) => one !== null,
  )
  return [
    ...lines,
    ...(work.bootable ? ['Would put the platform on its disks.'] : []),
    `Would let root log in with ${access.join(' and ')}.`,
    'Would write /usbkey/config:',
    ...work.config
      .trimEnd()
      .split('\n')
      .map((line) => `    ${line}`),
    '',
  ].join('\n')
}
