/*
 * keeper: one small process a zone, successor of zoneadmd. It outlives the daemon that started it and
 * holds what must live as long as the zone: the user and network namespaces, the idmapped mounts (in a
 * mount namespace of its own), the console, and, as init's parent, the knowledge how init ended.
 *
 *   keeper serve key=value... -- SOURCE TARGET map,ro,...   (keys: struct options; the three any number of times)
 *   keeper enter PID CGROUP2|- PROGRAM ARGUMENT...                 (see enter_zone)
 *   keeper refresh INIT-PID SOURCE TARGET...                       (see refresh_zone)
 *
 * Control: lines, on descriptor 3 (the daemon that started it) and on control.sock in the run directory.
 *   on connect    keeper PID STAGE INIT-PID STARTED      prepared 0 -, or launching 0 -, or running PID TIME
 *   launch        running PID TIME | failed TEXT         to every connection, when crun is done
 *   signal N      ok | failed TEXT
 *   size ROWS COLUMNS   ok | failed TEXT
 *   end           kills init, or ends a keeper that has none
 *   (by itself)   exit STATUS TIME                       then the connection ends
 * STATUS is init's exit code, or minus the signal that killed it (-1 = it asked for reboot, -2 = for
 * halt: so the kernel ends a pid namespace). Whoever sees the connection end without an `exit` line knows
 * that the keeper was killed.
 *
 * It cleans up nothing: descriptors and mounts end with it; cgroups, run directory and crun's notes are
 * removed by the daemon, by the same code whether the keeper ended well or was killed.
 */
#define _GNU_SOURCE
#include "keeper/keeper.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_CONTROLS = 8, LINE = 128, POLLS = 48 };

static struct options options;
static struct { int fd; char line[LINE]; size_t size; } controls[MAX_CONTROLS];
static size_t control_count;
static int control_listener = -1, children = -1, terminal_listener = -1, crun_errors = -1;
static pid_t crun, init;
static char started[32] = "-";

/* A control connection that does not read loses lines; it never holds up the keeper. */
static void say(int fd, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(text, sizeof text - 1, format, arguments);
  va_end(arguments);
  if (size < 0) return;
  if (size > (int)sizeof text - 2) size = (int)sizeof text - 2;
  for (int i = 0; i < size; i++)
    if (text[i] == '\n') text[i] = ' ';
  text[size++] = '\n';
  if (send(fd, text, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return;
}

#define SAY_ALL(...) do { for (size_t n = 0; n < control_count; n++) say(controls[n].fd, __VA_ARGS__); } while (0)

_Noreturn void die(const char *what) {
  say(CONTROL_FD, "failed %s: %s", what, strerror(errno));
  exit(1);
}

static void add_control(int fd) {
  const char *stage = init ? "running" : crun ? "launching" : "prepared";
  if (fd < 0) return;
  if (control_count == MAX_CONTROLS) {
    close(fd);
    return;
  }
  controls[control_count].fd = fd;
  controls[control_count++].size = 0;
  say(fd, "keeper %d %s %d %s", getpid(), stage, init, started);
}

static void drop_control(size_t index) {
  close(controls[index].fd);
  controls[index] = controls[--control_count];
}

static void launch(int fd) {
  if (crun || init) {
    say(fd, "failed it was launched already");
    return;
  }
  crun = start_crun(&options, &terminal_listener, &crun_errors);
  if (crun > 0) return;
  crun = 0;
  say(fd, "failed crun cannot be forked: %s", strerror(errno));
}

static _Noreturn void end_keeper(void) {
  if (crun > 0) kill(crun, SIGKILL);
  exit(0);
}

static void obey(int fd, const char *line) {
  unsigned first = 0, second = 0;
  if (!strcmp(line, "launch")) launch(fd);
  else if (!strcmp(line, "end")) {
    if (!init) end_keeper();
    /* Its exit is noted and told as any other. It is our child: the pid cannot be another's. */
    kill(init, SIGKILL);
  } else if (sscanf(line, "signal %u", &first) == 1) {
    if (init && kill(init, (int)first) == 0) say(fd, "ok");
    else say(fd, "failed %s", init ? strerror(errno) : "its init does not run");
  } else if (sscanf(line, "size %u %u", &first, &second) == 2) {
    if (console_resize(first, second) == 0) say(fd, "ok");
    else say(fd, "failed the zone has no terminal yet");
  } else say(fd, "failed not a command");
}

static void read_control(size_t index) {
  char *line = controls[index].line, *end;
  int fd = controls[index].fd;
  size_t *size = &controls[index].size;
  ssize_t got = recv(fd, line + *size, LINE - 1 - *size, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    drop_control(index);
    return;
  }
  *size += (size_t)got;
  line[*size] = 0;
  while ((end = strchr(line, '\n'))) {
    *end = 0;
    obey(fd, line);
    *size -= (size_t)(end + 1 - line);
    memmove(line, end + 1, *size + 1);
  }
  if (*size == LINE - 1) drop_control(index);
}

/* crun has ended: either init runs (and is our child now), or crun's words say why not. */
static void finish_launch(int status) {
  char words[512] = "";
  ssize_t size = read(crun_errors, words, sizeof words - 1);
  words[size > 0 ? size : 0] = 0;
  if (terminal_listener >= 0) close(terminal_listener);
  terminal_listener = -1;
  unlink("terminal.sock");
  close(crun_errors);
  crun = 0;
  if (status == 0) init = read_pid();
  if (init) {
    snprintf(started, sizeof started, "%s", timestamp());
    SAY_ALL("running %d %s", init, started);
  } else SAY_ALL("failed crun: %s", words[0] ? words : "no message");
}

static _Noreturn void finish(int status) {
  char text[128];
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  const char *now = timestamp();
  snprintf(text, sizeof text, "{\"exit_status\":%d,\"exit_timestamp\":\"%s\"}\n", code, now);
  console_drain();
  /* In the run directory for the daemon's bookkeeping, at exit_path for the machine's record. */
  write_whole("exited", text);
  write_whole(options.exit, text);
  SAY_ALL("exit %d %s", code, now);
  exit(0);
}

static void reap(void) {
  int status;
  /* While crun works leave all others unreaped: init may end before we are told its pid. */
  if (crun && waitpid(crun, &status, WNOHANG) == crun) {
    /* The terminal may still lie in the socket. */
    int terminal = terminal_listener < 0 ? -1 : take_terminal(terminal_listener);
    if (terminal >= 0) console_attach(terminal);
    finish_launch(status);
  }
  if (crun) return;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    if (pid == init) finish(status);
}

static void read_signals(void) {
  struct signalfd_siginfo info;
  while (read(children, &info, sizeof info) == sizeof info) {
    /* The host goes down: take the zone along. */
    if (info.ssi_signo == SIGTERM) obey(-1, "end");
  }
  reap();
}

static void take_console(void) {
  int terminal = take_terminal(terminal_listener);
  if (terminal < 0) return;
  console_attach(terminal);
  close(terminal_listener);
  terminal_listener = -1;
}

static void serve(void) {
  for (;;) {
    struct pollfd polls[POLLS] = {{children, POLLIN, 0}, {control_listener, POLLIN, 0}, {terminal_listener, POLLIN, 0}};
    int timeout_ms = -1;
    size_t known = control_count, at = 3 + known;
    for (size_t i = 0; i < known; i++) polls[3 + i] = (struct pollfd){controls[i].fd, POLLIN, 0};
    size_t console = console_poll(polls + at, &timeout_ms);
    if (poll(polls, at + console, timeout_ms) < 0 && errno != EINTR) die("poll");
    console_handle(polls + at, console);
    if (polls[2].revents) take_console();
    /* From the last, so that a dropped one changes no index still to come. */
    for (size_t i = known; i-- > 0;)
      if (polls[3 + i].revents) read_control(i);
    if (polls[1].revents) add_control(accept4(control_listener, NULL, NULL, SOCK_CLOEXEC));
    if (polls[0].revents) read_signals();
  }
}

static void set_option(char *word) {
  static const struct { const char *key; const char **text; } texts[] = {
    {"dir=", &options.dir}, {"uuid=", &options.uuid}, {"crun=", &options.crun}, {"root=", &options.root},
    {"cgroup2=", &options.cgroup2}, {"log=", &options.log}, {"exit=", &options.exit},
  };
  char *value = strchr(word, '=');
  errno = EINVAL;
  if (!value) die(word);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (!strncmp(word, texts[i].key, strlen(texts[i].key))) *texts[i].text = value + 1;
  if (!strncmp(word, "uid_base=", 9)) options.uid_base = (unsigned)strtoul(value + 1, NULL, 10);
  if (!strncmp(word, "log_max=", 8)) options.log_max = atol(value + 1);
  if (!strncmp(word, "join=", 5)) options.join = value[1] == '1';
}

static void read_options(char **argv) {
  while (*argv && strcmp(*argv, "--") != 0) set_option(*argv++);
  options.mounts = *argv ? argv + 1 : argv;
  errno = EINVAL;
  if (!options.dir || !options.uuid || !options.crun || !options.root || !options.log || !options.exit || !options.uid_base) die("an option is missing");
}

static void become_keeper(void) {
  sigset_t mask;
  umask(077);
  if (chdir(options.dir)) die(options.dir);
  signal(SIGHUP, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&mask);
  sigaddset(&mask, SIGCHLD);
  sigaddset(&mask, SIGTERM);
  sigprocmask(SIG_BLOCK, &mask, NULL);
  children = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  if (children < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1)) die("signals");
  fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
  /* Allowed only to a root with CAP_SYS_RESOURCE; without it we are as mortal as others. */
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd >= 0 && write(fd, "-900", 4) < 0) errno = 0;
  if (fd >= 0) close(fd);
}

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "enter")) return enter_zone(argv + 2);
  if (argc > 1 && !strcmp(argv[1], "refresh")) return refresh_zone(argv + 2);
  if (argc < 2 || strcmp(argv[1], "serve") != 0) return fprintf(stderr, "usage: keeper serve|enter|refresh, by the node daemon only\n"), 2;
  read_options(argv + 2);
  become_keeper();
  make_spaces(&options);
  control_listener = listen_at("control.sock");
  console_open(&options, listen_at("console.sock"));
  add_control(CONTROL_FD);
  serve();
}
