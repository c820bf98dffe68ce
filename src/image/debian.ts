import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import type { Argv } from '#host/run/programs.ts'
import { run } from '#host/run/run.ts'
import { indexTargetFormat, parseAptAccess, parseMirror, renderSources } from './mirror.ts'
import { createOverlay } from './overlay.ts'
import type { Recipe } from './recipe.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const buildLimitMs = 15 * 60_000

/** Writes a Debian root tree as a tar archive, from the archive that this machine's own apt uses. */
export async function createDebianArchive(recipe: Recipe, archive: string, context: Context): Promise<void> {
  const mirror = parseMirror((await run(['apt-get', 'indextargets', '--format', indexTargetFormat, 'Created-By: Packages'], {}, context)).stdout)
  if (mirror === null) {
    throw new AppError('CommandFailed', `The image ${recipe.name} cannot be built: apt on this machine knows no Debian archive.`, {
      hint: 'add one to /etc/apt/sources.list and run again',
    })
  }
  const access = parseAptAccess((await run(['/usr/bin/apt-config', 'dump'], {}, context)).stdout)
  const overlay = await mkdtemp(join(dirname(archive), 'overlay-'))
  try {
    await createOverlay(overlay, { ...recipe, links: {} })
    await run(
      renderMmdebstrap(recipe, { overlay, archive, access, sources: renderSources(mirror, recipe.suite, keyring) }),
      { timeoutMs: buildLimitMs },
      context,
    )
    await appendDevDirectory(archive, overlay, context)
  } catch (cause) {
    throw new AppError('CommandFailed', `The image ${recipe.name} could not be built from the Debian archive.`, {
      cause,
      hint: `check that this machine reaches its Debian mirror (\`apt-get update\`) and that it has ${recipe.suite}`,
    })
  } finally {
    await rm(overlay, { recursive: true, force: true })
  }
}

/** mmdebstrap gives /dev with its device files or not at all; a zone's root has the empty directory only. */
async function appendDevDirectory(archive: string, scratch: string, context: Context): Promise<void> {
  await mkdir(join(scratch, 'dev'), { recursive: true, mode: 0o755 })
  await run(['tar', '--numeric-owner', '--owner=0', '--group=0', '--mtime=@0', '-C', scratch, '-rf', archive, './dev'], {}, context)
}

interface Build {
  /** Directory whose files are copied over the tree. */
  overlay: string
  /** The tar archive to write. */
  archive: string
  /** apt options that reach the mirror. */
  access: string[]
  /** sources.list lines. */
  sources: string[]
}

/** argv of mmdebstrap. Its hooks are shell text, so everything in them is ours and without spaces. */
export function renderMmdebstrap(recipe: Recipe, build: Build): Argv {
  return [
    'mmdebstrap',
    '--mode=root',
    '--variant=minbase',
    '--format=tar',
    '--skip=output/dev',
    `--include=${recipe.packages.join(',')}`,
    ...recipe.excludes.map((path) => `--dpkgopt=path-exclude=${path}`),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    '--aptopt=APT::Install-Recommends "false";',
    '--aptopt=Acquire::Languages "none";',
    ...build.access.map((option) => `--aptopt=${option}`),
    ...(recipe.groups ?? []).map(renderGroupHook),
    `--customize-hook=sync-in ${build.overlay} /`,
    ...Object.entries(recipe.links).flatMap(([path, to]) => renderLinkHook(path, to)),
    '--customize-hook=rm -f "$1"/etc/hostname "$1"/etc/ssh/ssh_host_*_key*',
    ...(recipe.type === 'zone-dataset' ? sparseHooks : []),
    recipe.suite,
    build.archive,
    ...build.sources,
  ]
}

/** mmdebstrap's option that adds a line to /etc/group before other than essential packages are there. */
export function renderGroupHook(line: string): string {
  return `--essential-hook=echo ${line} >> "$1"/etc/group`
}

/** Last of all, as hooks run programs of the tree: no /usr, and no word of packages that dpkg could not keep. */
const sparseHooks = [
  '--customize-hook=rm -rf "$1"/usr "$1"/boot "$1"/etc/apt/sources.list* "$1"/etc/apt/trusted.gpg.d "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/dpkg "$1"/var/lib/dpkg "$1"/var/cache/debconf "$1"/var/log/*',
  '--customize-hook=mkdir "$1"/usr',
]

function renderLinkHook(path: string, to: string): string[] {
  const remove = `--customize-hook=rm -f "$1"/${path}`
  if (to === '') return [remove]
  const directory = dirname(path)
  return [remove, `--customize-hook=mkdir -p "$1"/${directory}`, `--customize-hook=ln -s ${to} "$1"/${path}`]
}
