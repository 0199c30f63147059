/*
 * users.c - who is there, who was, what was said and what is asked
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "ctl/list.h"
#include "handlers/history.h"
#include "store/store.h"

/* 2026-11-21T10:00:00Z */
static void
time_write(struct buf *out, int64_t wall)
{
	time_t at = (time_t)(wall / 1000);
	char when[32];

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&at));
	buf_str(out, when);
}

/* ---- presence ------------------------------------------------------------------- */

static void
presence_visit(void *arg, const struct presence_row *row)
{
	struct list *list = arg;
	struct buf *out = &list->out;
	int64_t since = clock_wall(&clock_system) - row->since_wall;

	list_item(list);
	if (list->ctl->json) {
		buf_str(out, "{\"user\":");
		json_quote(out, row->user);
		buf_printf(out, ",\"since\":%" PRId64 ",\"leaving\":%s}", row->since_wall,
		    row->away_wall != 0 ? "true" : "false");
	} else {
		buf_printf(out, "%8" PRId64 "  %-7s  %.*s", since / 1000,
		    row->away_wall != 0 ? "leaving" : "here", SLICE_ARGS(row->user));
	}
}

int
command_presence(struct ctl *ctl)
{
	struct list list;

	list_begin(&list, ctl, "since(s)  is       user");
	store_present(ctl->store, ctl->nsp, slice_str(ctl->argc > 0 ? ctl->argv[0] : ""),
	    SLICE_NONE, (size_t)ctl->limit, false, &ctl->arena, presence_visit, &list);
	return list_end(&list);
}

int
command_seen(struct ctl *ctl)
{
	struct slice nsp = ctl->nsp, user = slice_str(ctl->argv[0]);
	struct slice room = slice_str(ctl->argc > 1 ? ctl->argv[1] : "");
	struct presence_row row;
	struct buf out = BUF_INIT;
	enum rc rc = store_presence(ctl->store, nsp, room, user, &ctl->arena, &row);

	if (rc != RC_OK && rc != RC_NONE)
		return ctl_fail(EXIT_FAILED, "%s", store_error(ctl->store));
	if (ctl->json) {
		seen_write(ctl->store, &ctl->arena, nsp, room, user, &out);
	} else if (rc == RC_NONE) {
		buf_str(&out, "never, or too long ago");
	} else {
		buf_str(&out, row.is_away ? "away since " : row.away_wall != 0 ?
		    "leaving since " : "here since ");
		time_write(&out, row.away_wall != 0 ? row.away_wall : row.since_wall);
	}
	ctl_print(&out);
	buf_free(&out);
	return rc == RC_NONE ? EXIT_NOBODY : EXIT_DONE;
}

/* ---- what was said ---------------------------------------------------------------- */

static void
event_write(struct buf *out, struct slice event)
{
	int64_t seq = 0, at = 0;

	json_int(json_member(event, "seq"), &seq);
	json_int(json_member(event, "at"), &at);
	buf_printf(out, "\n%10" PRId64 "  ", seq);
	time_write(out, at);
	buf_str(out, "  ");
	buf_add(out, json_member(event, "event"));
	buf_char(out, ' ');
	buf_add(out, json_member(event, "args"));
}

int
command_history(struct ctl *ctl)
{
	struct buf events = BUF_INIT, out = BUF_INIT;
	struct slice rest, event;
	bool some = false;

	if (ctl->before != 0 && ctl->after != 0)
		return ctl_fail(EXIT_WRONG_USAGE, "--before or --after, not both");
	if (history_write(ctl->store, &ctl->arena, ctl->nsp,
	    slice_str(ctl->argc > 0 ? ctl->argv[0] : ""), ctl->before, ctl->after,
	    (size_t)ctl->limit, &events) != RC_OK) {
		buf_free(&events);
		return ctl_fail(EXIT_FAILED, "%s", store_error(ctl->store));
	}
	buf_str(&out, "       seq  when                  what");
	rest = buf_slice(&events);
	json_open(&rest);
	for (; json_next(&rest, &event); some = true)
		event_write(&out, event);
	ctl_print(ctl->json ? &events : &out);
	buf_free(&events);
	buf_free(&out);
	return some ? EXIT_DONE : EXIT_NOBODY;
}

int
command_cursor(struct ctl *ctl)
{
	struct buf out = BUF_INIT;
	int64_t seq;

	if (store_last_seq(ctl->store, &seq) != RC_OK)
		return ctl_fail(EXIT_FAILED, "%s", store_error(ctl->store));
	buf_printf(&out, ctl->json ? "{\"seq\":%" PRId64 "}" : "%" PRId64, seq);
	ctl_print(&out);
	buf_free(&out);
	return EXIT_DONE;
}

/* ---- what is asked ---------------------------------------------------------------- */

static void
question_visit(void *arg, const struct question_row *row)
{
	struct list *list = arg;

	list_item(list);
	buf_printf(&list->out, "%8" PRId64 "  %4" PRId64 " of %-4" PRId64 "  ", row->n,
	    row->answered, row->expected);
	time_write(&list->out, row->due_wall);
	buf_printf(&list->out, "  %.*s  %.*s", SLICE_ARGS(row->name.n > 0 ? row->name :
	    SLICE("(somebody waits)")), SLICE_ARGS(row->answers));
}

int
command_questions(struct ctl *ctl)
{
	struct buf out = BUF_INIT;
	struct list list;
	int64_t last;

	if (!ctl->json) {
		list_begin(&list, ctl, "       n  answered      until                 handler  answers");
		store_questions(ctl->store, ctl->nsp, 0, (size_t)ctl->limit, &ctl->arena,
		    question_visit, &list);
		return list_end(&list);
	}
	questions_write(ctl->store, &ctl->arena, ctl->nsp, 0, (size_t)ctl->limit, &last, &out);
	ctl_print(&out);
	buf_free(&out);
	return EXIT_DONE;
}
