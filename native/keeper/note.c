/* Small texts that others read: time stamps and files that appear whole. */
#define _GNU_SOURCE
#include "keeper.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Now, as ISO 8601 with milliseconds; valid until the next call. */
const char *timestamp(void) {
  static char text[32];
  struct timespec now;
  struct tm parts;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &parts);
  size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(text + size, sizeof text - size, ".%03ldZ", now.tv_nsec / 1000000);
  return text;
}

/* Replaces a file in one step. 0, or -1 with errno. */
int write_whole(const char *path, const char *text) {
  char temporary[4096];
  ssize_t size = (ssize_t)strlen(text);
  if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary) return -1;
  unlink(temporary);
  int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  ssize_t written = write(fd, text, size);
  close(fd);
  return written == size && rename(temporary, path) == 0 ? 0 : -1;
}
