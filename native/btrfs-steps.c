// btrfs-steps MOUNTPOINT STEP…: does steps on a btrfs file system one after the other, in one process and until
// one fails. A step is a verb and its words:
//
//   enable-quotas                    simple quotas (Linux 6.7); kept when quotas are on
//   mkdir PATH | ensure-dir PATH     the second is content when it is there
//   link TEXT PATH                   symbolic link
//   remove DIRECTORY                 with all that is in it, but not across into a subvolume; missing is fine
//   create PATH GROUP                subvolume, a member of the quota group (LEVEL/NUMBER; `-`: of none)
//   snapshot FROM PATH GROUP         writable
//   freeze FROM PATH GROUP           read-only snapshot
//   delete PATH                      subvolume; what is missing or is none is passed over
//   delete-id ID                     subvolume, wherever it is, so that no name in a guest's tree is walked
//   compress PATH WORD               for new files below the directory
//   group GROUP                      makes a quota group
//   limit GROUP BYTES                bytes that only members of it use; `none` lifts
//   assign | unassign MEMBER GROUP
//   sync                             commits, and wakes the kernel's cleaner, which frees what was deleted
//   drop GROUP                       destroys the group; missing or still in use is passed over
//
// Exit code: 0, or the errno of the step that failed, with a line on standard error; 64: wrong usage. No last part
// of a path is followed when it is a symbolic link; the directories before it are the host's own.
//
//   musl-gcc -static -Os -s -o btrfs-steps btrfs-steps.c
//
// Structs and numbers are of the kernel's include/uapi/linux/btrfs.h and btrfs_tree.h (musl has no kernel headers).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

struct quota_ctl_args {
  uint64_t cmd, status;
};
struct group_args {  // of assign: assign, src, dst; of create: create, group
  uint64_t make, group, parent;
};
struct limit {
  uint64_t flags, max_referenced, max_exclusive, reserved[2];
};
struct limit_args {
  uint64_t group;
  struct limit limit;
};
struct inherit {
  uint64_t flags, groups, reserved[2];
  struct limit limit;
  uint64_t group;
};
struct subvolume_args {  // btrfs_ioctl_vol_args_v2
  int64_t fd;
  uint64_t transaction, flags, inherit_size;
  struct inherit *inherit;
  uint64_t unused[2];
  union {
    char name[4040];
    uint64_t id;
  };
};
_Static_assert(sizeof(struct subvolume_args) == 4096, "the kernel's size");

#define IOC_SYNC _IO(0x94, 8)
#define IOC_SNAPSHOT _IOW(0x94, 23, struct subvolume_args)
#define IOC_CREATE _IOW(0x94, 24, struct subvolume_args)
#define IOC_DELETE _IOW(0x94, 63, struct subvolume_args)
#define IOC_QUOTA _IOWR(0x94, 40, struct quota_ctl_args)
#define IOC_GROUP_ASSIGN _IOW(0x94, 41, struct group_args)
#define IOC_GROUP_CREATE _IOW(0x94, 42, uint64_t[2])
#define IOC_GROUP_LIMIT _IOR(0x94, 43, struct limit_args)
enum { QUOTA_ENABLE_SIMPLE = 4, READONLY = 2, INHERIT = 4, BY_ID = 16, LIMIT_EXCLUSIVE = 2, SUBVOLUME_INODE = 256 };

static int pool;  // descriptor of the mount point

// The result, or 0 when the error is one that the step passes over.
static int passing(int result, int first, int second) {
  return result < 0 && (errno == first || errno == second) ? 0 : result;
}

static int open_directory(const char *path) {
  return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static uint64_t parse_group(const char *text) {
  char *end;
  uint64_t level = strtoull(text, &end, 10);
  return level << 48 | (*end == '/' ? strtoull(end + 1, NULL, 10) : 0);
}

// Does a request about the name PATH in the directory that has it; GROUP is NULL or `-` for none.
static int act_on(unsigned long request, char *path, const char *group, struct subvolume_args *args) {
  struct inherit inherit = {.groups = 1, .group = group == NULL ? 0 : parse_group(group)};
  if (group != NULL && strcmp(group, "-") != 0) {
    args->flags |= INHERIT;
    args->inherit = &inherit;
    args->inherit_size = sizeof inherit;
  }
  char *slash = strrchr(path, '/');
  if (slash == NULL || slash == path || strlen(slash + 1) >= sizeof args->name) return errno = EINVAL, -1;
  strcpy(args->name, slash + 1);
  *slash = '\0';
  int parent = open_directory(path);
  *slash = '/';
  if (parent < 0) return -1;
  int result = ioctl(parent, request, args), error = errno;
  close(parent);
  errno = error;
  return result;
}

static int copy(char **words, uint64_t flags) {
  struct subvolume_args args = {.fd = open_directory(words[0]), .flags = flags};
  if (args.fd < 0) return -1;
  int result = act_on(IOC_SNAPSHOT, words[1], words[2], &args), error = errno;
  close(args.fd);
  errno = error;
  return result;
}

static int assign(char **words, uint64_t make) {
  struct group_args args = {make, parse_group(words[0]), parse_group(words[1])};
  return ioctl(pool, IOC_GROUP_ASSIGN, &args);
}

static int do_enable_quotas(char **words) {
  (void)words;
  struct quota_ctl_args args = {.cmd = QUOTA_ENABLE_SIMPLE};
  return passing(ioctl(pool, IOC_QUOTA, &args), EEXIST, EEXIST);
}

static int do_mkdir(char **words) { return mkdir(words[0], 0700); }

static int do_ensure_dir(char **words) { return passing(mkdir(words[0], 0700), EEXIST, EEXIST); }

static int do_link(char **words) { return symlink(words[0], words[1]); }

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
  (void)status, (void)kind, (void)place;
  return remove(path);
}

static int do_remove(char **words) {
  return passing(nftw(words[0], remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), ENOENT, ENOENT);
}

static int do_create(char **words) {
  struct subvolume_args args = {0};
  return act_on(IOC_CREATE, words[0], words[1], &args);
}

static int do_snapshot(char **words) { return copy(words, 0); }

static int do_freeze(char **words) { return copy(words, READONLY); }

static int do_delete(char **words) {
  struct stat status;
  if (lstat(words[0], &status) < 0) return passing(-1, ENOENT, ENOTDIR);
  if (!S_ISDIR(status.st_mode) || status.st_ino != SUBVOLUME_INODE) return 0;
  struct subvolume_args args = {0};
  return act_on(IOC_DELETE, words[0], NULL, &args);
}

static int do_delete_id(char **words) {
  struct subvolume_args args = {.flags = BY_ID, .id = strtoull(words[0], NULL, 10)};
  return passing(ioctl(pool, IOC_DELETE, &args), ENOENT, ENOENT);
}

static int do_compress(char **words) { return lsetxattr(words[0], "btrfs.compression", words[1], strlen(words[1]), 0); }

static int do_group(char **words) { return ioctl(pool, IOC_GROUP_CREATE, (uint64_t[2]){1, parse_group(words[0])}); }

static int do_limit(char **words) {
  uint64_t bytes = strcmp(words[1], "none") == 0 ? UINT64_MAX : strtoull(words[1], NULL, 10);
  struct limit_args args = {parse_group(words[0]), {.flags = LIMIT_EXCLUSIVE, .max_exclusive = bytes}};
  return ioctl(pool, IOC_GROUP_LIMIT, &args);
}

static int do_assign(char **words) { return assign(words, 1); }

static int do_unassign(char **words) { return passing(assign(words, 0), ENOENT, ENOENT); }

static int do_drop(char **words) {
  return passing(ioctl(pool, IOC_GROUP_CREATE, (uint64_t[2]){0, parse_group(words[0])}), ENOENT, EBUSY);
}

static int do_sync(char **words) {
  (void)words;
  return ioctl(pool, IOC_SYNC);
}

static const struct verb {
  const char *name;
  int words;
  int (*act)(char **words);
} verbs[] = {
    {"enable-quotas", 0, do_enable_quotas}, {"mkdir", 1, do_mkdir},        {"ensure-dir", 1, do_ensure_dir}, {"link", 2, do_link},
    {"remove", 1, do_remove},               {"create", 2, do_create},      {"snapshot", 3, do_snapshot},     {"freeze", 3, do_freeze},
    {"delete", 1, do_delete},               {"delete-id", 1, do_delete_id}, {"compress", 2, do_compress},     {"group", 1, do_group},
    {"limit", 2, do_limit},                 {"assign", 2, do_assign},      {"unassign", 2, do_unassign},     {"drop", 1, do_drop},
    {"sync", 0, do_sync},
};

static const struct verb *find_verb(const char *name) {
  for (size_t at = 0; at < sizeof verbs / sizeof *verbs; at += 1)
    if (strcmp(verbs[at].name, name) == 0) return &verbs[at];
  return NULL;
}

int main(int argc, char **argv) {
  pool = argc < 2 ? -1 : open_directory(argv[1]);
  if (pool < 0) {
    fprintf(stderr, "btrfs-steps: %s: %s\n", argc < 2 ? "usage" : argv[1], argc < 2 ? "MOUNTPOINT STEP…" : strerror(errno));
    return argc < 2 ? 64 : errno;
  }
  for (int at = 2; at < argc;) {
    const struct verb *verb = find_verb(argv[at]);
    if (verb == NULL || at + verb->words >= argc) {
      fprintf(stderr, "btrfs-steps: unknown or short step: %s\n", argv[at]);
      return 64;
    }
    if (verb->act(&argv[at + 1]) < 0) {
      int error = errno;
      fprintf(stderr, "btrfs-steps: %s %s: %s\n", verb->name, verb->words > 0 ? argv[at + 1] : "", strerror(error));
      return error;
    }
    at += 1 + verb->words;
  }
  return 0;
}
