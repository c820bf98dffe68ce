import { AppError } from '#contracts/errors.ts'
import { bootFiles } from '#contracts/platform/boot-state.ts'
import { systemDatasets } from '#contracts/platform/names.ts'
import { needsCarrier } from '#plan/start/links.ts'
import { dhcpForAll, planNetwork } from '#plan/start/network.ts'
import { parseNetworkSettings } from '#plan/start/network-settings.ts'
import {
  canLogIn,
  parseRootHash,
  planHostname,
  planRootHash,
  readRootHash,
  renderChronySources,
  renderHosts,
  renderResolved,
  renderSshd,
  replaceRootHash,
} from '#plan/start/services.ts'
import type { System } from '../system.ts'
import { type Boot, hasSettings, poolOf, type Step } from './boot.ts'
import { ensureHostKeys } from './host-keys.ts'
import { readConnected } from './nics.ts'

/** The steps that apply the settings, in order; without settings they set what a node has that is not set up yet. */
export const settingsSteps: readonly Step[] = [
  { name: 'hostname', run: setHostname },
  { name: 'network', run: writeNetwork },
  { name: 'names', run: writeResolved },
  { name: 'time', run: writeChrony },
  { name: 'password', run: setPassword },
  { name: 'authorized-keys', run: writeAuthorizedKeys },
  { name: 'ssh', run: writeSshd },
  { name: 'keymap', run: loadKeymap },
]

/** Of files on the image's tmpfs and below /run. */
const inMemory = { mode: 0o644, durable: false } as const

async function setHostname(boot: Boot): Promise<string> {
  const macs = (await boot.readNics()).map(({ mac }) => mac)
  boot.hostname = planHostname(boot.values, macs)
  await boot.system.write('/etc/hostname', `${boot.hostname}\n`, inMemory)
  await boot.system.write('/etc/hosts', renderHosts(boot.hostname, boot.values.get('dns_domain') ?? ''), inMemory)
  await boot.system.writeKernel('/proc/sys/kernel/hostname', boot.hostname)
  return boot.hostname
}

const networkDirectory = '/run/systemd/network'

/** Writes networkd's files. Without settings there are none, and the image's own has every wired link ask for an address. */
async function writeNetwork(boot: Boot): Promise<string> {
  const { system } = boot
  const plan = hasSettings(boot) ? await planFromSettings(boot) : { files: new Map<string, string>(), tags: [], shown: [], problems: [] }
  await system.ensureDirectory(networkDirectory)
  for (const name of await system.list(networkDirectory)) if (!plan.files.has(name)) await system.remove(`${networkDirectory}/${name}`)
  for (const [name, text] of plan.files) await system.write(`${networkDirectory}/${name}`, text, inMemory)
  boot.tags = plan.tags
  boot.shown = plan.shown
  boot.problems.push(...plan.problems)
  await system.write(bootFiles.nicTags, JSON.stringify(boot.tags), inMemory)
  return [...plan.files.keys()].filter((name) => name !== dhcpForAll).join(', ') || 'every wired link asks for an address'
}

async function planFromSettings(boot: Boot): Promise<ReturnType<typeof planNetwork>> {
  const settings = parseNetworkSettings(boot.values)
  const nics = await boot.readNics()
  return planNetwork(settings, needsCarrier(settings, nics) ? await readConnected(boot.system, nics, boot.readNics) : nics)
}

async function writeResolved({ system, values }: Boot): Promise<string | null> {
  const path = '/run/systemd/resolved.conf.d/spirula.conf'
  const text = renderResolved(values)
  if (text === null) {
    await system.remove(path)
    return null
  }
  await system.ensureDirectory('/run/systemd/resolved.conf.d')
  await system.write(path, text, inMemory)
  return text.trim().split('\n').slice(1).join(' ')
}

async function writeChrony({ system, values }: Boot): Promise<string> {
  const text = renderChronySources(values)
  await system.ensureDirectory('/run/spirula/chrony')
  await system.write('/run/spirula/chrony/settings.sources', text, inMemory)
  return text.trim().replaceAll('\n', ', ')
}

/** Of the settings' file beside them, or of the setting; else what `planRootHash` says. */
async function setPassword(boot: Boot): Promise<string> {
  const hasPool = poolOf(boot) !== null
  const text = hasPool ? ((await boot.system.read(`${systemDatasets.usbkey}/shadow`)) ?? boot.values.get('root_shadow') ?? '') : ''
  boot.rootHash = parseRootHash(text)
  const shadow = await boot.system.read('/etc/shadow')
  if (shadow === null) throw new AppError('NotFound', 'The image has no /etc/shadow.')
  const hash = planRootHash({ own: boot.rootHash, current: readRootHash(shadow), hasPool })
  const replaced = replaceRootHash(shadow, hash)
  if (replaced !== shadow) await boot.system.write('/etc/shadow', replaced, { mode: 0o600, durable: false })
  if (hash === '') return 'none: the console needs no password'
  return canLogIn(hash) ? 'set' : 'locked'
}

async function writeAuthorizedKeys(boot: Boot): Promise<string | null> {
  if (poolOf(boot) === null) return null
  const texts = await Promise.all([`${systemDatasets.usbkey}/authorized_keys`, ...keyFiles(boot.values)].map((path) => boot.system.read(path)))
  const keys = [...new Set(texts.flatMap((text) => (text ?? '').split('\n')).map((line) => line.trim()))].filter((line) => line !== '' && !line.startsWith('#'))
  const named = boot.values.get('root_authorized_keys_file')
  if (named !== undefined && texts.slice(1).every((text) => text === null))
    boot.problems.push(`root_authorized_keys_file names ${named}, but there is no such file in ${systemDatasets.usbkey}.`)
  if (keys.length === 0) return null
  await boot.system.ensureDirectory('/root/.ssh', 0o700)
  await boot.system.write('/root/.ssh/authorized_keys', `${keys.join('\n')}\n`, { mode: 0o600, durable: false })
  return `${keys.length} ${keys.length === 1 ? 'key' : 'keys'}`
}

/** A name alone is looked for where SmartOS has such files, and beside the settings. */
function keyFiles(values: Boot['values']): string[] {
  const name = values.get('root_authorized_keys_file') ?? ''
  if (name === '') return []
  return name.startsWith('/') ? [name] : [`${systemDatasets.usbkey}/config.inc/${name}`, `${systemDatasets.usbkey}/${name}`]
}

async function writeSshd(boot: Boot): Promise<string> {
  const { system } = boot
  boot.hostKeys = await ensureHostKeys(system, poolOf(boot) === null ? '/run/spirula/ssh' : `${systemDatasets.usbkey}/ssh`)
  await system.ensureDirectory('/run/spirula/sshd')
  await system.write('/run/spirula/sshd/settings.conf', renderSshd(boot.hostKeys, hasSettings(boot) && canLogIn(boot.rootHash)), inMemory)
  return boot.hostKeys.join(', ')
}

async function loadKeymap({ system, values }: Boot): Promise<string | null> {
  const keymap = values.get('default_keymap') ?? ''
  if (keymap === '' || keymap === 'us') return null
  await system.run(['loadkeys', '-q', keymap])
  return keymap
}

/**
 * Services that run already, as at the end of the first-boot dialogue, take the new settings over, and those that wait
 * for the settings start. At boot all of them are about to start anyway.
 */
export async function reloadServices(system: System, isReady: boolean): Promise<void> {
  const systemctl = async (verb: string, units: readonly string[]): Promise<void> => {
    await system.run(['systemctl', '--no-block', verb, ...units.map((unit) => `${unit}.service`)], { okCodes: [0, 1, 4, 5] })
  }
  if ((await system.run(['systemctl', 'is-active', '--quiet', 'basic.target'], { okCodes: [0, 3, 4] })).exitCode !== 0) return
  await systemctl('try-reload-or-restart', ['systemd-networkd', 'systemd-resolved', 'chrony', 'ssh'])
  if (isReady) await systemctl('start', ['spirula', 'spirula-guests', 'spirula-health'])
}
