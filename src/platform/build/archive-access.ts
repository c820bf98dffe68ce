import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { run } from '#host/run/run.ts'
import { indexTargetFormat, parseAptAccess, parseMirror, renderSources } from '../../image/mirror.ts'
import { components, suite } from './packages.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** How this machine reaches the Debian archive: the place is its own, and is never written into an image. */
export interface ArchiveAccess {
  /** sources.list lines of the platform's suite. */
  sources: string[]
  /** apt options that lead to the mirror. */
  options: string[]
}

/** Takes mirror and proxies from this machine's own apt. CommandFailed when it knows no Debian archive. */
export async function readArchiveAccess(context: Context): Promise<ArchiveAccess> {
  const [targets, dump] = await Promise.all([
    run(['apt-get', 'indextargets', '--format', indexTargetFormat, 'Created-By: Packages'], {}, context),
    run(['/usr/bin/apt-config', 'dump'], {}, context),
  ])
  const mirror = parseMirror(targets.stdout)
  if (mirror === null) {
    throw new AppError('CommandFailed', 'The platform cannot be built: apt on this machine knows no Debian archive.', {
      hint: 'add one to /etc/apt/sources.list and run again',
    })
  }
  const sources = renderSources(mirror, suite, keyring).map((line) => line.replace(/ main$/, ` ${components}`))
  return { sources, options: parseAptAccess(dump.stdout) }
}
