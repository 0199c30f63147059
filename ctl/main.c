/*
 * main.c - the siogate command: look at a store, speak into it, check a site
 *
 * It is one more process on the same store: what it commits reaches every
 * client at once, because it wakes whoever holds their polls.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "ctl/command.h"
#include "handlers/handlers.h"
#include "handlers/selector.h"
#include "session/app.h"
#include "session/engine.h"
#include "session/setup.h"

static const struct command commands[] = {
	{ "emit", "WHO EVENT [ARG...]", 2, -1, true, false, command_emit,
	  "send an event; each ARG is JSON, @FILE with JSON, or text with --string" },
	{ "join", "WHO ROOM", 2, 2, true, false, command_join,
	  "put sockets into a room" },
	{ "leave", "WHO ROOM", 2, 2, true, false, command_leave,
	  "take sockets out of a room" },
	{ "disconnect", "WHO", 1, 1, true, false, command_disconnect,
	  "let sockets go; with --hard their connections, too" },
	{ "acl", "[OF [VERB NAME...]]", 0, -1, true, false, command_acl,
	  "show who may send what; OF: nsp, user:NAME, id:ID; VERB: set, add, remove, forget" },
	{ "sessions", "", 0, 0, true, false, command_sessions,
	  "list live sessions" },
	{ "sockets", "[WHO]", 0, 1, true, false, command_sockets,
	  "list sockets with user, rooms and data" },
	{ "rooms", "", 0, 0, true, false, command_rooms,
	  "list rooms and how many are in them" },
	{ "presence", "[ROOM]", 0, 1, true, false, command_presence,
	  "list users who are in a room, or in the namespace" },
	{ "seen", "USER [ROOM]", 1, 2, true, false, command_seen,
	  "say when a user was in a room, or in the namespace" },
	{ "history", "[ROOM]", 0, 1, true, false, command_history,
	  "print what is kept of a room, or of the namespace; --after and --before a seq" },
	{ "cursor", "", 0, 0, true, false, command_cursor,
	  "print where the log stands, for history --after" },
	{ "questions", "", 0, 0, true, false, command_questions,
	  "list acks that were asked for and have not all come" },
	{ "inbox", "[list|retry [N]|drop N]", 0, 2, true, false, command_inbox,
	  "what waits for an application; try again, or drop, what was set aside" },
	{ "stats", "", 0, 0, true, false, command_stats,
	  "count what is in the store" },
	{ "expire", "", 0, 0, true, true, command_expire,
	  "do what is due: time-outs, timers, trimming (from cron)" },
	{ "backup", "FILE", 1, 1, true, false, command_backup,
	  "copy the live store into one file" },
	{ "check", "", 0, 0, false, false, command_check,
	  "say what is configured and what is wrong; --url ADDRESS tries a site" },
	{ "options", "[sample|help|mdoc]", 0, 1, false, false, command_options,
	  "print all options: a sample file, a list, or manual page source" },
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "nsp", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "string", no_argument, NULL, 's' },
	{ "hard", no_argument, NULL, 'H' },
	{ "wait", optional_argument, NULL, 'w' },
	{ "limit", required_argument, NULL, 'l' },
	{ "before", required_argument, NULL, 'B' },
	{ "after", required_argument, NULL, 'A' },
	{ "keep", required_argument, NULL, 'k' },
	{ "mail", required_argument, NULL, 'm' },
	{ "ask", required_argument, NULL, 'a' },
	{ "context", required_argument, NULL, 'C' },
	{ "url", required_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

int
ctl_fail(int code, const char *fmt, ...)
{
	va_list ap;

	fputs("siogate: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

void
ctl_print(struct buf *out)
{
	buf_char(out, '\n');
	fwrite(out->p, 1, out->n, stdout);
	buf_reset(out);
}

bool
ctl_selector(struct ctl *ctl, const char *text, struct selector *selector_r,
    int *code_r)
{
	char *error = NULL;
	enum rc rc;

	memset(selector_r, 0, sizeof(*selector_r));
	rc = selector_parse(&ctl->arena, slice_str(text), SLICE_NONE, selector_r, &error);
	if (rc != RC_OK) {
		*code_r = rc == RC_NONE ?
		    ctl_fail(EXIT_NOBODY, "the selector is empty: nobody is meant ('*' is everybody)") :
		    ctl_fail(EXIT_WRONG_USAGE, "%s", error != NULL ? error : "bad selector");
		free(error);
		return false;
	}
	if (selector_r->nsp.n == 0)
		selector_r->nsp = ctl->nsp;
	return true;
}

static void
usage(FILE *to)
{
	size_t i;

	fputs("usage: siogate [OPTION...] COMMAND [ARGUMENT...]\n\n", to);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(to, "  %-10s %-20s %s\n", commands[i].name,
		    commands[i].args, commands[i].help);
	fputs("\n"
	    "  WHO: '*', 'room:NAME', 'user:NAME', 'id:ID', '-room:NAME' ..., blanks between\n\n"
	    "  --config FILE   the configuration (else it is looked for)\n"
	    "  --nsp /NAME     the namespace (default /)\n"
	    "  --json          output for programs\n"
	    "  --string        arguments of emit are text, not JSON\n"
	    "  --wait[=TIME]   emit: wait for acks (default 10s)\n"
	    "  --mail N/TIME   emit: waits for users who are away, at most N of it\n"
	    "  --keep N/TIME   emit: is history of its rooms\n"
	    "  --ask NAME      emit: that handler hears the acks, whenever they come;\n"
	    "                  with --context JSON, and --wait=TIME for its time-out\n"
	    "  --after SEQ, --before SEQ    history: what was said then\n"
	    "  --hard          disconnect: close the connection, too\n"
	    "  --limit N       at most so many rows (default 1000)\n"
	    "  --url ADDRESS   check: the public address of the mount\n"
	    "\n  exit: 0 done, 1 failed, 2 wrong usage, 3 nobody there, 4 acks late\n", to);
}

/* Whether the value is good; if not, says what it should be. */
static bool
option_is(bool is_good, const char *name, const char *wanted)
{
	if (!is_good)
		ctl_fail(EXIT_WRONG_USAGE, "--%s %s: %s", name, optarg, wanted);
	return is_good;
}

static bool
read_option(struct ctl *ctl, int c, const char **config)
{
	switch (c) {
	case 'c':
		*config = optarg;
		return true;
	case 'n':
		ctl->nsp = slice_str(optarg);
		return option_is(optarg[0] == '/', "nsp", "a namespace begins with '/'");
	case 'j':
		return ctl->json = true;
	case 's':
		return ctl->strings = true;
	case 'H':
		return ctl->hard = true;
	case 'w':
		ctl->wait_ms = 10000;
		return optarg == NULL || option_is(conf_parse_time(slice_str(optarg),
		    &ctl->wait_ms) == RC_OK && ctl->wait_ms > 0, "wait",
		    "a time is wanted, as 500ms, 3s or 1m");
	case 'l':
		return option_is(slice_int64(slice_str(optarg), &ctl->limit) &&
		    ctl->limit > 0, "limit", "a number above 0 is wanted");
	case 'B':
		return option_is(slice_int64(slice_str(optarg), &ctl->before) &&
		    ctl->before > 0, "before", "a seq is wanted, a number above 0");
	case 'A':
		return option_is(slice_int64(slice_str(optarg), &ctl->after) &&
		    ctl->after > 0, "after", "a seq is wanted, a number above 0");
	case 'k':
		ctl->keep = optarg;
		return true;
	case 'm':
		ctl->mail = optarg;
		return true;
	case 'a':
		ctl->ask = optarg;
		return true;
	case 'C':
		ctl->context = optarg;
		return true;
	case 'u':
		ctl->url = optarg;
		return true;
	default:
		return false;
	}
}

static const struct command *
command_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Nobody is asked by commands that call no handlers. */
static enum rc
no_app(void *arg, const struct app_call *call, struct effects *effects_r)
{
	(void)arg;
	(void)call;
	(void)effects_r;
	return RC_NONE;
}

static int
command_run(struct ctl *ctl, const struct command *command)
{
	struct app app = { .call = no_app };
	struct handlers *handlers = NULL;
	char *error = NULL;
	int code = EXIT_FAILED;

	if (!command->needs_store)
		return command->run(ctl);
	if (setup_store(ctl->conf, &clock_system, &ctl->store, &error) != RC_OK) {
		ctl_fail(EXIT_FAILED, "%s", error != NULL ? error : "no store");
		goto out;
	}
	if (handlers_new(ctl->conf, &handlers, &error) != RC_OK) {
		ctl_fail(EXIT_FAILED, "%s", error != NULL ? error : "no handlers");
		goto out;
	}
	ctl->handlers = handlers;
	app = *handlers_app(handlers);
	if (!command->needs_app) {      /* what is configured about rooms counts for all */
		app.call = no_app;
		app.later = NULL;
	}
	ctl->engine = setup_engine(ctl->conf, ctl->store, &app, &clock_system, 0);
	code = command->run(ctl);
out:
	free(error);
	engine_free(&ctl->engine);
	handlers_free(&handlers);
	store_close(&ctl->store);
	return code;
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { .nsp = SLICE("/"), .limit = 1000 };
	const struct command *command;
	const char *config = NULL;
	char *error = NULL;
	int c, code;

	while ((c = getopt_long(argc, argv, "c:n:jhV", long_options, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return EXIT_DONE;
		}
		if (c == 'V') {
			puts("siogate " PACKAGE_VERSION);
			return EXIT_DONE;
		}
		if (!read_option(&ctl, c, &config))
			return ctl_fail(EXIT_WRONG_USAGE, "see siogate --help");
	}
	if (optind == argc) {
		usage(stderr);
		return EXIT_WRONG_USAGE;
	}
	if ((command = command_find(argv[optind])) == NULL)
		return ctl_fail(EXIT_WRONG_USAGE, "there is no command '%s', see siogate --help",
		    argv[optind]);
	ctl.argv = argv + optind + 1;
	ctl.argc = argc - optind - 1;
	if (ctl.argc < command->min_args ||
	    (command->max_args >= 0 && ctl.argc > command->max_args))
		return ctl_fail(EXIT_WRONG_USAGE, "usage: siogate %s %s", command->name,
		    command->args);
	if (conf_load(config, &ctl.conf, &error) != RC_OK && command->needs_store) {
		ctl_fail(EXIT_FAILED, "%s", error);
		free(error);
		conf_free(&ctl.conf);
		return EXIT_FAILED;
	}
	if (error != NULL)
		ctl_fail(EXIT_FAILED, "%s", error);
	code = command_run(&ctl, command);
	if (error != NULL)
		code = EXIT_FAILED;
	free(error);
	arena_free(&ctl.arena);
	conf_free(&ctl.conf);
	return code;
}
