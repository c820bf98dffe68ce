import type { BootHealth, BootState, BootTimes } from '#contracts/platform/boot-state.ts'

/** The text of `spirula-boot status`. */
export function renderStatus({ state, health, times }: { state: BootState; health: BootHealth | null; times: BootTimes | null }): string {
  const rows = [
    ['state', state.reason === undefined ? state.state : `${state.state}: ${state.reason}`],
    ['platform', `${state.stamp || 'unknown'}${state.medium === '' ? '' : `, booted from ${state.medium}`}`],
    ['pool', state.pool ?? 'none'],
    ['health', renderHealth(health, state)],
    ...(state.failed_image === undefined ? [] : [['failed', state.failed_image]]),
  ]
  const sections = [rows.map(([name = '', text = '']) => `${name.padEnd(10)}${text}`)]
  if (times !== null) sections.push(['Seconds from the start of the kernel:', ...timeRows(times)])
  sections.push([
    'Steps:',
    ...state.steps.map(({ name, outcome, detail, duration_ms }) => `  ${name.padEnd(16)}${outcome.padEnd(7)}${String(duration_ms).padStart(6)} ms  ${detail}`),
  ])
  const wrong = [...state.problems, ...(health?.reasons ?? []), ...(health?.notes ?? [])]
  if (wrong.length > 0) sections.push(['Problems:', ...wrong.map((sentence) => `  ${sentence}`)])
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

const actions = { marked: 'this platform is the good one now', none: 'nothing was changed', reboot: 'the node boots into the last good platform' } as const

function renderHealth(health: BootHealth | null, { state }: BootState): string {
  if (state !== 'ready' && state !== 'failed') return 'not judged'
  if (health === null) return 'not known yet'
  return `${health.healthy ? 'good' : 'bad'}; ${actions[health.action]}`
}

function timeRows(times: BootTimes): string[] {
  const rows = [
    ['pool and settings', times.start_s],
    ['ssh', times.ssh_s],
    ['node daemon', times.daemon_s],
    ['first guest', times.first_guest_s],
    ['all guests', times.all_guests_s],
  ] as const
  return rows.map(([name, seconds]) => `  ${name.padEnd(20)}${seconds === null ? '-' : seconds.toFixed(1).padStart(7)}`)
}
