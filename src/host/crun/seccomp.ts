/**
 * System calls that no zone needs, refused with EPERM before the kernel's own checks. A list of what is
 * forbidden, not of what is allowed: a system container runs whole distributions, and a list of allowed
 * calls breaks with each new C library. The user namespace is the wall; this takes away kernel code
 * that has had holes and that only a host's own root, or hardly anyone, has use for.
 */
const refused: Record<string, readonly string[]> = {
  // Replaces or extends the running kernel: the host's matter, checked against the host's root anyway.
  kernel: ['kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module'],
  // Loads programs into the kernel. systemd asks for it for device and IP filters, and does without.
  bpf: ['bpf'],
  // Performance counters see other zones' branches and caches, and its code has a long list of holes.
  perf: ['perf_event_open'],
  // Holds a kernel thread at a page fault for as long as one likes: the favourite tool of exploits.
  userfaultfd: ['userfaultfd'],
  // Opens files by inode number, past every directory: how containers of old were left.
  handles: ['open_by_handle_at'],
  // Swap, accounting, clocks, hardware ports, firmware: the host's alone.
  host: [
    'swapon',
    'swapoff',
    'acct',
    'settimeofday',
    'clock_settime',
    'clock_settime64',
    'adjtimex',
    'clock_adjtime',
    'clock_adjtime64',
    'stime',
    'iopl',
    'ioperm',
    'quotactl',
    'quotactl_fd',
    'syslog',
  ],
  // Moves pages and memory policy of other processes; reads the kernel's comparison of pointers.
  memory: ['move_pages', 'migrate_pages', 'kcmp'],
  // No one's any more: old code, no tests, no users.
  obsolete: [
    'uselib',
    'ustat',
    'sysfs',
    '_sysctl',
    'nfsservctl',
    'vm86',
    'vm86old',
    'lookup_dcookie',
    'create_module',
    'get_kernel_syms',
    'query_module',
    'modify_ldt',
  ],
}

/** Keyrings are counted by user id and have leaked between namespaces. ENOSYS, as of a kernel without them: systemd goes on. */
const enosys = ['keyctl', 'add_key', 'request_key']

interface SeccompRule {
  names: string[]
  action: 'SCMP_ACT_ERRNO'
  errnoRet: number
}

export interface Seccomp {
  defaultAction: 'SCMP_ACT_ALLOW'
  architectures: string[]
  syscalls: SeccompRule[]
}

const EPERM = 1
const ENOSYS = 38

/**
 * The profile as OCI has it. Not refused, since the user namespace decides: mount, fsopen, pivot_root,
 * unshare, setns (systemd's sandboxes live on them), reboot (ends the pid namespace alone), io_uring (off by
 * the host's sysctl where wanted), ptrace.
 */
export function renderSeccomp(architecture: string): Seccomp {
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    // The 32-bit entries must be named as well, or they would be a way around.
    architectures: architecture === 'arm64' ? ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'] : ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    syscalls: [
      { names: Object.values(refused).flat(), action: 'SCMP_ACT_ERRNO', errnoRet: EPERM },
      { names: enosys, action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
    ],
  }
}
