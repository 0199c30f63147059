/*
 * log.c - one event, one line
 *
 * Many processes write one file.  A line is one write(2) to a descriptor with
 * O_APPEND, so lines never mix.  A full file is moved by whoever gets the lock
 * on it; everybody else sees that the name means another file now, and opens it.
 *
 * An error or warning that says again what was said a moment ago (a full disk
 * says so with every request) is counted, and the count is written once its
 * time is over.
 *
 * Must stay true:
 *   - a line has no control character in it, whatever was printed into it
 *   - nothing here waits: a lock that somebody else holds means "not now"
 *   - errno is the caller's
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/slice.h"

enum {
	LINE_MAX_BYTES = 2048,
	REPEATS_SEEN = 16,      /* different lines that are watched */
	REPEATS_FREE = 3,       /* so many are written ... */
	REPEATS_MS = 10000,     /* ... in this time */
	LOOK_MS = 1000          /* how often the name is looked at */
};

enum log_level log_level_now = LOG_LEVEL_WARN;

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_AUDIT] = "audit",
};
static_assert(N_ELEMENTS(level_names) == LOG_LEVEL_AUDIT + 1, "a level is missing");

static struct {
	const struct clock *clock;
	int fd;
	char *path;             /* NULL: stderr */
	int64_t max_bytes, looked_at;
} to = { &clock_system, STDERR_FILENO, NULL, 0, 0 };

static struct repeat {
	uint64_t hash;
	int64_t since;          /* boot time; 0: free */
	unsigned written, kept_back;
	enum log_level level;
	char floor[16];
	char head[64];          /* of the message, to name it */
} repeats[REPEATS_SEEN];

static int
file_open(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
}

enum rc
log_open(enum log_level level, const char *path, int64_t max_bytes)
{
	int fd;

	log_close();
	log_level_now = level;
	if (path == NULL || *path == '\0')
		return RC_OK;
	if ((fd = file_open(path)) == -1)
		return RC_IO;
	to.fd = fd;
	to.path = mem_strdup(path);
	to.max_bytes = max_bytes;
	to.looked_at = clock_boot(to.clock);
	return RC_OK;
}

enum rc
log_level_parse(const char *name, enum log_level *level_r)
{
	size_t i;

	for (i = 0; i <= LOG_LEVEL_DEBUG; i++)
		if (strcmp(name, level_names[i]) == 0) {
			*level_r = (enum log_level)i;
			return RC_OK;
		}
	return RC_BAD_INPUT;
}

int
log_fd(void)
{
	return to.fd;
}

void
log_set_clock(const struct clock *clock)
{
	to.clock = clock;
	memset(repeats, 0, sizeof(repeats));
}

/* Takes what the path names now, if that is not what is open. */
static void
file_follow(void)
{
	struct stat ours, named;
	int fd;

	if (fstat(to.fd, &ours) == 0 && stat(to.path, &named) == 0 &&
	    ours.st_ino == named.st_ino && ours.st_dev == named.st_dev)
		return;
	if ((fd = file_open(to.path)) == -1)
		return;
	close(to.fd);
	to.fd = fd;
}

/*
 * Moves the file that the path names to PATH.1, unless somebody is about to or
 * did so already.  The lock lies on a description of our own, since the one
 * that is open may be shared with a parent process.
 */
static void
file_rotate(void)
{
	struct stat locked, named;
	char *old = NULL;
	int fd = open(to.path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd == -1)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &locked) == 0 &&
	    stat(to.path, &named) == 0 && locked.st_ino == named.st_ino &&
	    locked.st_dev == named.st_dev && locked.st_size >= to.max_bytes) {
		old = mem_printf("%s.1", to.path);
		if (rename(to.path, old) == 0)
			file_follow();
		free(old);
	}
	close(fd);
}

static void
file_look(int64_t now)
{
	struct stat st;

	if (to.max_bytes > 0 && fstat(to.fd, &st) == 0 && st.st_size >= to.max_bytes) {
		file_follow();
		if (fstat(to.fd, &st) == 0 && st.st_size >= to.max_bytes)
			file_rotate();
	} else if (now - to.looked_at >= LOOK_MS) {
		to.looked_at = now;
		file_follow();
	}
}

static void
write_all(const char *p, size_t n)
{
	ssize_t done;

	while (n > 0) {
		done = write(to.fd, p, n);
		if (done == -1 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		p += done;
		n -= (size_t)done;
	}
}

/* Makes one line of it: control characters become '?'. */
static void
write_line(enum log_level level, const char *floor, const char *message)
{
	char line[LINE_MAX_BYTES + 128];
	int64_t wall = clock_wall(to.clock);
	time_t seconds = (time_t)(wall / 1000);
	struct tm tm;
	size_t n, i;

	gmtime_r(&seconds, &tm);
	n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, sizeof(line) - n, ".%03dZ %s %.15s pid=%ld %s",
	    (int)(wall % 1000), level_names[level], floor, (long)getpid(), message);
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	for (i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	if (to.path != NULL)
		file_look(clock_boot(to.clock));
	write_all(line, n);
}

static void
repeat_end(struct repeat *r)
{
	char message[160];

	if (r->kept_back > 0) {
		snprintf(message, sizeof(message), "repeated=%u said: %s",
		    r->kept_back, r->head);
		write_line(r->level, r->floor, message);
	}
	r->kept_back = 0;
	r->since = 0;
}

static void
repeats_end_old(int64_t now)
{
	struct repeat *r;

	for (r = repeats; r < repeats + REPEATS_SEEN; r++)
		if (r->since != 0 && now - r->since >= REPEATS_MS)
			repeat_end(r);
}

/* Whether this was said often enough for now. */
static bool
is_repeat(enum log_level level, const char *floor, const char *message, int64_t now)
{
	static const unsigned char key[16];
	uint64_t hash = siphash(key, slice_str(message));
	struct repeat *r, *oldest = repeats;

	for (r = repeats; r < repeats + REPEATS_SEEN; r++) {
		if (r->since != 0 && r->hash == hash) {
			if (r->written < REPEATS_FREE) {
				r->written++;
				return false;
			}
			r->kept_back++;
			return true;
		}
		if (r->since < oldest->since)
			oldest = r;
	}
	repeat_end(oldest);
	*oldest = (struct repeat){ hash, now, 1, 0, level, "", "" };
	snprintf(oldest->floor, sizeof(oldest->floor), "%s", floor);
	snprintf(oldest->head, sizeof(oldest->head), "%.63s", message);
	return false;
}

void
log_line(enum log_level level, const char *floor, const char *fmt, ...)
{
	char message[LINE_MAX_BYTES];
	int saved = errno, n;
	int64_t now;
	va_list ap;

	if (level > log_level_now && level != LOG_LEVEL_AUDIT)
		return;
	va_start(ap, fmt);
	n = vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(message))
		memcpy(message + sizeof(message) - 4, "...", 4);
	now = clock_boot(to.clock);
	repeats_end_old(now);
	if (level > LOG_LEVEL_WARN || !is_repeat(level, floor, message, now))
		write_line(level, floor, message);
	errno = saved;
}

void
log_close(void)
{
	struct repeat *r;

	for (r = repeats; r < repeats + REPEATS_SEEN; r++)
		if (r->since != 0)
			repeat_end(r);
	if (to.path != NULL)
		close(to.fd);
	free(to.path);
	to.path = NULL;
	to.fd = STDERR_FILENO;
	to.max_bytes = 0;
}
