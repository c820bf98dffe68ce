/* The directory of one zone's cores: how many, how big, what has to go. */
#define _GNU_SOURCE
#include "core-save.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 200, LOCK_WAIT_US = 100000, HOUR = 3600, CORES_MAX = 1000 };
static const unsigned long in_memory[] = { 0x01021994 /* tmpfs */, 0x858458f6 /* ramfs */, 0x794c7630 /* overlay */ };

struct core {
	char name[256];
	uint64_t bytes;
	int64_t time;
};

/* Without a pool the directory would be one in memory, which a few cores fill. */
static int is_in_memory(int directory)
{
	struct statfs about;
	if (fstatfs(directory, &about) != 0)
		return 1;
	for (size_t i = 0; i < sizeof in_memory / sizeof in_memory[0]; i++)
		if ((unsigned long)about.f_type == in_memory[i])
			return 1;
	return 0;
}

/* One writer a zone at a time: sizes are counted and files removed without surprises. */
static int lock(int directory)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(directory, LOCK_EX | LOCK_NB) == 0)
			return 1;
		usleep(LOCK_WAIT_US);
	}
	return 0;
}

int open_directory(const struct limits *limits, const struct death *death, const char **why)
{
	*why = "there is no directory for cores";
	int root = open(limits->root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return -1;
	*why = "no pool holds the directory for cores";
	int directory = -1;
	if (limits->any_fs || !is_in_memory(root)) {
		*why = "the directory of the zone cannot be made";
		if (mkdirat(root, death->zone, 0700) == 0 || errno == EEXIST)
			directory = openat(root, death->zone, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	close(root);
	if (directory < 0 || lock(directory))
		return directory;
	*why = "other cores of the zone are still being written";
	close(directory);
	return -1;
}

/* Calls back with every core, until told to stop by 0. */
static void each_core(int directory, int (*visit)(struct core *, void *), void *with)
{
	int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;
	while (list != NULL && (entry = readdir(list)) != NULL) {
		struct stat about;
		struct core core;
		if (strncmp(entry->d_name, "core.", 5) != 0 || fstatat(directory, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (!S_ISREG(about.st_mode))
			continue;
		strncpy(core.name, entry->d_name, sizeof core.name - 1);
		core.name[sizeof core.name - 1] = '\0';
		/* ZFS counts the blocks of a file some seconds late, and says 0 or 1 until then. */
		int settled = about.st_blocks > 8 || about.st_size < 4096;
		core.bytes = settled ? (uint64_t)about.st_blocks * 512 : (uint64_t)about.st_size;
		core.time = about.st_mtime;
		if (!visit(&core, with))
			break;
	}
	if (list != NULL)
		closedir(list);
}

static int count_recent(struct core *core, void *with)
{
	if (core->time > time(NULL) - HOUR)
		++*(uint64_t *)with;
	return 1;
}

uint64_t recent_cores(int directory)
{
	uint64_t count = 0;
	each_core(directory, count_recent, &count);
	return count;
}

void remove_partial(int directory)
{
	unlinkat(directory, ".partial", 0);
}

struct cores {
	struct core *at;
	size_t count;
	uint64_t bytes;
};

static int collect(struct core *core, void *with)
{
	struct cores *cores = with;
	cores->at[cores->count++] = *core;
	cores->bytes += core->bytes;
	return cores->count < CORES_MAX;
}

static int by_age(const void *left, const void *right)
{
	const struct core *a = left, *b = right;
	return a->time < b->time ? -1 : a->time > b->time;
}

void make_room(int directory, uint64_t most)
{
	struct cores cores = { .at = calloc(CORES_MAX, sizeof(struct core)) };
	if (cores.at == NULL)
		return;
	each_core(directory, collect, &cores);
	qsort(cores.at, cores.count, sizeof(struct core), by_age);
	for (size_t i = 0; i < cores.count && cores.bytes > most; i++) {
		unlinkat(directory, cores.at[i].name, 0);
		cores.bytes -= cores.at[i].bytes;
	}
	free(cores.at);
}

int has_room(int directory, const struct limits *limits, uint64_t more)
{
	struct statfs about;
	if (fstatfs(directory, &about) != 0)
		return 0;
	uint64_t unit = (uint64_t)(about.f_frsize != 0 ? about.f_frsize : about.f_bsize);
	/* A dataset with a small quota keeps a tenth of it in place of the floor. */
	uint64_t tenth = (uint64_t)about.f_blocks * unit / 10;
	uint64_t floor = limits->floor < tenth ? limits->floor : tenth;
	return (uint64_t)about.f_bavail * unit >= floor + more;
}
