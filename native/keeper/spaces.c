/*
 * The zone's namespaces, made by the keeper so that they last exactly as long as the keeper or the zone:
 * descriptors and a private mount namespace need no one to clean up after them.
 */
#define _GNU_SOURCE
#include "keeper.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* musl-gcc does not see the kernel's headers; these are kernel ABI. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#define TREE_CLONE 1
#define EMPTY_PATH 0x1000
#define SECBIT_NO_SETUID_FIXUP 4
#define MOVE_FROM_EMPTY_PATH 4
#define ATTR_IDMAP 0x00100000
struct attributes { uint64_t set, clear, propagation, userns_fd; };

static void write_map(pid_t child, const char *name, unsigned base) {
  char path[64], map[64];
  snprintf(path, sizeof path, "/proc/%d/%s", child, name);
  int size = snprintf(map, sizeof map, "0 %u 65536\n", base);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, map, size) != size) die("the id map of the user namespace");
  close(fd);
}

static int open_namespace(pid_t pid, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, name);
  return open(path, O_RDONLY | O_CLOEXEC);
}

/*
 * Links of the zone heed no router advertisement unless they are told to: set for those to come, as it costs
 * a program to set it for each. A host without IPv6 has no such setting.
 */
static void set_link_defaults(void) {
  static const char *const off[] = {"/proc/sys/net/ipv6/conf/default/accept_ra", "/proc/sys/net/ipv6/conf/default/autoconf"};
  for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
    int fd = open(off[i], O_WRONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return;
    if (fd < 0 || write(fd, "0", 1) != 1) die(off[i]);
    close(fd);
  }
}

/*
 * The kernel charges pending signals and timers, message queues, inotify instances and processes of a user
 * namespace also to the user that made it. Were that root, one zone could use up what root may have, and the
 * host and all zones would go without timers. So it is made as the zone's own root, with our capabilities.
 */
static pid_t clone_as(unsigned uid) {
  if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) || seteuid(uid)) die("the zone's user");
  pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) return 0;
  int failure = errno;
  if (seteuid(0) || prctl(PR_SET_SECUREBITS, 0, 0, 0, 0)) die("root again");
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  errno = failure;
  return child;
}

/*
 * A short-lived child is born into a user namespace together with a network namespace, which makes the
 * second owned by the first. The keeper then moves into that network itself: /proc/KEEPER/ns/net is the
 * path by which the host plumbs it.
 */
static void make_user_and_network(unsigned base) {
  int hold[2];
  if (pipe2(hold, O_CLOEXEC)) die("a pipe");
  pid_t child = clone_as(base);
  if (child < 0) die("a user namespace");
  if (child == 0) {
    char end;
    close(hold[1]);
    while (read(hold[0], &end, 1) < 0 && errno == EINTR) continue;
    _exit(0);
  }
  close(hold[0]);
  write_map(child, "uid_map", base);
  write_map(child, "gid_map", base);
  int user = open_namespace(child, "user");
  int net = open_namespace(child, "net");
  if (user < 0 || net < 0 || dup2(user, USERNS_FD) < 0 || setns(net, CLONE_NEWNET)) die("the zone's network namespace");
  set_link_defaults();
  close(user);
  close(net);
  close(hold[1]);
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
}

/* The target is ours (below the run directory); make it a directory or a file as the source is. */
static void make_target(int tree, const char *target) {
  struct stat source;
  if (fstatat(tree, "", &source, EMPTY_PATH)) die(target);
  if (S_ISDIR(source.st_mode) ? mkdir(target, 0700) && errno != EEXIST : mknod(target, S_IFREG | 0600, 0) && errno != EEXIST) die(target);
}

/* Words with commas between them, as mount(8) has them; `map` shifts ids. */
static uint64_t parse_attributes(const char *words) {
  static const struct { const char *word; uint64_t attribute; } known[] = {{"ro", 1}, {"nosuid", 2}, {"nodev", 4}, {"noexec", 8}, {"map", ATTR_IDMAP}};
  uint64_t set = 0;
  for (size_t size; (size = strcspn(words, ",")) > 0; words += words[size] ? size + 1 : size)
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
      if (strlen(known[i].word) == size && !strncmp(words, known[i].word, size)) set |= known[i].attribute;
  return set;
}

/* Binds source at target in our mount namespace alone: nothing is left when we die. */
static void mount_source(const char *source, const char *target, const char *words) {
  struct attributes wanted = {.set = parse_attributes(words), .userns_fd = USERNS_FD};
  /* Never through a link in the last part: the source may be inside a tree that a guest writes. */
  int tree = (int)syscall(SYS_open_tree, AT_FDCWD, source, TREE_CLONE | AT_SYMLINK_NOFOLLOW | O_CLOEXEC);
  if (tree < 0) die(source);
  make_target(tree, target);
  if (syscall(SYS_mount_setattr, tree, "", EMPTY_PATH, &wanted, sizeof wanted)) die("attributes of a mount of the zone");
  if (syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_FROM_EMPTY_PATH)) die(target);
  close(tree);
}

static int is_below(const char *path, const char *directory, size_t size) {
  return !strncmp(path, directory, size) && path[size] == '/';
}

/* Blanks are \040 in mountinfo. */
static void unescape(char *path) {
  char *to = path;
  for (; *path; path++, to++) {
    unsigned code;
    if (*path == '\\' && sscanf(path + 1, "%3o", &code) == 1) *to = (char)code, path += 3;
    else *to = *path;
  }
  *to = 0;
}

/*
 * On ZFS each dataset is a mount of its own, and none can be destroyed or renamed that is mounted anywhere. Our copies
 * follow the host's unmounts only where its mounts are shared, which is systemd's doing. So we let go of the pool's
 * datasets beside ours (what is below the directory that our zone's lies in), and hold no other zone's whatever the host.
 */
static void forget_datasets(const char *exit_path) {
  char line[2 * PATH_MAX], path[PATH_MAX], *others[4096];
  size_t top = strlen(exit_path), count = 0;
  /* Up twice, from the file and from the zone's directory. */
  for (int up = 0; up < 2; up++)
    while (top > 0 && exit_path[--top] != '/') continue;
  FILE *file = fopen("/proc/self/mountinfo", "re");
  if (!file) die("mountinfo");
  while (fgets(line, sizeof line, file) && count < sizeof others / sizeof *others) {
    if (!strstr(line, " - zfs ") || sscanf(line, "%*s %*s %*s %*s %4095s", path) != 1) continue;
    unescape(path);
    if (is_below(path, exit_path, top) && !is_below(exit_path, path, strlen(path)) && (others[count] = strdup(path))) count++;
  }
  fclose(file);
  for (; count > 0; free(others[count])) umount2(others[--count], MNT_DETACH | UMOUNT_NOFOLLOW);
}

/*
 * Moves us into a copy of our mount namespace that belongs to the zone's user namespace. The kernel locks the
 * attributes of mounts in such a copy, and of all copies of them: crun makes the zone's mounts from these, and
 * the zone's root cannot remount read-write what is read-only here.
 */
static void lock_mounts(const char *directory) {
  int ready[2], hold[2];
  char end;
  if (pipe2(ready, O_CLOEXEC) || pipe2(hold, O_CLOEXEC)) die("a pipe");
  pid_t child = fork();
  if (child < 0) die("a process for the mounts");
  if (child == 0) {
    close(hold[1]);
    if (setns(USERNS_FD, CLONE_NEWUSER) || unshare(CLONE_NEWNS)) _exit(1);
    if (write(ready[1], "", 1) != 1) _exit(1);
    while (read(hold[0], &end, 1) < 0 && errno == EINTR) continue;
    _exit(0);
  }
  close(ready[1]);
  close(hold[0]);
  if (read(ready[0], &end, 1) != 1) die("locking the zone's mounts");
  int mounts = open_namespace(child, "mnt");
  if (mounts < 0 || setns(mounts, CLONE_NEWNS) || chdir(directory)) die("the zone's locked mounts");
  close(mounts);
  close(ready[0]);
  close(hold[1]);
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
}

/* cgroup.procs of the directory that the zone is given; opened before cgroup2 goes out of our sight. */
static int delegated = -1;

static void bound_groups(int dir, const char *name, const char *value) {
  int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, value, strlen(value)) < 0) die(name);
  close(fd);
}

/* What a guest needs to own for running its own tree of groups (systemd); limits stay with the host. */
static void delegate_cgroup(const char *path, unsigned base) {
  static const char *const files[] = {"cgroup.procs", "cgroup.subtree_control", "cgroup.threads"};
  if (mkdir(path, 0755) && errno != EEXIST) die(path);
  int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0 || fchown(dir, base, base) || fchmod(dir, 0755)) die(path);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    if (fchownat(dir, files[i], base, base, 0)) die(files[i]);
  delegated = openat(dir, files[0], O_WRONLY | O_CLOEXEC);
  /* No deeper than a path can name (255 bytes a part), or nobody could remove it; no more than a host bears. */
  bound_groups(dir, "cgroup.max.depth", "12");
  bound_groups(dir, "cgroup.max.descendants", "4096");
  close(dir);
}

/* Puts the calling process into the zone's cgroup2 directory. */
int join_delegated(void) {
  return delegated >= 0 && write(delegated, "0", 1) == 1 ? 0 : -1;
}

void make_spaces(const struct options *options) {
  make_user_and_network(options->uid_base);
  if (options->cgroup2) delegate_cgroup(options->cgroup2, options->uid_base);
  /* Slave, so that what the host unmounts is not held by us. */
  if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL)) die("a mount namespace");
  for (char **one = options->mounts; one[0] && one[1] && one[2]; one += 3) mount_source(one[0], one[1], one[2]);
  forget_datasets(options->exit);
  /* crun refuses a hybrid host whose cgroup2 has a controller; unseen, the host is a plain v1 one to it. */
  umount2("/sys/fs/cgroup/unified", MNT_DETACH);
  lock_mounts(options->dir);
}

/*
 * A time namespace whose boot clock begins now: `uptime` and process ages in the zone count from its own
 * boot. Our next child is born into it.
 */
void make_time_namespace(void) {
  struct timespec now;
  char text[64];
  /* A kernel without time namespaces runs zones as well, with the host's uptime. */
  if (unshare(CLONE_NEWTIME)) return;
  clock_gettime(CLOCK_BOOTTIME, &now);
  int size = snprintf(text, sizeof text, "boottime %lld 0\n", -(long long)now.tv_sec);
  int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, size) != size) return;
  close(fd);
}

static int fail_enter(const char *what) {
  fprintf(stderr, "keeper: cannot enter the zone: %s: %s\n", what, strerror(errno));
  return 125;
}

/*
 * keeper enter PID CGROUP2|- PROGRAM ARGUMENT...: runs a program (crun exec) where the keeper with that
 * pid would run it: its mount and time namespaces, and the zone's cgroup2 directory.
 */
int enter_zone(char **argv) {
  if (!argv[0] || !argv[1] || !argv[2]) return fail_enter("usage: keeper enter PID CGROUP2 PROGRAM");
  int mounts = open_namespace(atoi(argv[0]), "mnt");
  int clock = open_namespace(atoi(argv[0]), "time_for_children");
  if (mounts < 0) return fail_enter("its keeper is gone");
  if (strcmp(argv[1], "-") != 0) {
    char path[4096];
    snprintf(path, sizeof path, "%s/cgroup.procs", argv[1]);
    int procs = open(path, O_WRONLY | O_CLOEXEC);
    if (procs < 0 || write(procs, "0", 1) != 1) return fail_enter(path);
    close(procs);
  }
  if (clock >= 0 && setns(clock, CLONE_NEWTIME)) return fail_enter("time namespace");
  if (setns(mounts, CLONE_NEWNS)) return fail_enter("mount namespace");
  execv(argv[2], argv + 2);
  return fail_enter(argv[2]);
}

/*
 * keeper refresh INIT-PID SOURCE TARGET...: binds SOURCE (of the host) anew at TARGET in the mount namespace
 * of a running zone, in place of what is mounted there: lxcfs after it died. Targets are looked up within
 * the zone's root; whatever a guest has put there, it happens to the guest.
 */
int refresh_zone(char **argv) {
  enum { MOST = 32 };
  int trees[MOST], count = 0;
  int mounts = argv[0] ? open_namespace(atoi(argv[0]), "mnt") : -1;
  if (mounts < 0) return fail_enter("its init is gone");
  for (char **pair = argv + 1; pair[0] && pair[1] && count < MOST; pair += 2)
    trees[count++] = (int)syscall(SYS_open_tree, AT_FDCWD, pair[0], TREE_CLONE | O_CLOEXEC);
  if (setns(mounts, CLONE_NEWNS)) return fail_enter("mount namespace");
  for (int i = 0; i < count; i++) {
    const char *target = argv[2 + 2 * i];
    if (trees[i] < 0) return fail_enter(target);
    umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW);
    if (syscall(SYS_move_mount, trees[i], "", AT_FDCWD, target, MOVE_FROM_EMPTY_PATH)) return fail_enter(target);
  }
  return 0;
}
