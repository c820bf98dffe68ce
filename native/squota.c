// squota MOUNTPOINT: switches simple quotas on for a btrfs file system, as `btrfs quota enable --simple`
// of btrfs-progs 6.7 does; Debian 12 ships 6.2, which cannot. Exit code 0: on (also when they were on
// before); 1: the kernel refused, errno on standard error; 2: wrong usage.
//
//   musl-gcc -static -Os -s -o squota squota.c
//
// The struct and the numbers are of the kernel's include/uapi/linux/btrfs.h (musl has no kernel headers).
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

struct quota_ctl_args {
  uint64_t cmd;
  uint64_t status;
};

#define QUOTA_CTL _IOWR(0x94, 40, struct quota_ctl_args)
#define QUOTA_ENABLE_SIMPLE 4

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: squota MOUNTPOINT\n");
    return 2;
  }
  int fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct quota_ctl_args args = {.cmd = QUOTA_ENABLE_SIMPLE, .status = 0};
  if (fd < 0 || (ioctl(fd, QUOTA_CTL, &args) < 0 && errno != EEXIST)) {
    fprintf(stderr, "squota: %s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  return 0;
}
