/*
 * core-save PID TID SIGNAL TIME NAME: what the kernel starts for a dying process, with the core on standard input
 * (kernel.core_pattern = |…/core-save %P %I %s %t %e). It keeps the core as DIRECTORY/ZONE/core.NAME.PID.TIME, where
 * ZONE is the zone that the process belongs to by its cgroup, or `global`.
 *
 * Options before the words, for tests: --root=DIR (/zones/cores), --proc=DIR (/proc), --file-max=, --zone-max=,
 * --global-max=, --floor= (bytes), --per-hour= (cores), --seconds= (of life), --any-fs.
 *
 * Everything about the process is hostile: its name, its size, how often it dies, and that it may be gone already.
 * The process that reads the pipe never touches the pool: a pool that hangs holds up the writer, while the reader goes
 * away when its time is over, and lets the process die.
 */
#include "core-save/core-save.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GIB = 30 };

static struct limits defaults(void)
{
	return (struct limits){ .root = "/zones/cores", .proc = "/proc", .file_max = 4ull << GIB, .zone_max = 100ull << GIB,
		.global_max = 10ull << GIB, .floor = 1ull << GIB, .per_hour = 20, .seconds = 120 };
}

static int number_option(const char *word, const char *name, uint64_t *value)
{
	size_t length = strlen(name);
	if (strncmp(word, name, length) != 0)
		return 0;
	*value = strtoull(word + length, NULL, 10);
	return 1;
}

static int read_option(const char *word, struct limits *limits)
{
	if (strncmp(word, "--root=", 7) == 0)
		limits->root = word + 7;
	else if (strncmp(word, "--proc=", 7) == 0)
		limits->proc = word + 7;
	else if (strcmp(word, "--any-fs") == 0)
		limits->any_fs = 1;
	else
		return number_option(word, "--file-max=", &limits->file_max) || number_option(word, "--zone-max=", &limits->zone_max) ||
		       number_option(word, "--global-max=", &limits->global_max) || number_option(word, "--floor=", &limits->floor) ||
		       number_option(word, "--per-hour=", &limits->per_hour) || number_option(word, "--seconds=", &limits->seconds);
	return 1;
}

static int is_number(const char *word)
{
	return word[0] != '\0' && strlen(word) < 20 && word[strspn(word, "0123456789")] == '\0';
}

/* One line for the kernel's log, which the kernel itself keeps from being flooded; also to a terminal or a test. */
void tell(const struct death *death, const char *what, const char *why)
{
	char line[512];
	int length = snprintf(line, sizeof line, "core-save: %s: %s (pid %s, signal %s): %s%s%s\n", death->zone, death->name, death->pid,
			      death->signal, what, why[0] == '\0' ? "" : ": ", why);
	if (length > (int)sizeof line - 1)
		length = sizeof line - 1;
	int log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (log >= 0) {
		if (write(log, line, (size_t)length) < 0) { /* there is nobody else to tell */ }
		close(log);
	}
	if (write(STDERR_FILENO, line, (size_t)length) < 0) { /* started by the kernel it has none */ }
}

/* The kernel starts us with nothing but descriptor 0; what we open must not become 1 or 2. */
static void open_standard(void)
{
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_WRONLY) < 0)
			exit(1);
}

int main(int argc, char **argv)
{
	struct limits limits = defaults();
	open_standard();
	int first = 1;
	while (first < argc && strncmp(argv[first], "--", 2) == 0 && argc - first > 5) {
		if (!read_option(argv[first], &limits)) {
			fprintf(stderr, "core-save: unknown option %s\n", argv[first]);
			return 64;
		}
		first++;
	}
	if (argc - first != 5) {
		fprintf(stderr, "core-save [OPTION…] PID TID SIGNAL TIME NAME\n");
		return 64;
	}
	struct death death = { .pid = argv[first], .tid = argv[first + 1], .signal = argv[first + 2], .time = argv[first + 3] };
	for (int word = first; word < first + 4; word++)
		if (!is_number(argv[word]))
			return 64;
	sanitise_name(&death, argv[first + 4]);
	umask(077);
	strcpy(death.zone, "global");
	if (!find_zone(&limits, &death)) {
		tell(&death, "not kept", "the process was gone before it could be told whose it was");
		return 1;
	}
	return relay_core(&limits, &death);
}
