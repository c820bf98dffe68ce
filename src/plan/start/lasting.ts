import { systemDatasets } from '#contracts/platform/names.ts'

/** A part of the image's /var that outlives a boot. */
export interface Lasting {
  /** Below /var; it lies at the same path below /zones/var. */
  path: string
  kind: 'directory' | 'file'
  /** Of one that neither the pool nor the image has. */
  mode: number
  reason: string
}

/** All of /var that lasts (docs/adr/0017-what-lasts.md). Everything else is in memory and new at each boot. */
export const lasting: readonly Lasting[] = [
  { path: 'log/journal', kind: 'directory', mode: 0o755, reason: 'what happened before a crash is read after it' },
  { path: 'log/spirula', kind: 'directory', mode: 0o755, reason: "the daemon's log, and why a boot was given up" },
  { path: 'lib/chrony', kind: 'directory', mode: 0o750, reason: 'the drift of the clock: the time is right soon after a boot' },
  { path: 'lib/systemd/random-seed', kind: 'file', mode: 0o600, reason: 'randomness carried over, where the hardware gives little' },
  { path: 'lib/systemd/timers', kind: 'directory', mode: 0o755, reason: 'when persistent timers last ran' },
  { path: 'lib/systemd/pstore', kind: 'directory', mode: 0o755, reason: "the kernel's last words, taken from the firmware" },
  { path: 'lib/smartmontools', kind: 'directory', mode: 0o755, reason: 'the history of each disk, from which its decline is seen' },
  { path: 'crash', kind: 'directory', mode: 0o700, reason: 'crash dumps of the node' },
  { path: 'spool/cron', kind: 'directory', mode: 0o755, reason: "the administrator's crontab" },
  { path: 'tmp', kind: 'directory', mode: 0o1777, reason: 'meant to outlive a boot, and larger than memory' },
]

/** Where it is, and where what is in it really lies. */
export function renderLasting({ path }: Lasting): { target: string; source: string } {
  return { target: `/var/${path}`, source: `${systemDatasets.var}/${path}` }
}
