/*
 * mdata-get, mdata-put, mdata-delete, mdata-list: what a zone asks its node for metadata with. One static
 * program, told apart by argv[0], so that it runs in any Linux tree (docs/adr, "static mdata client").
 * Protocol: version 2 after NEGOTIATE; version 1 (GET and KEYS only) with an older service.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_NOT_FOUND = 1, EXIT_ERROR = 2, EXIT_USAGE = 3 };
enum { TIMEOUT_V1_MS = 6000, TIMEOUT_V2_MS = 45000, RETRY_MS = 500, RESETS_MAX = 5 };
static const size_t ANSWER_MAX = 64u << 20; /* a service that sends more is broken */

static const char *const socket_paths[] = {
    "/native/.zonecontrol/metadata.sock",
    "/.zonecontrol/metadata.sock",
    "/var/run/smartdc/metadata.sock",
};

struct bytes { unsigned char *at; size_t length, room; };

/* What a try to talk to the service came to. */
enum outcome { ANSWERED, RESET /* try again on a new connection */ };
struct answer { char code[16]; struct bytes payload; };
struct service { int fd, version; struct bytes input; };

static const char *program = "mdata";
static int64_t deadline_ms; /* 0 = wait for ever */

static int fail(int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(code);
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void append(struct bytes *to, const void *from, size_t length)
{
	if (to->length + length + 1 > to->room) {
		to->room = (to->length + length + 1) * 2;
		to->at = realloc(to->at, to->room);
		if (to->at == NULL)
			fail(EXIT_ERROR, "%s: out of memory", program);
	}
	if (length > 0)
		memcpy(to->at + to->length, from, length);
	to->length += length;
	to->at[to->length] = '\0';
}

static void append_text(struct bytes *to, const char *text) { append(to, text, strlen(text)); }

static void encode_base64(struct bytes *to, const unsigned char *from, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t word = (uint32_t)from[i] << 16 | (left > 1 ? from[i + 1] : 0u) << 8 | (left > 2 ? from[i + 2] : 0u);
		char quad[4] = { digits[word >> 18], digits[word >> 12 & 63], left > 1 ? digits[word >> 6 & 63] : '=',
			left > 2 ? digits[word & 63] : '=' };
		append(to, quad, 4);
	}
}

static int base64_digit(unsigned char c)
{
	if (c >= 'A' && c <= 'Z') return c - 'A';
	if (c >= 'a' && c <= 'z') return c - 'a' + 26;
	if (c >= '0' && c <= '9') return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Gives 0 when `from` is not base64. */
static int decode_base64(struct bytes *to, const char *from)
{
	uint32_t word = 0;
	int bits = 0;
	for (; *from != '\0' && *from != '='; from++) {
		int digit = base64_digit((unsigned char)*from);
		if (digit < 0)
			return 0;
		word = word << 6 | (uint32_t)digit;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			unsigned char byte = (unsigned char)(word >> bits & 0xff);
			append(to, &byte, 1);
		}
	}
	return from[strspn(from, "=")] == '\0';
}

static uint32_t crc32_of(const unsigned char *at, size_t length)
{
	uint32_t crc = 0xffffffffu;
	while (length-- > 0) {
		crc ^= *at++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	}
	return crc ^ 0xffffffffu;
}

static void check_deadline(const char *what)
{
	if (deadline_ms != 0 && now_ms() >= deadline_ms)
		fail(EXIT_ERROR, "%s: the metadata service did not answer in time (%s)", program, what);
}

/* Waits for the socket; 0 after `until`. */
static int wait_for(int fd, short events, int64_t until)
{
	struct pollfd one = { .fd = fd, .events = events };
	for (;;) {
		if (deadline_ms != 0 && deadline_ms < until)
			until = deadline_ms;
		int64_t left = until - now_ms();
		if (left <= 0)
			return 0;
		int ready = poll(&one, 1, (int)left);
		if (ready > 0)
			return 1;
		if (ready < 0 && errno != EINTR)
			return 0;
	}
}

/* A broken pipe is no end yet: the service may have said why before it closed. */
static void send_all(struct service *service, const struct bytes *line, int64_t until)
{
	for (size_t sent = 0; sent < line->length;) {
		ssize_t n = send(service->fd, line->at + sent, line->length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			sent += (size_t)n;
		else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!wait_for(service->fd, POLLOUT, until))
				return;
		} else
			return;
	}
}

/* Next line without its newline into `line`; 0 when the service closed, or did not send one in time. */
static int read_line(struct service *service, struct bytes *line, int64_t until)
{
	struct bytes *in = &service->input;
	size_t searched = 0;
	for (;;) {
		unsigned char *newline = in->length > searched ? memchr(in->at + searched, '\n', in->length - searched) : NULL;
		if (newline != NULL) {
			size_t length = (size_t)(newline - in->at);
			line->length = 0;
			append(line, in->at, length);
			in->length -= length + 1;
			memmove(in->at, newline + 1, in->length);
			return 1;
		}
		searched = in->length;
		if (in->length > ANSWER_MAX || !wait_for(service->fd, POLLIN, until))
			return 0;
		unsigned char part[16384];
		ssize_t n = read(service->fd, part, sizeof part);
		if (n > 0)
			append(in, part, (size_t)n);
		else if (n == 0 || errno != EINTR)
			return 0;
	}
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path)
		fail(EXIT_ERROR, "%s: the socket path %s is too long", program, path);
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail(EXIT_ERROR, "%s: cannot make a socket: %s", program, strerror(errno));
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	int reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

/* First path that has a service. One that has a socket but nobody behind it is waited for: the node restarts. */
static int connect_any(int *told)
{
	const char *override = getenv("MDATA_SOCKET");
	for (;;) {
		const char *waiting = NULL;
		for (size_t i = 0; i < (override != NULL ? 1 : sizeof socket_paths / sizeof *socket_paths); i++) {
			const char *path = override != NULL ? override : socket_paths[i];
			int fd = connect_to(path);
			if (fd >= 0)
				return fd;
			if (errno == EACCES || errno == EPERM)
				fail(EXIT_ERROR, "%s: cannot open %s: %s (are you root?)", program, path, strerror(errno));
			if (errno == ECONNREFUSED || errno == EAGAIN)
				waiting = path;
		}
		if (waiting == NULL)
			fail(EXIT_ERROR, "%s: this machine has no metadata service (no socket at %s)", program,
			    override != NULL ? override : socket_paths[0]);
		check_deadline("nobody listens");
		if ((*told)++ == 4)
			fprintf(stderr, "%s: waiting for the metadata service at %s\n", program, waiting);
		struct timespec pause = { .tv_sec = 0, .tv_nsec = RETRY_MS * 1000000L };
		nanosleep(&pause, NULL);
	}
}

static enum outcome negotiate(struct service *service)
{
	struct bytes request = { 0 }, line = { 0 };
	int64_t until = now_ms() + TIMEOUT_V1_MS;
	append_text(&request, "NEGOTIATE V2\n");
	send_all(service, &request, until);
	int got = read_line(service, &line, until);
	service->version = got && strcmp((char *)line.at, "V2_OK") == 0 ? 2 : 1;
	free(request.at);
	free(line.at);
	return got ? ANSWERED : RESET;
}

static uint32_t make_request_id(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint32_t)now.tv_nsec ^ (uint32_t)now.tv_sec << 12 ^ (uint32_t)getpid() << 20;
}

/* Splits a checked answer to `id`; 0 when the line is none, and is passed over. */
static int parse_frame(char *line, const char *id, struct answer *answer)
{
	unsigned length, crc;
	int body_at = 0;
	if (sscanf(line, "V2 %u %8x %n", &length, &crc, &body_at) != 2 || body_at == 0)
		return 0;
	char *body = line + body_at;
	if (strlen(body) != length || crc32_of((unsigned char *)body, length) != crc)
		return 0;
	if (strncmp(body, id, 8) != 0 || body[8] != ' ')
		return 0;
	char *payload = strchr(body + 9, ' ');
	if (payload != NULL)
		*payload++ = '\0';
	snprintf(answer->code, sizeof answer->code, "%s", body + 9);
	answer->payload.length = 0;
	append(&answer->payload, "", 0);
	return payload == NULL || decode_base64(&answer->payload, payload);
}

static enum outcome ask_v2(struct service *service, const char *code, const struct bytes *payload, struct answer *answer)
{
	struct bytes body = { 0 }, line = { 0 };
	char id[9], head[48];
	snprintf(id, sizeof id, "%08x", make_request_id());
	append_text(&body, id);
	append_text(&body, " ");
	append_text(&body, code);
	if (payload != NULL) {
		append_text(&body, " ");
		encode_base64(&body, payload->at, payload->length);
	}
	snprintf(head, sizeof head, "V2 %zu %08x ", body.length, crc32_of(body.at, body.length));
	append_text(&line, head);
	append(&line, body.at, body.length);
	append_text(&line, "\n");
	int64_t until = now_ms() + TIMEOUT_V2_MS;
	send_all(service, &line, until);
	enum outcome outcome = RESET;
	while (outcome == RESET && read_line(service, &line, until))
		if (parse_frame((char *)line.at, id, answer))
			outcome = ANSWERED;
	free(body.at);
	free(line.at);
	return outcome;
}

static enum outcome ask_v1(struct service *service, const char *code, const struct bytes *key, struct answer *answer)
{
	struct bytes line = { 0 };
	int64_t until = now_ms() + TIMEOUT_V1_MS;
	append_text(&line, code);
	if (key != NULL) {
		append_text(&line, " ");
		append(&line, key->at, key->length);
	}
	append_text(&line, "\n");
	send_all(service, &line, until);
	if (!read_line(service, &line, until))
		return RESET;
	snprintf(answer->code, sizeof answer->code, "%s", (char *)line.at);
	answer->payload.length = 0;
	append(&answer->payload, "", 0);
	if (strcmp(answer->code, "SUCCESS") != 0)
		return ANSWERED;
	for (int lines = 0; read_line(service, &line, until); lines++) {
		if (strcmp((char *)line.at, ".") == 0)
			return ANSWERED;
		if (lines > 0)
			append_text(&answer->payload, "\n");
		size_t skip = line.length > 0 && line.at[0] == '.';
		append(&answer->payload, line.at + skip, line.length - skip);
	}
	return RESET;
}

/* Asks until there is an answer. Only a service that closes on us again and again ends it. */
static void ask(const char *code, const struct bytes *payload, struct answer *answer)
{
	int told = 0;
	for (int resets = 0; resets < RESETS_MAX; resets++) {
		struct service service = { .fd = connect_any(&told) };
		int64_t started = now_ms();
		enum outcome outcome = negotiate(&service);
		if (outcome == ANSWERED && service.version == 2)
			outcome = ask_v2(&service, code, payload, answer);
		else if (outcome == ANSWERED) {
			if (strcmp(code, "GET") != 0 && strcmp(code, "KEYS") != 0)
				fail(EXIT_ERROR, "%s: the metadata service is too old to change metadata", program);
			outcome = ask_v1(&service, code, payload, answer);
		}
		close(service.fd);
		free(service.input.at);
		if (outcome == ANSWERED)
			return;
		check_deadline(code);
		if (now_ms() - started >= TIMEOUT_V1_MS)
			resets = 0; /* it was slow, not hostile: reset and try for ever, as the reference does */
		struct timespec pause = { .tv_sec = 0, .tv_nsec = RETRY_MS * 1000000L };
		nanosleep(&pause, NULL);
	}
	fail(EXIT_ERROR, "%s: the metadata service closes the connection without an answer", program);
}

static struct bytes text_of(const char *text)
{
	struct bytes bytes = { 0 };
	append_text(&bytes, text);
	return bytes;
}

static int print_value(const struct bytes *value)
{
	fwrite(value->at, 1, value->length, stdout);
	if (value->length == 0 || value->at[value->length - 1] != '\n')
		putchar('\n');
	return fflush(stdout) == 0 ? EXIT_DONE : fail(EXIT_ERROR, "%s: cannot write: %s", program, strerror(errno));
}

static int fail_with(const char *doing, const char *key, const struct answer *answer)
{
	const char *reason = answer->payload.length > 0 ? (char *)answer->payload.at : answer->code;
	return fail(EXIT_ERROR, "Error %s metadata for key '%s': %s", doing, key, reason);
}

static int get(const char *key)
{
	struct bytes payload = text_of(key);
	struct answer answer = { 0 };
	ask("GET", &payload, &answer);
	if (strcmp(answer.code, "NOTFOUND") == 0)
		return fail(EXIT_NOT_FOUND, "No metadata for '%s'", key);
	return strcmp(answer.code, "SUCCESS") == 0 ? print_value(&answer.payload) : fail_with("getting", key, &answer);
}

static int list(void)
{
	struct answer answer = { 0 };
	ask("KEYS", NULL, &answer);
	if (strcmp(answer.code, "SUCCESS") != 0)
		return fail(EXIT_ERROR, "Error listing metadata: %s", answer.payload.length > 0 ? (char *)answer.payload.at : answer.code);
	return answer.payload.length == 0 ? EXIT_DONE : print_value(&answer.payload);
}

static int put(const char *key, const char *argument)
{
	struct bytes value = { 0 }, payload = { 0 };
	struct answer answer = { 0 };
	unsigned char part[16384];
	append(&value, "", 0);
	if (argument != NULL)
		append_text(&value, argument);
	else {
		ssize_t n;
		while ((n = read(STDIN_FILENO, part, sizeof part)) > 0 && value.length < ANSWER_MAX)
			append(&value, part, (size_t)n);
		if (n != 0)
			return fail(EXIT_ERROR, "%s: cannot read the value from standard input", program);
	}
	encode_base64(&payload, (const unsigned char *)key, strlen(key));
	append_text(&payload, " ");
	encode_base64(&payload, value.at, value.length);
	ask("PUT", &payload, &answer);
	return strcmp(answer.code, "SUCCESS") == 0 ? EXIT_DONE : fail_with("putting", key, &answer);
}

static int delete_key(const char *key)
{
	struct bytes payload = text_of(key);
	struct answer answer = { 0 };
	ask("DELETE", &payload, &answer);
	return strcmp(answer.code, "SUCCESS") == 0 ? EXIT_DONE : fail_with("deleting", key, &answer);
}

static int usage(int code, const char *arguments)
{
	fprintf(code == EXIT_DONE ? stdout : stderr, "Usage: %s [-h]%s\n", program, arguments);
	return code;
}

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	program = argc > 0 ? (slash != NULL ? slash + 1 : argv[0]) : program;
	const char *seconds = getenv("MDATA_TIMEOUT");
	if (seconds != NULL && atol(seconds) > 0)
		deadline_ms = now_ms() + atol(seconds) * 1000;
	signal(SIGPIPE, SIG_IGN);
	int help = argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0);
	if (strcmp(program, "mdata-get") == 0)
		return !help && argc == 2 ? get(argv[1]) : usage(help ? EXIT_DONE : EXIT_USAGE, " <keyname>");
	if (strcmp(program, "mdata-put") == 0)
		return !help && (argc == 2 || argc == 3) ? put(argv[1], argv[2]) : usage(help ? EXIT_DONE : EXIT_USAGE, " <keyname> [ <value> ]");
	if (strcmp(program, "mdata-delete") == 0)
		return !help && argc == 2 ? delete_key(argv[1]) : usage(help ? EXIT_DONE : EXIT_USAGE, " <keyname>");
	if (strcmp(program, "mdata-list") == 0)
		return !help && argc == 1 ? list() : usage(help ? EXIT_DONE : EXIT_USAGE, "");
	fprintf(stderr, "%s: call me as mdata-get, mdata-put, mdata-delete or mdata-list\n", program);
	return EXIT_USAGE;
}
