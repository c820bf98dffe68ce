/* Writes one core as a sparse file, within its bounds. */
#define _GNU_SOURCE
#include "core-save.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 4096, BUFFER = 256 * BLOCK, CHECK_BYTES = 16 << 20 };

struct writing {
	int directory, file;
	const struct limits *limits;
	/* Length of the file with its holes; bytes really written; of those, when the room was looked at. */
	uint64_t length, written, checked, zone_max;
};

static unsigned char buffer[BUFFER];

/* Reads until the buffer is full or the input ends, so that blocks of zeros lie at block boundaries of the file. */
static ssize_t read_full(int input)
{
	size_t length = 0;
	while (length < BUFFER) {
		ssize_t got = read(input, buffer + length, BUFFER - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

static int is_zero(const unsigned char *at, size_t length)
{
	return at[0] == 0 && memcmp(at, at + 1, length - 1) == 0;
}

/* Bytes from `from` that are of one kind, holes or not. */
static size_t run_length(size_t from, size_t length, int *zero)
{
	size_t at = from;
	while (at < length) {
		size_t part = length - at < BLOCK ? length - at : BLOCK;
		int now = is_zero(buffer + at, part);
		if (at == from)
			*zero = now;
		else if (now != *zero)
			break;
		at += part;
	}
	return at - from;
}

static int put(struct writing *writing, size_t from, size_t length)
{
	while (length > 0) {
		ssize_t put = pwrite(writing->file, buffer + from, length, (off_t)writing->length);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return 0;
		from += (size_t)put;
		length -= (size_t)put;
		writing->length += (uint64_t)put;
		writing->written += (uint64_t)put;
	}
	return 1;
}

/* Every now and then: older cores of the zone go, and the pool keeps its floor. */
static int check_room(struct writing *writing)
{
	if (writing->written < writing->checked + CHECK_BYTES)
		return 1;
	writing->checked = writing->written;
	uint64_t mine = writing->written + CHECK_BYTES;
	make_room(writing->directory, writing->zone_max > mine ? writing->zone_max - mine : 0);
	return has_room(writing->directory, writing->limits, CHECK_BYTES);
}

enum outcome { WHOLE, CUT, FAILED, NO_ROOM };

static enum outcome copy(struct writing *writing, int input)
{
	uint64_t most = writing->limits->file_max < writing->zone_max ? writing->limits->file_max : writing->zone_max;
	ssize_t length;
	while ((length = read_full(input)) > 0) {
		for (size_t at = 0; at < (size_t)length;) {
			int zero = 0;
			size_t run = run_length(at, (size_t)length, &zero);
			size_t room = most > writing->written ? (size_t)(most - writing->written) : 0;
			if (zero)
				writing->length += run;
			else if (!put(writing, at, run < room ? run : room))
				return errno == ENOSPC || errno == EDQUOT ? NO_ROOM : FAILED;
			else if (run > room)
				return CUT;
			at += run;
		}
		if (!check_room(writing))
			return NO_ROOM;
	}
	return length < 0 ? FAILED : WHOLE;
}

/* Gives the file its name when it is worth it, on disk before the name is. */
static int finish(struct writing *writing, const struct death *death, enum outcome outcome)
{
	char name[128];
	snprintf(name, sizeof name, "core.%s.%s.%s%s", death->name, death->pid, death->time, outcome == CUT ? ".cut" : "");
	int bad = outcome == FAILED || outcome == NO_ROOM || ftruncate(writing->file, (off_t)writing->length) != 0 ||
		  fsync(writing->file) != 0 || linkat(writing->directory, ".partial", writing->directory, name, 0) != 0;
	unlinkat(writing->directory, ".partial", 0);
	if (bad) {
		tell(death, "not kept", outcome == NO_ROOM ? "the pool would get too full" : "it could not be written");
		return 1;
	}
	fsync(writing->directory);
	make_room(writing->directory, writing->zone_max);
	tell(death, outcome == CUT ? "the beginning was kept as" : "kept as", name);
	return 0;
}

int write_core(const struct limits *limits, const struct death *death, int input)
{
	const char *why = "";
	uint64_t zone_max = strcmp(death->zone, "global") == 0 ? limits->global_max : limits->zone_max;
	struct writing writing = { .directory = open_directory(limits, death, &why), .limits = limits, .zone_max = zone_max };
	if (writing.directory < 0) {
		tell(death, "not kept", why);
		return 1;
	}
	remove_partial(writing.directory);
	if (recent_cores(writing.directory) >= limits->per_hour) {
		tell(death, "not kept", "too many cores of it within an hour");
		return 1;
	}
	make_room(writing.directory, zone_max);
	if (!has_room(writing.directory, limits, CHECK_BYTES)) {
		tell(death, "not kept", "the pool would get too full");
		return 1;
	}
	writing.file = openat(writing.directory, ".partial", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (writing.file < 0) {
		tell(death, "not kept", "no file could be made");
		return 1;
	}
	return finish(&writing, death, copy(&writing, input));
}
