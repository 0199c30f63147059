/*
 * command.h - what the commands of `siogate` share
 *
 * Exit codes (siogate(1)):
 *   0  done
 *   1  it could not be done; the reason is on stderr
 *   2  wrong usage
 *   3  nobody is meant, or nothing is there
 *   4  acks were asked for and did not all come in time
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include "base/buf.h"
#include "base/rc.h"
#include "base/slice.h"
#include "base/mem.h"

struct conf;
struct engine;
struct handlers;
struct selector;
struct store;

enum { EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, EXIT_NOBODY, EXIT_LATE };

/* One run of the command. */
struct ctl {
	struct conf *conf;
	struct store *store;            /* NULL for commands without needs_store */
	struct engine *engine;
	struct handlers *handlers;      /* of commands with needs_app */
	struct arena arena;
	struct slice nsp;               /* --nsp, "/" if not said */
	bool json;                      /* --json */
	bool strings, hard;             /* --string, --hard */
	int64_t wait_ms;                /* --wait; 0: no */
	int64_t limit;                  /* --limit */
	int64_t before, after;          /* --before, --after: a seq; 0: not said */
	const char *keep, *mail;        /* --keep, --mail: "N / TIME" */
	const char *ask, *context;      /* --ask, --context */
	const char *url;                /* --url */
	char **argv;                    /* what follows the command's name */
	int argc;
};

struct command {
	const char *name;
	const char *args;               /* for the usage line */
	int min_args, max_args;         /* -1: any number */
	bool needs_store;
	bool needs_app;                 /* handlers are called (expire) */
	int (*run)(struct ctl *ctl);
	const char *help;
};

int command_emit(struct ctl *ctl);
int command_join(struct ctl *ctl);
int command_leave(struct ctl *ctl);
int command_disconnect(struct ctl *ctl);
int command_acl(struct ctl *ctl);
int command_expire(struct ctl *ctl);
int command_backup(struct ctl *ctl);
int command_sessions(struct ctl *ctl);
int command_sockets(struct ctl *ctl);
int command_rooms(struct ctl *ctl);
int command_presence(struct ctl *ctl);
int command_seen(struct ctl *ctl);
int command_history(struct ctl *ctl);
int command_cursor(struct ctl *ctl);
int command_questions(struct ctl *ctl);
int command_inbox(struct ctl *ctl);
int command_stats(struct ctl *ctl);
int command_check(struct ctl *ctl);
int command_options(struct ctl *ctl);

/* Says on stderr what is wrong and returns code. */
int ctl_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Reads a selector; false: it was said what is wrong, *code_r is the exit code. */
bool ctl_selector(struct ctl *ctl, const char *text, struct selector *selector_r,
    int *code_r);

/* Writes to stdout what is in out, and a newline. */
void ctl_print(struct buf *out);

/* probe.c: handshake, poll, POST, large POST and upgrade against a public
 * address; prints what it saw.  The number of failed steps, or -1 when no
 * HTTP client library is there. */
int probe_url(struct ctl *ctl, const char *url);

#endif
