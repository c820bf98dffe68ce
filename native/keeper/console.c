/*
 * The zone's console: one terminal, a log file, the last 64 KiB for those who come late, and any number
 * of clients (up to MAX) on a stream socket. A client that does not read loses bytes, as on a serial
 * line; it never holds up the zone.
 */
#define _GNU_SOURCE
#include "keeper.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 16, KEPT = 65536, CHUNK = 4096, RETRY_MS = 100, BURST = 1 << 20, PER_MS = 2048, REFILL_MS = 20 };

static const struct options *settings;
static int listener = -1, terminal = -1, log_fd = -1;
static long log_size;
static int clients[MAX];
static size_t client_count;
static char kept[KEPT];
static size_t kept_end, kept_size;
static char typed[CHUNK];
static size_t typed_size;
/* The guest has closed its side: ask again later, it may open it again (getty does). */
static int hung_up;

static void open_log(void) {
  struct stat status;
  log_fd = open(settings->log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  log_size = log_fd >= 0 && fstat(log_fd, &status) == 0 ? status.st_size : 0;
}

static void write_log(const char *bytes, size_t size) {
  char old[4096];
  if (log_size > 0 && log_size + (long)size > settings->log_max && snprintf(old, sizeof old, "%s.0", settings->log) < (int)sizeof old) {
    rename(settings->log, old);
    if (log_fd >= 0) close(log_fd);
    open_log();
  }
  /* A full disk must not stop the zone: its console goes on without a log. */
  if (log_fd >= 0 && write(log_fd, bytes, size) > 0) log_size += (long)size;
}

void console_open(const struct options *options, int socket) {
  settings = options;
  listener = socket;
  open_log();
}

void console_attach(int master) {
  struct winsize size = {.ws_row = 24, .ws_col = 80};
  terminal = master;
  ioctl(terminal, TIOCSWINSZ, &size);
  fcntl(terminal, F_SETFL, O_NONBLOCK);
}

int console_resize(unsigned rows, unsigned columns) {
  struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
  return terminal < 0 ? -1 : ioctl(terminal, TIOCSWINSZ, &size);
}

static void keep(const char *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) {
    kept[kept_end] = bytes[i];
    kept_end = (kept_end + 1) % KEPT;
  }
  kept_size = kept_size + size > KEPT ? KEPT : kept_size + size;
}

static void send_bytes(int client, const char *bytes, size_t size) {
  /* What the socket does not take is lost to this client; a closed one is noticed by poll. */
  if (send(client, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return;
}

static void accept_client(void) {
  int wanted = KEPT * 2;
  int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  if (client_count == MAX) {
    close(client);
    return;
  }
  /* Room for the whole replay at once. */
  setsockopt(client, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
  size_t start = (kept_end + KEPT - kept_size) % KEPT;
  size_t first = start + kept_size > KEPT ? KEPT - start : kept_size;
  send_bytes(client, kept + start, first);
  if (first < kept_size) send_bytes(client, kept, kept_size - first);
  clients[client_count++] = client;
}

static void drop_client(int client) {
  for (size_t i = 0; i < client_count; i++)
    if (clients[i] == client) clients[i] = clients[--client_count];
  close(client);
}

/*
 * Bytes that may be read now: a zone that floods its console would else spend our processor time, which is
 * not counted as its own, and the host's disk. Who writes faster waits, as on a serial line.
 */
static long budget = BURST, refilled_ms;

static void refill(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long now_ms = (long)now.tv_sec * 1000 + now.tv_nsec / 1000000, passed = now_ms - refilled_ms;
  budget = passed > BURST / PER_MS || budget + passed * PER_MS > BURST ? BURST : budget + passed * PER_MS;
  refilled_ms = now_ms;
}

/* 1 when there may be more. */
static int read_terminal(void) {
  char bytes[CHUNK];
  ssize_t size = read(terminal, bytes, sizeof bytes);
  if (size <= 0) {
    /* EIO: no process of the zone has the terminal open. */
    hung_up = size == 0 || errno == EIO;
    return 0;
  }
  hung_up = 0;
  budget -= size;
  write_log(bytes, (size_t)size);
  keep(bytes, (size_t)size);
  for (size_t i = 0; i < client_count; i++) send_bytes(clients[i], bytes, (size_t)size);
  return 1;
}

static void write_terminal(void) {
  ssize_t size = write(terminal, typed, typed_size);
  if (size <= 0) return;
  typed_size -= (size_t)size;
  memmove(typed, typed + size, typed_size);
}

static void read_client(int client) {
  ssize_t size = read(client, typed, sizeof typed);
  if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
    drop_client(client);
    return;
  }
  /* Before the zone has a terminal there is nobody to type to. */
  typed_size = size > 0 && terminal >= 0 ? (size_t)size : 0;
  if (typed_size) write_terminal();
}

/* Fills in what to wait for; at most MAX + 2 entries. */
size_t console_poll(struct pollfd *polls, int *timeout_ms) {
  size_t count = 0;
  polls[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
  if (terminal >= 0) {
    refill();
    short events = (budget > 0 ? POLLIN : 0) | (typed_size ? POLLOUT : 0);
    if (budget <= 0) *timeout_ms = REFILL_MS;
    if (hung_up) *timeout_ms = RETRY_MS;
    /* poll would report the hang-up for ever: look away until the retry. */
    polls[count++] = (struct pollfd){.fd = hung_up ? -1 : terminal, .events = events};
  }
  /* While the terminal takes no more, clients wait; they are still watched for their end. */
  for (size_t i = 0; i < client_count; i++) polls[count++] = (struct pollfd){.fd = clients[i], .events = typed_size ? 0 : POLLIN};
  return count;
}

void console_handle(const struct pollfd *polls, size_t count) {
  if (hung_up) read_terminal();
  for (size_t i = 1; i < count; i++) {
    if (!polls[i].revents || polls[i].fd < 0) continue;
    if (polls[i].fd != terminal) {
      if (!typed_size || polls[i].revents & (POLLHUP | POLLERR)) read_client(polls[i].fd);
      continue;
    }
    if (polls[i].revents & POLLOUT && typed_size) write_terminal();
    if (polls[i].revents & (POLLIN | POLLHUP | POLLERR)) read_terminal();
  }
  if (polls[0].revents) accept_client();
}

/* The last words of a zone that has ended. */
void console_drain(void) {
  for (int rounds = 0; terminal >= 0 && rounds < 64 && read_terminal(); rounds++) continue;
}
