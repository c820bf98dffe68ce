import { createHash } from 'node:crypto'
import type { BootHealth, BootState } from '#contracts/platform/boot-state.ts'
import { renderIssue, renderMotd, type TextFacts } from '#plan/health/texts.ts'
import { readCrashes } from '../crash/read.ts'
import type { System } from '../system.ts'

/** Writes what a login and the console show of this boot; `health` is null before the check has ended. */
export async function writeTexts(system: System, state: BootState, health: BootHealth | null): Promise<void> {
  const facts: TextFacts = {
    state,
    health,
    pool: state.pool === undefined ? null : await readPool(system, state.pool),
    crashes: state.pool === undefined ? 0 : (await readCrashes().catch(() => [])).length,
    fingerprints: await readFingerprints(system, state.host_keys),
  }
  const options = { mode: 0o644, durable: false }
  await system.write('/etc/motd', renderMotd(facts), options)
  await system.write('/etc/issue', renderIssue(facts), options)
}

/** null when ZFS does not tell. */
export async function readPool(system: System, name: string): Promise<TextFacts['pool']> {
  const { stdout, exitCode } = await system.run(['zpool', 'list', '-H', '-p', '-o', 'health,size,allocated', name], { okCodes: [0, 1], timeoutMs: 20_000 })
  const [health, size, used] = stdout.trim().split('\t')
  return exitCode === 0 && health !== undefined ? { name, health, size_bytes: Number(size), used_bytes: Number(used) } : null
}

/** As `ssh-keygen -l` shows them. */
async function readFingerprints(system: System, keys: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(keys.map((key) => system.read(`${key}.pub`)))
  return texts.flatMap((text) => {
    const [type, blob] = (text ?? '').split(' ')
    if (type === undefined || blob === undefined) return []
    const print = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '')
    return [`SHA256:${print} (${type.replace(/^ssh-|^ecdsa-sha2-.*$/, (found) => (found === 'ssh-' ? '' : 'ECDSA')).toUpperCase()})`]
  })
}
