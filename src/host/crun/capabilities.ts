/**
 * Capabilities of a zone. All of them count only in the zone's own user namespace: over its processes,
 * its mounts, its network namespace; nothing of the host. Left out even so is what opens kernel code that
 * a server does not need.
 */
const minimal = [
  // Ownership and users: what root is for in any system.
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_SETFCAP',
  'CAP_KILL',
  // Services: low ports, ping, chroot, audit records of login, file leases, core scheduling of their own.
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_NET_BROADCAST',
  'CAP_SYS_CHROOT',
  'CAP_AUDIT_WRITE',
  'CAP_LEASE',
  'CAP_SYS_NICE',
  'CAP_IPC_OWNER',
  'CAP_IPC_LOCK',
  // Its network namespace is its own, as an exclusive-IP zone's stack is; what may leave it is decided outside.
  'CAP_NET_ADMIN',
  // mount and hostname for systemd and its sandboxes; reboot of the pid namespace; virtual consoles (vhangup).
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_TTY_CONFIG',
  // Debuggers, within the zone.
  'CAP_SYS_PTRACE',
  // mknod of pipes and sockets needs none; of devices it fails in a user namespace. For tools that check.
  'CAP_MKNOD',
] as const

/** SmartOS privilege → capabilities it stands for here. A privilege that Linux has no word for maps to none. */
const privileges: Record<string, readonly string[]> = {
  default: minimal,
  basic: [],
  zone: minimal,
  all: [...minimal, 'CAP_SYS_RESOURCE', 'CAP_LINUX_IMMUTABLE', 'CAP_SYS_TIME', 'CAP_AUDIT_CONTROL', 'CAP_SYS_PACCT'],
  file_chown: ['CAP_CHOWN'],
  file_dac_execute: ['CAP_DAC_OVERRIDE'],
  file_dac_read: ['CAP_DAC_READ_SEARCH'],
  file_dac_search: ['CAP_DAC_READ_SEARCH'],
  file_dac_write: ['CAP_DAC_OVERRIDE'],
  file_owner: ['CAP_FOWNER'],
  file_setid: ['CAP_FSETID', 'CAP_SETFCAP'],
  ipc_owner: ['CAP_IPC_OWNER'],
  net_icmpaccess: ['CAP_NET_RAW'],
  net_observability: ['CAP_NET_RAW'],
  net_privaddr: ['CAP_NET_BIND_SERVICE'],
  net_rawaccess: ['CAP_NET_RAW'],
  proc_audit: ['CAP_AUDIT_WRITE'],
  proc_chroot: ['CAP_SYS_CHROOT'],
  proc_lock_memory: ['CAP_IPC_LOCK'],
  proc_owner: ['CAP_KILL', 'CAP_SYS_PTRACE'],
  proc_priocntl: ['CAP_SYS_NICE'],
  proc_prioup: ['CAP_SYS_NICE'],
  proc_setid: ['CAP_SETUID', 'CAP_SETGID'],
  sys_admin: ['CAP_SYS_ADMIN'],
  sys_audit: ['CAP_AUDIT_CONTROL'],
  sys_devices: ['CAP_MKNOD', 'CAP_SYS_TTY_CONFIG'],
  sys_ip_config: ['CAP_NET_ADMIN'],
  sys_iptun_config: ['CAP_NET_ADMIN'],
  sys_mount: ['CAP_SYS_ADMIN'],
  sys_net_config: ['CAP_NET_ADMIN'],
  sys_ppp_config: ['CAP_NET_ADMIN'],
  sys_resource: ['CAP_SYS_RESOURCE'],
  sys_time: ['CAP_SYS_TIME'],
}

/**
 * Capabilities for a `limit_priv` list, sorted: words add, words with `!` or `-` before them take away, in
 * any order (taking away wins). [] stands for ['default'].
 */
export function planCapabilities(limitPriv: readonly string[]): string[] {
  const words = limitPriv.length === 0 ? ['default'] : limitPriv
  const isRemoval = (word: string): boolean => word.startsWith('!') || word.startsWith('-')
  const of = (word: string): readonly string[] => privileges[word.toLowerCase()] ?? []
  const added = new Set(words.filter((word) => !isRemoval(word)).flatMap(of))
  const removed = new Set(words.filter(isRemoval).flatMap((word) => of(word.slice(1))))
  return [...added.difference(removed)].sort()
}
