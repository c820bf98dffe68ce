import type { Context } from '#host/context.ts'
import { type RunResult, run } from '#host/run/run.ts'

const script = `mkdir -p "$1/proc" "$1/dev"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
root=$1; shift
while [ "$1" != -- ]; do
  mkdir -p "$root$1"
  mount --bind "$1" "$root$1"
  shift
done
shift
exec chroot "$root" "$@"`

export interface InTreeOptions {
  /** Directories of this machine that are seen at the same path in the tree. */
  binds?: readonly string[]
  env?: Record<string, string>
  timeoutMs?: number
}

/** Runs a program of a Debian tree in that tree, as root, in namespaces that end with it: nothing stays mounted. */
export async function runInTree(tree: string, argv: readonly string[], options: InTreeOptions, context: Context): Promise<RunResult> {
  const { binds = [], ...rest } = options
  return await run(
    [
      '/usr/bin/unshare',
      '--mount',
      '--propagation',
      'private',
      '--pid',
      '--fork',
      '--kill-child',
      '/bin/sh',
      '-ec',
      script,
      'sh',
      tree,
      ...binds,
      '--',
      ...argv,
    ],
    rest,
    context,
  )
}
