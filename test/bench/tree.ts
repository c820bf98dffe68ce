import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The same small root for everybody: static busybox, links for its usual applets, an inittab that only waits. */
export async function createTree(root: string): Promise<void> {
  for (const directory of ['bin', 'sbin', 'etc', 'proc', 'sys', 'dev', 'run', 'tmp', 'root', 'var/svc', 'var/log', 'usr/bin', 'usr/sbin'])
    await mkdir(join(root, directory), { recursive: true })
  await cp('/bin/busybox', join(root, 'bin/busybox'))
  for (const applet of ['sh', 'true', 'sleep', 'cat', 'ls', 'mount', 'ip']) await symlink('busybox', join(root, 'bin', applet))
  for (const applet of ['init', 'poweroff', 'reboot', 'halt']) await symlink('../bin/busybox', join(root, 'sbin', applet))
  await writeFile(join(root, 'etc/inittab'), '::respawn:/bin/sleep 100000\n')
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n')
}
