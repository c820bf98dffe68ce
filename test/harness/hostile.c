/*
 * A zone's root with bad intentions. hostile MODE [ARGUMENT]: one line a result, `NAME refused ERRNO` or
 * `NAME allowed`; modes that use something up print `held COUNT ERRNO` and then sit on it until killed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SUBVOL_CREATE = 0x5000940e };
struct btrfs_args { long fd; char name[4088]; };

static void tell(const char *name, long result) {
  if (result < 0) printf("%s refused %s\n", name, strerrorname_np(errno));
  else printf("%s allowed\n", name);
  fflush(stdout);
}

#define CALL(name, ...) tell(#name, syscall(SYS_##name, __VA_ARGS__))

/* Opens for writing and writes what is there already, so that a success harms nobody. */
static void tell_open(const char *path, int flags) {
  int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
  tell(path, fd);
  if (fd >= 0) close(fd);
}

static void kernel_calls(void) {
  struct timespec now;
  struct timex clock = {.modes = ADJ_OFFSET};
  struct { unsigned bytes; int type; char handle[128]; } handle = {8, 1, ""};
  char text[64] = "";
  clock_gettime(CLOCK_REALTIME, &now);
  CALL(kexec_load, 0, 0, 0, 0);
  CALL(kexec_file_load, -1, -1, 0, "", 0);
  CALL(init_module, text, 0, "");
  CALL(finit_module, 0, "", 0);
  CALL(delete_module, "none", 0);
  CALL(bpf, 5, text, 48);
  CALL(perf_event_open, text, 0, -1, -1, 0);
  CALL(keyctl, 0, -4, 1, 0, 0);
  CALL(add_key, "user", "hostile", "x", 1, -3);
  CALL(request_key, "user", "hostile", 0, -3);
  CALL(open_by_handle_at, AT_FDCWD, &handle, O_RDONLY);
  CALL(userfaultfd, 1);
  CALL(swapon, "/swap", 0);
  CALL(swapoff, "/swap");
  CALL(settimeofday, text, 0);
  CALL(clock_settime, CLOCK_REALTIME, &now);
  CALL(adjtimex, &clock);
  CALL(clock_adjtime, CLOCK_REALTIME, &clock);
  CALL(syslog, 3, text, sizeof text);
  CALL(iopl, 3);
  CALL(ioperm, 0x80, 1, 1);
  CALL(quotactl, 0x800007 << 8, "/", 0, text);
  CALL(acct, "/acct");
  CALL(nfsservctl, 0, 0, 0);
  CALL(lookup_dcookie, 0L, text, sizeof text);
  CALL(kcmp, getpid(), 1, 0, 0, 0);
  CALL(move_pages, 1, 1, text, 0, text, 0);
  CALL(uselib, "/bin/sh");
}

static void limits(void) {
  struct rlimit limit;
  struct sched_param priority = {1};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_max += 1;
  tell("rlimit_nofile", setrlimit(RLIMIT_NOFILE, &limit));
  getrlimit(RLIMIT_MEMLOCK, &limit);
  limit.rlim_max = RLIM_INFINITY;
  tell("rlimit_memlock", setrlimit(RLIMIT_MEMLOCK, &limit));
  tell("sched_fifo", sched_setscheduler(0, SCHED_FIFO, &priority));
  tell("nice", setpriority(PRIO_PROCESS, 0, -20));
  int fd = open("/proc/self/oom_score_adj", O_WRONLY);
  tell("oom_score_adj", write(fd, "-1000", 5));
  close(fd);
}

static void try_mounts(const char *prefix) {
  static const char *const tries[][2] = {{"ext4", "/dev/vda"}, {"btrfs", "/dev/loop0"}, {"devtmpfs", "none"}, {"securityfs", "none"}, {"debugfs", "none"},
    {"tracefs", "none"}, {"bpf", "none"}, {"pstore", "none"}, {"configfs", "none"}, {"tmpfs", "none"}, {"proc", "proc"}, {"sysfs", "sysfs"}};
  char name[64];
  mkdir("/mnt", 0755);
  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
    snprintf(name, sizeof name, "%s_%s", prefix, tries[i][0]);
    tell(name, mount(tries[i][1], "/mnt", tries[i][0], 0, NULL));
    umount2("/mnt", MNT_DETACH);
  }
  if (mount("cgroup", "/mnt", "cgroup", 0, "memory") == 0) {
    tell_open("/mnt/memory.limit_in_bytes", O_WRONLY);
    tell_open("/mnt/cgroup.procs", O_WRONLY);
    tell("/mnt/mkdir", mkdir("/mnt/mine", 0755));
    umount2("/mnt", MNT_DETACH);
  } else tell("cgroup_v1", -1);
  if (mount("cgroup", "/mnt", "cgroup2", 0, NULL) == 0) {
    tell_open("/mnt/cgroup.procs", O_WRONLY);
    tell("/mnt/mkdir", mkdir("/mnt/mine", 0755));
    umount2("/mnt", MNT_DETACH);
  } else tell("cgroup_v2", -1);
}

static void devices(void) {
  tell("mknod_block", mknod("/block", S_IFBLK | 0600, makedev(7, 0)));
  tell("mknod_char", mknod("/char", S_IFCHR | 0600, makedev(1, 1)));
  tell_open("/dev/mem", O_RDWR);
  tell_open("/dev/kmsg", O_RDWR);
  tell_open("/dev/vda", O_RDONLY);
  tell_open("/dev/loop-control", O_RDWR);
}

/* Only the zone's own namespaces and processes are to be seen. */
static void neighbours(void) {
  char path[64];
  tell("setns_init_user", setns(open("/proc/1/ns/user", O_RDONLY), CLONE_NEWUSER));
  struct stat mine, first;
  tell("same_namespaces", stat("/proc/self/ns/net", &mine) || stat("/proc/1/ns/net", &first) || mine.st_ino != first.st_ino ? -1 : 0);
  tell("ptrace_parent_of_init", ptrace(PTRACE_ATTACH, 0, 0, 0));
  for (pid_t pid = 2; pid < 70000; pid++) {
    /* Whoever answers from another pid namespace would have a ppid that is not seen here. */
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    char target[256] = "";
    if (readlink(path, target, sizeof target - 1) > 0 && (strstr(target, "keeper") || strstr(target, "udhcpc") || strstr(target, "node"))) printf("sees %s\n", target);
  }
  tell("reboot_kexec", reboot(0x45584543));
}

/* In a user namespace of its own the same root has all capabilities; the same walls must stand. */
static void nested(void) {
  char map[32];
  tell("unshare_user", unshare(CLONE_NEWUSER | CLONE_NEWNS));
  snprintf(map, sizeof map, "0 0 1\n");
  int fd = open("/proc/self/uid_map", O_WRONLY);
  if (write(fd, map, strlen(map)) < 0) tell("uid_map", -1);
  close(fd);
  try_mounts("nested");
  devices();
  limits();
}

static void lift_masks(void) {
  static const char *const masks[] = {"/proc/kcore", "/proc/kallsyms", "/proc/kmsg", "/proc/sysrq-trigger", "/proc/keys", "/proc/timer_list", "/sys/firmware", "/sys/fs/bpf",
    "/sys/module", "/sys/block", "/sys/kernel/debug", "/sys/kernel/security", "/sys/kernel/tracing"};
  for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
    while (umount2(masks[i], MNT_DETACH) == 0) continue;
  mount(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND, NULL);
  static const char *const binds[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/tty", "/proc/driver"};
  for (size_t i = 0; i < sizeof binds / sizeof *binds; i++)
    while (umount2(binds[i], MNT_DETACH) == 0) continue;
}

static void secrets(void) {
  unsigned long address = 0, found = 0;
  tell_open("/proc/kcore", O_RDONLY);
  tell_open("/proc/kmsg", O_RDONLY);
  tell_open("/proc/sysrq-trigger", O_WRONLY);
  tell_open("/proc/timer_list", O_RDONLY);
  tell_open("/proc/1/mem", O_RDWR);
  FILE *file = fopen("/proc/kallsyms", "r");
  while (file && fscanf(file, "%lx%*[^\n]", &address) == 1) found |= address;
  errno = EPERM;
  tell("kallsyms_addresses", found ? 0 : -1);
}

static void walk(const char *path, int depth) {
  char below[4096];
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory && depth < 12 && (entry = readdir(directory));) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
    if (entry->d_type == DT_DIR) walk(below, depth + 1);
    else if (entry->d_type == DT_REG) {
      int fd = open(below, O_WRONLY | O_NONBLOCK | O_NOFOLLOW);
      if (fd >= 0) printf("writable %s\n", below), close(fd);
    }
  }
  if (directory) closedir(directory);
}

/* A bind that is read-only must stay so, whichever way it is remounted, and so must its bytes. */
static void rebind(char **paths) {
  char name[512];
  for (; *paths; paths++) {
    snprintf(name, sizeof name, "remount %s", *paths);
    tell(name, mount(NULL, *paths, NULL, MS_REMOUNT | MS_BIND, NULL));
    mkdir("/mnt", 0755);
    mount(*paths, "/mnt", NULL, MS_BIND | MS_REC, NULL);
    mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_BIND, NULL);
    snprintf(name, sizeof name, "write %s", *paths);
    tell(name, open("/mnt/hostile", O_WRONLY | O_CREAT, 0600));
    char below[600];
    DIR *directory = opendir("/mnt");
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
      snprintf(below, sizeof below, "/mnt/%s", entry->d_name);
      if (entry->d_type != DT_REG) continue;
      int fd = open(below, O_WRONLY);
      if (fd >= 0) printf("write %s/%s allowed\n", *paths, entry->d_name), close(fd);
    }
    if (directory) closedir(directory);
    umount2("/mnt", MNT_DETACH);
  }
}

static _Noreturn void hold(long count) {
  printf("held %ld %s\n", count, strerrorname_np(errno));
  fflush(stdout);
  for (;;) pause();
}

static void all_files(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static _Noreturn void exhaust(const char *what) {
  long count = 0;
  errno = 0;
  all_files();
  if (!strcmp(what, "files")) while (count < 4000000 && open("/dev/null", O_RDONLY) >= 0) count++;
  if (!strcmp(what, "inotify")) while (inotify_init1(0) >= 0) count++;
  if (!strcmp(what, "signals")) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    while (sigqueue(getpid(), SIGRTMIN + 1, (union sigval){0}) == 0) count++;
  }
  if (!strcmp(what, "queues")) {
    char name[32];
    struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = 8192};
    do snprintf(name, sizeof name, "/q%ld", count); while (mq_open(name, O_CREAT | O_RDWR, 0600, &attributes) >= 0 && ++count);
  }
  if (!strcmp(what, "processes")) {
    pid_t child;
    while ((child = fork()) > 0) count++;
    if (child == 0) for (;;) pause();
  }
  hold(count);
}

/* Whether one of each can still be had. */
static void need(void) {
  sigset_t all;
  timer_t timer;
  struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 64};
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  tell("file", open("/dev/null", O_RDONLY));
  tell("inotify", inotify_init1(0));
  tell("signal", sigqueue(getpid(), SIGRTMIN + 1, (union sigval){0}));
  tell("timer", timer_create(CLOCK_MONOTONIC, NULL, &timer));
  tell("queue", mq_open("/need", O_CREAT | O_RDWR, 0600, &attributes));
  tell("fork", fork() == 0 ? (_exit(0), 0) : 0);
  tell("unshare", unshare(CLONE_NEWUSER | CLONE_NEWNET));
}

static void eat_memory(long mib) {
  for (long i = 0; i < mib; i++) {
    char *page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) break;
    memset(page, 1, 1 << 20);
  }
  printf("ate all\n");
}

static void fill(const char *path) {
  static char bytes[1 << 20];
  char name[512];
  long mib = 0;
  memset(bytes, 7, sizeof bytes);
  snprintf(name, sizeof name, "%s/fill", path);
  int fd = open(name, O_WRONLY | O_CREAT, 0600);
  while (mib < 8192 && write(fd, bytes, sizeof bytes) == sizeof bytes) mib++;
  printf("filled %ld %s\n", mib, strerrorname_np(errno));
}

/* Subvolumes of its own, and snapshots of what it has. */
static void subvolumes(void) {
  struct btrfs_args arguments = {0, "hostile-subvolume"};
  int root = open("/", O_RDONLY);
  tell("subvolume", ioctl(root, SUBVOL_CREATE, &arguments));
  fill("/hostile-subvolume");
}

static void connect_many(const char *path, long count) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  long made = 0;
  all_files();
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  /* An abstract name. */
  if (path[0] == '@') address.sun_path[0] = 0;
  for (long i = 0; i < count; i++) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connect(fd, (struct sockaddr *)&address, (socklen_t)(sizeof(sa_family_t) + strlen(path))) == 0) made++;
    else if (errno == EAGAIN) usleep(100), i--;
    if (i % 64 == 0 || errno == EAGAIN) close(fd);
  }
  printf("connected %ld\n", made);
}

/* Looks at whoever comes in from outside, for `seconds`: its memory, its files and its directories are the host's. */
static void lurk(long seconds) {
  char path[64], target[512];
  time_t end = time(NULL) + seconds;
  long seen = 0;
  while (time(NULL) < end)
    for (pid_t pid = getpid() + 1; pid < getpid() + 400; pid++) {
      snprintf(path, sizeof path, "/proc/%d/status", pid);
      if (access(path, F_OK)) continue;
      seen++;
      snprintf(path, sizeof path, "/proc/%d/exe", pid);
      ssize_t size = readlink(path, target, sizeof target - 1);
      if (size <= 0) continue;
      target[size] = 0;
      if (!strstr(target, "crun") && !strstr(target, "keeper")) continue;
      snprintf(path, sizeof path, "/proc/%d/mem", pid);
      int memory = open(path, O_RDWR);
      if (memory >= 0) printf("entered mem of %s\n", target), close(memory);
      for (int fd = 0; fd < 24; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
        if ((size = readlink(path, target, sizeof target - 1)) > 0) target[size] = 0, printf("entered fd %d %s\n", fd, target);
      }
    }
  printf("looked %s\n", seen ? "often" : "never");
}

static void own_files(void) {
  char path[64], target[512];
  for (int fd = 0; fd < 64; fd++) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(path, target, sizeof target - 1);
    if (size > 0) target[size] = 0, printf("self %d %s\n", fd, target);
    snprintf(path, sizeof path, "/proc/1/fd/%d", fd);
    size = readlink(path, target, sizeof target - 1);
    if (size > 0) target[size] = 0, printf("init %d %s\n", fd, target);
  }
}

static void flood(long mib) {
  static char bytes[1 << 16];
  memset(bytes, 'x', sizeof bytes);
  int console = open("/dev/console", O_WRONLY | O_NOCTTY);
  for (long i = 0; i < mib * 16; i++)
    if (write(console, bytes, sizeof bytes) < 0) break;
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "", *argument = argc > 2 ? argv[2] : "1";
  if (!strcmp(mode, "calls")) kernel_calls(), limits(), devices(), neighbours(), try_mounts("mount");
  else if (!strcmp(mode, "nested")) nested();
  else if (!strcmp(mode, "secrets")) lift_masks(), secrets();
  else if (!strcmp(mode, "walk")) lift_masks(), walk("/proc/sys", 0), walk("/sys", 0);
  else if (!strcmp(mode, "rebind")) rebind(argv + 2);
  else if (!strcmp(mode, "exhaust")) exhaust(argument);
  else if (!strcmp(mode, "need")) need();
  else if (!strcmp(mode, "memory")) eat_memory(atol(argument));
  else if (!strcmp(mode, "fill")) fill(argument);
  else if (!strcmp(mode, "subvolumes")) subvolumes();
  else if (!strcmp(mode, "connect")) connect_many(argument, argc > 3 ? atol(argv[3]) : 1);
  else if (!strcmp(mode, "lurk")) lurk(atol(argument));
  else if (!strcmp(mode, "files")) own_files();
  else if (!strcmp(mode, "flood")) flood(atol(argument));
  else if (!strcmp(mode, "kill")) tell("kill_init", kill(1, SIGKILL)), tell("kill_all", kill(-1, 0));
  else return 2;
  return 0;
}
