/* Starting the zone's init through crun, and getting its terminal back. */
#define _GNU_SOURCE
#include "keeper.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Unix stream socket in the run directory (our working directory), for root only. */
int listen_at(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
  unlink(name);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* umask is 077 */
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 16)) die(name);
  return fd;
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, text, strlen(text)) < 0) perror(path);
  close(fd);
}

static _Noreturn void exec_crun(const struct options *options, int errors) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGHUP, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  dup2(errors, 2);
  /* crun makes the mount points that the zone lacks, parents too: everyone in the zone must get through them. */
  umask(022);
  /* The keeper is protected from the OOM killer; the zone is not. */
  write_file("/proc/self/oom_score_adj", "0");
  if (options->join && join_delegated()) {
    perror(options->cgroup2);
    _exit(126);
  }
  execl(options->crun, "crun", "--root", options->root, "run", "-d", "--bundle", options->dir, "--pid-file", "pid",
        "--console-socket", "terminal.sock", options->uuid, (char *)NULL);
  perror(options->crun);
  _exit(127);
}

/* Forks crun; it inherits USERNS_FD. Gives its pid, the socket that the terminal comes by, its stderr. */
int start_crun(const struct options *options, int *console_listener, int *errors) {
  int pipes[2];
  unlink("pid");
  *console_listener = listen_at("terminal.sock");
  if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK)) return -1;
  make_time_namespace();
  pid_t child = fork();
  if (child == 0) exec_crun(options, pipes[1]);
  close(pipes[1]);
  *errors = pipes[0];
  return child;
}

/* Receives the terminal's master from crun; -1 when nothing has come. */
int take_terminal(int console_listener) {
  char name[256], space[CMSG_SPACE(sizeof(int))];
  struct iovec part = {name, sizeof name};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  int peer = accept4(console_listener, NULL, NULL, SOCK_CLOEXEC), terminal = -1;
  if (peer < 0) return -1;
  ssize_t size = recvmsg(peer, &message, MSG_CMSG_CLOEXEC);
  struct cmsghdr *header = size < 0 ? NULL : CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_type == SCM_RIGHTS) memcpy(&terminal, CMSG_DATA(header), sizeof terminal);
  close(peer);
  return terminal;
}

/* Pid of init as crun wrote it; 0 when it did not. */
int read_pid(void) {
  char text[16] = "";
  int fd = open("pid", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  if (read(fd, text, sizeof text - 1) < 0) text[0] = 0;
  close(fd);
  return atoi(text);
}
