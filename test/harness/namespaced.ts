/** Where a host test runs: in namespaces of its own, or on the machine as it is. */
export type Place = 'namespaces' | 'host'

/** A file whose first line is `// namespaces: host` needs the real host. */
export function parsePlace(text: string): Place {
  return /^\/\/ namespaces: host\b/.test(text) ? 'host' : 'namespaces'
}

// What the host unmounts goes in here too, and what is unmounted in here goes from the zones' copies, as systemd has it on
// a host: ZFS destroys nothing that is mounted anywhere. A shell is process 1 of the new namespaces: it reaps what tests
// leave behind, which node would not. When it ends the kernel kills everything left.
const firstProcess = `
set -e
mount --make-rshared /
ip link set lo up
mkdir -p /run/netns
mount -t tmpfs -o mode=755 tmpfs /run/netns
"$@" &
wait $!
`

/** argv that runs a command in fresh mount, network and PID namespaces. */
export function renderNamespaced(argv: readonly string[]): string[] {
  const namespaces = ['--mount', '--propagation=slave', '--net', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc']
  return ['/usr/bin/unshare', ...namespaces, '/bin/sh', '-c', firstProcess, 'namespaced', ...argv]
}
