#ifndef CORE_SAVE_H
#define CORE_SAVE_H

#include <stdint.h>

struct limits {
	const char *root, *proc;
	/* Bytes: of one core, of all of a zone, of all that belong to no zone, left free on the file system. */
	uint64_t file_max, zone_max, global_max, floor;
	/* Cores of one zone in an hour; life of this program in seconds. */
	uint64_t per_hour, seconds;
	/* Keep cores also on a file system in memory. */
	int any_fs;
};

struct death {
	const char *pid, *tid, *signal, *time;
	char name[33];
	/* UUID of a zone, or `global`. */
	char zone[37];
};

/* find-zone.c */
void sanitise_name(struct death *death, const char *name);
/* False when the process is not one that is dumping core now: it was killed, its number may be another's. */
int find_zone(const struct limits *limits, struct death *death);

/* relay.c: gives the exit code */
int relay_core(const struct limits *limits, const struct death *death);

/* room.c */
/* Opens, and makes, the directory of the zone, locked; -1 with `why`. */
int open_directory(const struct limits *limits, const struct death *death, const char **why);
/* Cores of the directory that were written less than an hour ago. */
uint64_t recent_cores(int directory);
/* Removes what writers that were killed left. */
void remove_partial(int directory);
/* Removes oldest cores until those left have together at most `most` bytes. */
void make_room(int directory, uint64_t most);
/* Whether the file system can take `more` bytes and keep its floor. */
int has_room(int directory, const struct limits *limits, uint64_t more);

/* write-core.c: reads `input` to its end and keeps it; the exit code */
int write_core(const struct limits *limits, const struct death *death, int input);

/* core-save.c */
void tell(const struct death *death, const char *what, const char *why);

#endif
