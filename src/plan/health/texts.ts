import type { BootHealth, BootState } from '#contracts/platform/boot-state.ts'

/** What the login and console texts are made from. */
export interface TextFacts {
  state: BootState
  /** null before the check has ended. */
  health: BootHealth | null
  pool: { name: string; health: string; size_bytes: number; used_bytes: number } | null
  /** Crash logs that nobody has cleared. */
  crashes: number
  /** `SHA256:… (ED25519)`. */
  fingerprints: readonly string[]
}

/** /etc/motd: how the node is and what to do next. */
export function renderMotd(facts: TextFacts): string {
  const { state, health } = facts
  const rows: [string, string][] = [
    ['node', state.hostname],
    ['state', state.reason === undefined ? state.state : `${state.state}: ${state.reason}`],
    ...(facts.pool === null ? [] : [['pool', renderPool(facts.pool)] as [string, string]]),
    ...(health === null ? [] : [['guests', `${health.guests.running} of ${health.guests.total} running`] as [string, string]]),
  ]
  const wrong = renderWrong(facts)
  const lines = [`Spirula ${state.stamp}`, '', ...rows.map(([name, text]) => `  ${name.padEnd(8)}${text}`)]
  if (wrong.length > 0) lines.push('', ...wrong.map((sentence) => `  ! ${sentence}`))
  lines.push('', ...nextSteps(facts).map(([command, why]) => `  ${command.padEnd(26)}${why}`))
  return `${lines.join('\n')}\n\n`
}

function renderPool(pool: NonNullable<TextFacts['pool']>): string {
  return `${pool.name} ${pool.health}, ${renderGib(pool.used_bytes)} of ${renderGib(pool.size_bytes)} used`
}

function renderGib(bytes: number): string {
  const gib = bytes / 2 ** 30
  return gib >= 1000 ? `${(gib / 1024).toFixed(1)} TiB` : `${gib >= 10 ? Math.round(gib) : gib.toFixed(1)} GiB`
}

function renderWrong({ state, health, pool, crashes }: TextFacts): string[] {
  const wrong: string[] = []
  if (state.failed_image !== undefined)
    wrong.push(`The platform ${state.failed_image} failed its health checks, so the last good one runs. See /var/log/spirula/health.json.`)
  if (pool !== null && pool.health !== 'ONLINE') wrong.push(`The pool ${pool.name} is ${pool.health}: zpool status ${pool.name}`)
  if (crashes > 0) wrong.push(`The kernel died ${crashes === 1 ? 'once' : `${crashes} times`}: spirula-boot crash`)
  return [...wrong, ...state.problems, ...(health?.reasons ?? []), ...(health?.notes ?? [])]
}

function nextSteps({ state }: TextFacts): [string, string][] {
  if (state.state === 'unset') return [['spirula-boot setup', 'sets this node up; the console asks by itself']]
  if (state.state === 'rescue')
    return [
      ['zpool import', 'shows the pools'],
      ['reboot', 'boots as usual'],
    ]
  if (state.state === 'failed')
    return [
      ['spirula-boot status', 'what was tried'],
      ['zpool import', 'shows the pools'],
      ['spirula-boot start', 'tries again'],
    ]
  if (state.state === 'standby') return [['reboot', 'boots with the guests']]
  return [
    ['vmadm list', 'the machines'],
    ['imgadm list', 'the images'],
    ['spirula-boot status', 'how this boot went'],
    ['piadm list', 'the platforms'],
  ]
}

/** /etc/issue: before the login. The address is put in by agetty(8), which shows the text anew when it changes. */
export function renderIssue({ state, fingerprints }: Pick<TextFacts, 'state' | 'fingerprints'>): string {
  const links = state.links.length === 0 ? ['\\4'] : state.links.map((link) => `\\4{${link}}`)
  const lines = [
    `Spirula ${state.stamp}  ${state.hostname}  \\l`,
    '',
    ...links.map((link) => `  address  ${link}`),
    ...fingerprints.map((print) => `  ssh      ${print}`),
  ]
  if (state.state !== 'ready') lines.push(`  state    ${state.state}${state.reason === undefined ? '' : `: ${escapeIssue(state.reason)}`}`)
  if (state.failed_image !== undefined) lines.push(`  ! The platform ${state.failed_image} failed its health checks; this is the last good one.`)
  return `${lines.join('\n')}\n\n`
}

function escapeIssue(text: string): string {
  return text.replaceAll('\\', '\\\\')
}
