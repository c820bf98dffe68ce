import type { Recipe } from '../recipe.ts'

// A console that is no terminal must not make init start the shell again and again.
const consoleShell = `#!/bin/sh
[ -t 0 ] || exec /bin/sleep 2147483647
printf '\\nPress Enter for a shell.\\n'
read -r _
cd /root
exec /bin/sh -l
`

/** The smallest image: one static program and its links, under busybox's own init. */
export const busybox: Recipe = {
  name: 'busybox',
  version: '1',
  description: 'One static busybox: the smallest zone there is',
  maker: 'busybox',
  min_ram: 16,
  suite: '',
  packages: [],
  excludes: [],
  files: {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
    'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
    'etc/shadow': 'root:*:20000:0:99999:7:::\nnobody:*:20000:0:99999:7:::\n',
    'etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
    'etc/resolv.conf': '',
    'etc/profile': 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPS1="[\\u@\\h \\w]# "\n',
    'etc/os-release': 'ID=busybox\nNAME="BusyBox"\nPRETTY_NAME="BusyBox (Spirula)"\n',
    'etc/inittab': '::sysinit:/etc/rc\n::respawn:/sbin/console-shell\n::ctrlaltdel:/sbin/poweroff\n',
    'etc/rc': '#!/bin/sh\n[ -x /etc/rc.local ] && /etc/rc.local\nexit 0\n',
    'sbin/console-shell': consoleShell,
  },
  links: {},
}
