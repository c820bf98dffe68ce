/* Parts of the keeper; what it is stands in ../keeper.c. */
#ifndef KEEPER_H
#define KEEPER_H

#include <poll.h>
#include <stddef.h>
#include <sys/types.h>

/* What the daemon says on the command line, as key=value words. */
struct options {
  const char *dir;      /* run directory of the zone: sockets, bundle, mounts */
  const char *uuid;     /* name of the container for crun */
  const char *crun;     /* path of crun */
  const char *root;     /* crun's state directory */
  const char *cgroup2;  /* cgroup2 directory to hand over to the zone; NULL = none */
  int join;             /* init has to be put into that directory by us (hybrid hosts) */
  const char *log;      /* console log */
  long log_max;         /* bytes after which it is rotated */
  const char *exit;     /* where to note how init ended */
  unsigned uid_base;    /* first host id of the zone's 65536 */
  char **mounts;        /* threes: source, target, attributes; NULL ends them */
};

/* crun finds the zone's user namespace at /proc/self/fd/10: it inherits this descriptor from us. */
enum { USERNS_FD = 10, CONTROL_FD = 3 };

/* Says why on the first control connection and ends the keeper. */
_Noreturn void die(const char *what);

/* spaces.c */
void make_spaces(const struct options *options);
void make_time_namespace(void);
int join_delegated(void);
int enter_zone(char **argv);
int refresh_zone(char **argv);

/* launch.c */
int start_crun(const struct options *options, int *console_listener, int *errors);
int take_terminal(int console_listener);
int read_pid(void);
int listen_at(const char *name);

/* console.c */
void console_open(const struct options *options, int listener);
void console_attach(int terminal);
size_t console_poll(struct pollfd *polls, int *timeout_ms);
void console_handle(const struct pollfd *polls, size_t count);
void console_drain(void);
int console_resize(unsigned rows, unsigned columns);

/* note.c */
const char *timestamp(void);
int write_whole(const char *path, const char *text);

#endif
