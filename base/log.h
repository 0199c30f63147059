/*
 * log.h - one event, one line
 *
 * Lines look like `2026-11-21T10:00:00.123Z warn store pid=12 path=... err=...`.
 * error wakes someone, warn is odd but handled, info is the life of a client,
 * debug is every step; audit, whatever the level, is who changed what others may
 * do.  Never payloads, cookies or tokens.
 *
 * The same error or warning is written three times in ten seconds, then counted
 * (`repeated=N said: ...`).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

#include "base/rc.h"

struct clock;

enum log_level {
	LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG,
	LOG_LEVEL_AUDIT         /* who changed what others may do: always written */
};

/* To stderr (path NULL) or to a file that is moved to PATH.1 once it is larger
 * than max_bytes (0: never).  RC_IO: the file cannot be opened; stderr stays. */
enum rc log_open(enum log_level level, const char *path, int64_t max_bytes);
void    log_close(void);

/* "error", "warn", "info" or "debug"; RC_BAD_INPUT otherwise. */
enum rc log_level_parse(const char *name, enum log_level *level_r);

extern enum log_level log_level_now;

/* Whose time the lines bear (the system's until a test says otherwise).  Forgets
 * which lines were said lately. */
void log_set_clock(const struct clock *clock);

/* The descriptor that lines go to, for a signal handler that has to say something. */
int log_fd(void);

void log_line(enum log_level level, const char *floor, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(floor, ...) log_line(LOG_LEVEL_ERROR, floor, __VA_ARGS__)
#define log_warn(floor, ...)  log_line(LOG_LEVEL_WARN, floor, __VA_ARGS__)
#define log_audit(floor, ...) log_line(LOG_LEVEL_AUDIT, floor, __VA_ARGS__)
#define log_info(floor, ...)                                            \
	do {                                                            \
		if (log_level_now >= LOG_LEVEL_INFO)                    \
			log_line(LOG_LEVEL_INFO, floor, __VA_ARGS__);   \
	} while (0)
#define log_debug(floor, ...)                                           \
	do {                                                            \
		if (log_level_now >= LOG_LEVEL_DEBUG)                   \
			log_line(LOG_LEVEL_DEBUG, floor, __VA_ARGS__);  \
	} while (0)

#endif
