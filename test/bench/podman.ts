import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { attempt, command } from './command.ts'
import type { Contender } from './contender.ts'
import { createTree } from './tree.ts'

/** podman of Debian 12 with crun and overlay storage; without a network, for its network plugins are another package. */
export function createPodman(work: string): Contender {
  const directory = join(work, 'podman')
  // This machine's root may not raise hard limits (no CAP_SYS_RESOURCE), which podman would by default.
  const env = { CONTAINERS_CONF: join(directory, 'containers.conf') }
  const podman = (...argv: string[]): Promise<string> =>
    command(['podman', '--root', join(directory, 'root'), '--runroot', join(directory, 'run'), '--cgroup-manager', 'cgroupfs', '--runtime', 'crun', ...argv], {
      env,
    })
  return {
    name: 'podman',
    about: 'podman run -d --network none, overlay',
    install: async () => void (await command(['apt-get', 'install', '-y', '--no-install-recommends', 'podman'])),
    async setUp() {
      await mkdir(directory, { recursive: true })
      await writeFile(env.CONTAINERS_CONF, '[containers]\ndefault_ulimits = ["nofile=1024:20000", "nproc=4096:4096"]\n')
      const root = join(directory, 'tree')
      await createTree(root)
      await command(['tar', '-C', root, '-cf', join(directory, 'tree.tar'), '.'])
      await podman('import', join(directory, 'tree.tar'), 'bench')
    },
    create: async (name) => void (await podman('run', '-d', '--network', 'none', '--name', name, 'bench', '/sbin/init')),
    destroy: async (name) => void (await podman('rm', '-f', '-t', '0', name)),
    exec: async (name) => void (await podman('exec', name, '/bin/true')),
    async tearDown() {
      await podman('rm', '-f', '-a', '-t', '0').catch(() => '')
      await attempt(['umount', join(directory, 'root/overlay')])
      await rm(directory, { recursive: true, force: true })
    },
  }
}
