/* Whose process it is that dies. */
#include "core-save.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char parent[] = "/spirula/";
enum { UUID_LENGTH = 36 };

/* The program chose its name itself, slashes and newlines and all. */
void sanitise_name(struct death *death, const char *name)
{
	size_t length = 0;
	for (; name[length] != '\0' && length < sizeof death->name - 1; length++) {
		char c = name[length];
		int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
		death->name[length] = plain ? c : '_';
	}
	if (length == 0)
		death->name[length++] = '_';
	death->name[length] = '\0';
}

static int is_uuid(const char *text)
{
	for (int i = 0; i < UUID_LENGTH; i++) {
		char c = text[i];
		int dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return 0;
	}
	return text[UUID_LENGTH] == '\0' || text[UUID_LENGTH] == '/' || text[UUID_LENGTH] == '\n';
}

/*
 * From lines `NUMBER:CONTROLLERS:PATH`. A path is the zone's own when it begins with the parent of all zones: what a
 * zone names its groups comes after that, and it cannot name one above its own.
 */
static void parse_cgroup(const char *text, char *zone)
{
	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n'), line = line == NULL ? NULL : line + 1) {
		const char *path = strchr(line, ':');
		path = path == NULL ? NULL : strchr(path + 1, ':');
		if (path == NULL || strncmp(path + 1, parent, sizeof parent - 1) != 0)
			continue;
		const char *uuid = path + 1 + sizeof parent - 1;
		if (!is_uuid(uuid))
			continue;
		memcpy(zone, uuid, UUID_LENGTH);
		zone[UUID_LENGTH] = '\0';
		return;
	}
}

/* As much of the file as fits; false when it cannot be read. */
static int read_text(int directory, const char *name, char *text, size_t room)
{
	int file = openat(directory, name, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return 0;
	size_t length = 0;
	ssize_t got;
	while (length < room - 1 && (got = read(file, text + length, room - 1 - length)) > 0)
		length += (size_t)got;
	close(file);
	text[length] = '\0';
	return length > 0;
}

static int is_dumping(int directory)
{
	char text[8192];
	return read_text(directory, "status", text, sizeof text) && strstr(text, "\nCoreDumping:\t1") != NULL;
}

/*
 * The directory stands for that one thread, whatever becomes of its number. A thread that dumps before and after the
 * look is the one meant. Of the threads it is the one that was hit: the first may have ended long ago.
 */
int find_zone(const struct limits *limits, struct death *death)
{
	char path[256], groups[8192];
	snprintf(path, sizeof path, "%s/%s/task/%s", limits->proc, death->pid, death->tid);
	int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return 0;
	int known = is_dumping(directory) && read_text(directory, "cgroup", groups, sizeof groups) && is_dumping(directory);
	close(directory);
	if (known)
		parse_cgroup(groups, death->zone);
	return known;
}
