import { platformPaths, systemDatasets } from '#contracts/platform/names.ts'
import { canLogIn, parseRootHash } from '#plan/start/services.ts'
import type { Command } from '../../cli/command.ts'
import { createSystem, type System } from '../system.ts'

export const command: Command = {
  description: ['Run by systemd whenever /etc/shadow changes, as it does by passwd: the file itself is gone at the next boot.'],
  arguments: [],
  options: [],
  examples: [{ command: 'passwd', summary: "Changes root's password; this command then keeps it" }],
  async run(_input, cli) {
    if (await keepPassword(createSystem())) cli.err('The password of root is kept on the pool.\n')
    return 0
  },
}

/** False when there is nothing to keep: no settings, no password, the image's own, or the one that is kept already. */
export async function keepPassword(system: Pick<System, 'read' | 'write'>): Promise<boolean> {
  const path = `${systemDatasets.usbkey}/shadow`
  const paths = [platformPaths.usbkeyConfig, path, '/etc/shadow', `${platformPaths.pristine}/etc/shadow`]
  const [settings = null, kept, shadow, pristine] = await Promise.all(paths.map((one) => system.read(one)))
  const hash = parseRootHash(shadow ?? '')
  if (settings === null || hash === null || !canLogIn(hash) || [kept, pristine].some((text) => hash === parseRootHash(text ?? ''))) return false
  await system.write(path, `${hash}\n`, { mode: 0o600 })
  return true
}
