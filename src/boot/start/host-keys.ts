import { AppError } from '#contracts/errors.ts'
import type { System } from '../system.ts'

/** RSA is left out: making such a key takes seconds, and every client of the last ten years knows these. */
const types = ['ed25519', 'ecdsa'] as const

/**
 * The host's ssh keys in a directory, made where they are missing. A key is written elsewhere first and then put in
 * its place whole, the private half last: that one decides whether there is a key. Gives the paths of the private ones.
 */
export async function ensureHostKeys(system: System, directory: string): Promise<string[]> {
  await system.ensureDirectory(directory, 0o700)
  const present = await system.list(directory)
  for (const type of types) if (!present.includes(`ssh_host_${type}_key`)) await createKey(system, directory, type)
  return types.map((type) => `${directory}/ssh_host_${type}_key`)
}

async function createKey(system: System, directory: string, type: string): Promise<void> {
  const scratch = '/run/spirula/new-host-key'
  for (const path of [scratch, `${scratch}.pub`]) await system.remove(path)
  await system.run(['ssh-keygen', '-q', '-t', type, '-N', '', '-C', '', '-f', scratch])
  const [secret, open] = [await system.read(scratch), await system.read(`${scratch}.pub`)]
  if (secret === null || open === null) throw new AppError('CommandFailed', `ssh-keygen made no key of type ${type}.`)
  await system.write(`${directory}/ssh_host_${type}_key.pub`, open, { mode: 0o644 })
  await system.write(`${directory}/ssh_host_${type}_key`, secret, { mode: 0o600 })
  for (const path of [scratch, `${scratch}.pub`]) await system.remove(path)
}
