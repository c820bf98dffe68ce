import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { KeptPackage } from '#contracts/platform/package-record.ts'
import type { System } from '../system.ts'
import { dpkgStatus, packagePlaces } from './places.ts'

const updateMs = 5 * 60_000
const fetchMs = 30 * 60_000

/**
 * Fetches the packages and all they need into `debs`, beyond what the platform and the packages `kept` are. apt works in
 * directories of its own on the pool, and installs nothing. CommandFailed has its last words.
 */
export async function fetchPackages(
  system: System,
  names: readonly string[],
  options: { sources: readonly string[]; kept: readonly KeptPackage[] },
): Promise<void> {
  await prepare(system, options)
  const settings = renderSettings(options.sources.length > 0)
  await explain(system.run(['apt-get', ...settings, 'update'], { timeoutMs: updateMs }), "The lists of apt's sources could not be fetched.")
  const install = ['--yes', '--no-install-recommends', '--no-remove', '--download-only', 'install', '--', ...names]
  await explain(system.run(['apt-get', ...settings, ...install], { timeoutMs: fetchMs }), `apt could not fetch ${names.join(', ')}.`)
}

async function explain(running: Promise<unknown>, sentence: string): Promise<void> {
  await running.catch((cause: unknown) => {
    throw new AppError('CommandFailed', sentence, { cause, hint: 'see package_sources of /usbkey/custom.json and /etc/apt' })
  })
}

async function prepare(system: System, { sources, kept }: { sources: readonly string[]; kept: readonly KeptPackage[] }): Promise<void> {
  const { apt, debs } = packagePlaces
  for (const path of [join(apt, 'state/lists/partial'), join(apt, 'cache'), join(debs, 'partial')]) await system.ensureDirectory(path)
  const platform = (await system.read(dpkgStatus)) ?? ''
  await system.write(join(apt, 'status'), `${platform.trimEnd()}\n\n${kept.map(renderStanza).join('\n')}`)
  await system.write(join(apt, 'sources.list'), sources.map((line) => `${line}\n`).join(''))
}

/** As dpkg would have noted it. */
function renderStanza({ name, version, architecture, depends, provides }: KeptPackage): string {
  const head = `Package: ${name}\nStatus: install ok installed\nMaintainer: spirula\nArchitecture: ${architecture}\nVersion: ${version}\n`
  return `${head}${depends === '' ? '' : `Depends: ${depends}\n`}${provides === '' ? '' : `Provides: ${provides}\n`}Description: ${name}\n`
}

function renderSettings(ownSources: boolean): string[] {
  const { apt, debs } = packagePlaces
  const settings = [
    `Dir::State=${apt}/state`,
    `Dir::State::status=${apt}/status`,
    `Dir::Cache=${apt}/cache`,
    `Dir::Cache::archives=${debs}`,
    ...(ownSources ? [`Dir::Etc::SourceList=${apt}/sources.list`, 'Dir::Etc::SourceParts=/dev/null'] : []),
    // Nobody but root may look into the pool.
    'APT::Sandbox::User=root',
    'APT::Install-Recommends=false',
    'Acquire::Languages=none',
    'Acquire::Retries=2',
    'Acquire::http::Timeout=20',
  ]
  return settings.flatMap((setting) => ['-o', setting])
}
