/*
 * act.c - commands that change something: emit, join, leave, disconnect ...
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/utf8.h"
#include "ctl/command.h"
#include "handlers/backend.h"
#include "handlers/handlers.h"
#include "handlers/pattern.h"
#include "handlers/rooms.h"
#include "session/app.h"
#include "session/engine.h"
#include "store/store.h"

enum { JSON_DEPTH = 64, ASK_MS = 10000 };

static int
fail_rc(struct ctl *ctl, enum rc rc)
{
	if (rc == RC_TOO_BIG)
		return ctl_fail(EXIT_FAILED, "refused: a limit is reached (max_event, "
		    "max_rooms or store_max_size, see siogate stats)");
	return ctl_fail(EXIT_FAILED, "%s: %s", rc_name(rc), store_error(ctl->store));
}

/* What a client could not have said, it cannot be told either. */
static bool
name_is_good(const struct ctl *ctl, const char *what, const char *name)
{
	struct slice s = slice_str(name);

	if (s.n > 0 && (int64_t)s.n <= ctl->conf->max_name && utf8_valid(s))
		return true;
	ctl_fail(EXIT_WRONG_USAGE, "the name of the %s must be UTF-8 text of 1 to "
	    "%" PRId64 " bytes (max_name)", what, ctl->conf->max_name);
	return false;
}

/* ---- emit ---------------------------------------------------------------------- */

static bool
read_file(struct buf *out, const char *path)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	char block[4096];
	size_t n;

	if (f == NULL)
		return false;
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, slice_of(block, n));
	n = (size_t)ferror(f);
	if (f != stdin)
		fclose(f);
	return n == 0;
}

/* One argument: JSON, @FILE with JSON ("@-": stdin), or text with --string. */
static bool
add_argument(struct ctl *ctl, struct buf *args, const char *arg)
{
	struct buf text = BUF_INIT;
	bool is_good = true;

	if (arg[0] == '@' && !read_file(&text, arg + 1)) {
		ctl_fail(EXIT_FAILED, "%s: %s", arg + 1, strerror(errno));
		return false;
	}
	if (arg[0] != '@')
		buf_str(&text, arg);
	if (args->n > 1)
		buf_char(args, ',');
	if (ctl->strings) {
		json_quote(args, buf_slice(&text));
	} else if (json_check(buf_slice(&text), JSON_DEPTH) == RC_OK) {
		buf_add(args, slice_trim(buf_slice(&text)));
	} else {
		is_good = false;
		ctl_fail(EXIT_WRONG_USAGE, "'%s' is not JSON: write '\"%s\"' for text, "
		    "or use --string", arg, arg);
	}
	buf_free(&text);
	return is_good;
}

/* [["AAEC"],[]]: of each answer what is attached to it, in base64. */
static void
write_attachments(struct buf *out, struct slice answers)
{
	struct slice rest, one;

	buf_char(out, '[');
	while (pack_next(&answers, &rest)) {
		buf_char(out, '[');
		while (pack_next(&rest, &one)) {
			buf_char(out, '"');
			base64_encode(out, one);
			buf_str(out, rest.n != 0 ? "\"," : "\"");
		}
		buf_str(out, answers.n != 0 ? "]," : "]");
	}
	buf_char(out, ']');
}

static void
print_emitted(struct ctl *ctl, int64_t members, int64_t seq, struct slice answers,
    struct slice attachments)
{
	struct buf out = BUF_INIT;

	if (ctl->json)
		buf_printf(&out, "{\"seq\":%" PRId64 ",\"sockets\":%" PRId64 "%s%.*s",
		    seq, members, answers.p == NULL ? "" : ",\"answers\":",
		    SLICE_ARGS(answers.p == NULL ? SLICE("") : answers));
	else if (answers.p != NULL)
		buf_add(&out, answers);
	else
		buf_printf(&out, "emitted to %" PRId64 " sockets, seq %" PRId64, members, seq);
	if (attachments.p != NULL) {
		buf_str(&out, ctl->json ? ",\"attachments\":" : "\nattachments ");
		write_attachments(&out, attachments);
	}
	if (ctl->json)
		buf_char(&out, '}');
	ctl_print(&out);
	buf_free(&out);
}

static int
wait_for_answers(struct ctl *ctl, int64_t question, int64_t members, int64_t seq)
{
	struct slice answers = SLICE_NONE, attachments = SLICE_NONE;
	int64_t expected = 0, n = 0;
	struct slice rest, item;
	bool is_done = false;
	enum rc rc;

	for (;;) {
		rc = store_answers(ctl->store, question, &ctl->arena, &answers,
		    &attachments, &expected, &is_done);
		if (rc != RC_OK || is_done)
			break;
		poll(NULL, 0, 5);
		arena_reset(&ctl->arena);
	}
	if (rc != RC_OK)
		return fail_rc(ctl, rc);
	rest = answers;
	json_open(&rest);
	while (json_next(&rest, &item))
		n++;
	print_emitted(ctl, members, seq, answers, attachments);
	if (n < expected)
		return ctl_fail(EXIT_LATE, "%" PRId64 " of %" PRId64 " acks came in time",
		    n, expected);
	return EXIT_DONE;
}

/* How long what, from the options; false: it was said what is wrong. */
static bool
emit_options(struct ctl *ctl, struct effect *f)
{
	if (ctl->keep != NULL &&
	    rooms_keep_parse(ctl->keep, &f->keep_count, &f->keep_ms) != RC_OK) {
		ctl_fail(EXIT_WRONG_USAGE, "--keep %s: a number and a time are wanted, "
		    "as 100/1h", ctl->keep);
		return false;
	}
	if (ctl->mail != NULL &&
	    rooms_keep_parse(ctl->mail, &f->mail_count, &f->mail_ms) != RC_OK) {
		ctl_fail(EXIT_WRONG_USAGE, "--mail %s: a number and a time are wanted, "
		    "as 100/7d", ctl->mail);
		return false;
	}
	if (ctl->context != NULL && (ctl->ask == NULL ||
	    json_check(slice_str(ctl->context), JSON_DEPTH) != RC_OK)) {
		ctl_fail(EXIT_WRONG_USAGE, "--context %s: JSON for the handler of --ask "
		    "is wanted", ctl->context);
		return false;
	}
	f->timeout_ms = ctl->wait_ms;
	if (ctl->ask == NULL)
		return true;
	f->question = slice_str(ctl->ask);
	f->context = ctl->context == NULL ? SLICE_NONE : slice_str(ctl->context);
	f->timeout_ms = ctl->wait_ms == 0 ? ASK_MS : ctl->wait_ms;
	ctl->wait_ms = 0;               /* somebody else hears them */
	return name_is_good(ctl, "handler", ctl->ask);
}

int
command_emit(struct ctl *ctl)
{
	struct effects effects = { NULL, NULL, 0 };
	struct effect *f = effects_add(&effects, &ctl->arena, EFFECT_EMIT);
	struct buf args = BUF_INIT;
	int64_t seq, question, members = 0;
	int i, code;
	enum rc rc;

	if (!ctl_selector(ctl, ctl->argv[0], &f->who, &code))
		return code;
	if (!name_is_good(ctl, "event", ctl->argv[1]))
		return EXIT_WRONG_USAGE;
	if (!emit_options(ctl, f))
		return EXIT_WRONG_USAGE;
	if (event_is_reserved(slice_str(ctl->argv[1])))
		return ctl_fail(EXIT_WRONG_USAGE, "'%s' is a name that clients keep "
		    "for themselves", ctl->argv[1]);
	buf_char(&args, '[');
	for (i = 2; i < ctl->argc; i++) {
		if (!add_argument(ctl, &args, ctl->argv[i])) {
			buf_free(&args);
			return EXIT_WRONG_USAGE;
		}
	}
	buf_char(&args, ']');
	f->name = slice_str(ctl->argv[1]);
	f->data = buf_slice(&args);
	store_count(ctl->store, &f->who, &members);
	rc = engine_apply(ctl->engine, ctl->nsp, &effects, ctl->wait_ms != 0, &seq, &question);
	if (rc != RC_OK && rc != RC_NONE)
		code = fail_rc(ctl, rc);
	else if (seq == 0)
		code = ctl_fail(EXIT_FAILED, "refused: the event is larger than max_event");
	else if (ctl->wait_ms != 0 && members != 0)
		code = wait_for_answers(ctl, question, members, seq);
	else {
		print_emitted(ctl, members, seq, SLICE_NONE, SLICE_NONE);
		code = members == 0 ? EXIT_NOBODY : EXIT_DONE;
	}
	buf_free(&args);
	return code;
}

/* ---- join, leave, disconnect --------------------------------------------------------- */

static int
act_on_sockets(struct ctl *ctl, enum effect_kind kind, const char *done)
{
	struct effects effects = { NULL, NULL, 0 };
	struct effect *f = effects_add(&effects, &ctl->arena, kind);
	int64_t seq, question, members = 0;
	struct buf out = BUF_INIT;
	enum rc rc;
	int code;

	if (!ctl_selector(ctl, ctl->argv[0], &f->who, &code))
		return code;
	if (ctl->argc > 1 && !name_is_good(ctl, "room", ctl->argv[1]))
		return EXIT_WRONG_USAGE;
	if (ctl->argc > 1)
		f->name = slice_str(ctl->argv[1]);
	f->engine = ctl->hard;
	store_count(ctl->store, &f->who, &members);
	rc = engine_apply(ctl->engine, ctl->nsp, &effects, false, &seq, &question);
	if (rc != RC_OK && rc != RC_NONE)
		return fail_rc(ctl, rc);
	buf_printf(&out, ctl->json ? "{\"%2$s\":%1$" PRId64 "}" : "%1$" PRId64 " sockets %2$s",
	    members, done);
	ctl_print(&out);
	buf_free(&out);
	return members == 0 ? EXIT_NOBODY : EXIT_DONE;
}

int
command_join(struct ctl *ctl)
{
	return act_on_sockets(ctl, EFFECT_JOIN, "joined");
}

int
command_leave(struct ctl *ctl)
{
	return act_on_sockets(ctl, EFFECT_LEAVE, "left");
}

int
command_disconnect(struct ctl *ctl)
{
	return act_on_sockets(ctl, EFFECT_DISCONNECT, "disconnected");
}

/* ---- upkeep ---------------------------------------------------------------------------- */

int
command_expire(struct ctl *ctl)
{
	enum { PASSES_MAX = 1000 };
	enum rc rc = RC_AGAIN;
	int i;

	for (i = 0; i < PASSES_MAX && rc == RC_AGAIN; i++) {
		rc = engine_expire(ctl->engine);
		while (engine_is_asking(ctl->engine)) {
			backends_wait(handlers_backends(ctl->handlers), 1000);
			engine_turn(ctl->engine, false);
		}
	}
	return rc == RC_OK || rc == RC_AGAIN ? EXIT_DONE : fail_rc(ctl, rc);
}

int
command_backup(struct ctl *ctl)
{
	enum rc rc = store_backup(ctl->store, ctl->argv[0]);

	return rc == RC_OK ? EXIT_DONE : fail_rc(ctl, rc);
}
