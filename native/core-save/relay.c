/* Reads the core within a bounded time and passes it on to a writer that may hang on the pool. */
#define _GNU_SOURCE
#include "core-save.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1 << 20 };

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for one event; false when the time is over. */
static int await_event(int fd, short event, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - now_ms();
		struct pollfd one = { .fd = fd, .events = event };
		if (left <= 0)
			return 0;
		int ready = poll(&one, 1, (int)left);
		if (ready > 0)
			return 1;
		if (ready < 0 && errno != EINTR)
			return 0;
	}
}

/* Moves the core from standard input to the writer without looking at it. False when the time is over. */
static int pass_on(int to, int64_t deadline)
{
	for (;;) {
		if (!await_event(STDIN_FILENO, POLLIN, deadline) || !await_event(to, POLLOUT, deadline))
			return 0;
		ssize_t moved = splice(STDIN_FILENO, NULL, to, NULL, CHUNK, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (moved == 0 || (moved < 0 && errno == EPIPE))
			return 1; /* the core is whole, or the writer wants no more of it and has said why */
		if (moved < 0 && errno == EAGAIN)
			usleep(1000); /* the pipe has room, but less than a page of it */
		else if (moved < 0 && errno != EINTR)
			return 1;
	}
}

static int start_writer(const struct limits *limits, const struct death *death, const int data[2], const int life[2])
{
	int pid = fork();
	if (pid != 0)
		return pid;
	close(data[1]);
	close(life[0]);
	/* Whoever holds the kernel's end of the pipe keeps the process from dying. */
	close(STDIN_FILENO);
	_exit(write_core(limits, death, data[0]));
}

int relay_core(const struct limits *limits, const struct death *death)
{
	int data[2], life[2], status = 0;
	int64_t deadline = now_ms() + (int64_t)limits->seconds * 1000;
	signal(SIGPIPE, SIG_IGN);
	if (pipe2(data, O_CLOEXEC) != 0 || pipe2(life, O_CLOEXEC) != 0)
		return 1;
	fcntl(data[1], F_SETPIPE_SZ, CHUNK);
	int writer = start_writer(limits, death, data, life);
	if (writer < 0) {
		tell(death, "not kept", "no process could be made");
		return 1;
	}
	close(data[0]);
	close(life[1]);
	int in_time = pass_on(data[1], deadline);
	if (!in_time) {
		/* A writer that is not stuck would otherwise take the part it has for the whole. */
		kill(writer, SIGKILL);
		tell(death, "not kept", "it took too long to write");
		return 1;
	}
	close(data[1]);
	close(STDIN_FILENO);
	/* The writer's end of this pipe closes when it ends. */
	if (!await_event(life[0], POLLIN, deadline)) {
		tell(death, "still being written", "the pool is slow");
		return 1;
	}
	waitpid(writer, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
