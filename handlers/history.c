/*
 * history.c - kept events, who is there, and what is asked, as JSON
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "handlers/history.h"
#include "store/store.h"

enum { HISTORY_MAX = 1000 };

static void
history_visit(void *arg, const struct record *record)
{
	struct slice rest = record->data, event = SLICE_NONE, item;
	struct buf *out = arg;
	const char *comma = "";

	if (record->kind != RECORD_EVENT)
		return;
	json_open(&rest);
	if (!json_next(&rest, &event))
		return;
	buf_printf(out, "%s{\"seq\":%lld,\"at\":%lld,\"event\":",
	    out->n > 1 ? "," : "", (long long)record->seq,
	    (long long)record->wall_ms);
	buf_add(out, event);
	buf_str(out, ",\"args\":[");
	while (json_next(&rest, &item)) {
		buf_str(out, comma);
		buf_add(out, item);
		comma = ",";
	}
	buf_str(out, "]}");
}

enum rc
history_write(struct store *store, struct arena *arena, struct slice nsp,
    struct slice room, int64_t before, int64_t after, size_t count, struct buf *out)
{
	struct slice channel = channel_key(arena,
	    room.n == 0 ? CHANNEL_NSP : CHANNEL_ROOM, nsp, room);
	struct buf list = BUF_INIT;
	enum rc rc;

	buf_char(&list, '[');
	rc = store_history(store, channel, before, after,
	    count > HISTORY_MAX ? HISTORY_MAX : count, arena, history_visit, &list);
	buf_char(&list, ']');
	buf_add(out, buf_slice(&list));
	buf_free(&list);
	return rc == RC_NONE ? RC_OK : rc;
}

static void
presence_visit(void *arg, const struct presence_row *row)
{
	struct buf *out = arg;

	buf_str(out, out->n > 1 ? ",{\"user\":" : "{\"user\":");
	json_quote(out, row->user);
	buf_printf(out, ",\"since\":%lld", (long long)row->since_wall);
	if (row->away_wall != 0)
		buf_printf(out, ",\"left\":%lld", (long long)row->away_wall);
	buf_char(out, '}');
}

enum rc
presence_write(struct store *store, struct arena *arena, struct slice nsp,
    struct slice room, struct slice after, size_t limit, struct buf *out)
{
	struct buf list = BUF_INIT;
	enum rc rc;

	buf_char(&list, '[');
	rc = store_present(store, nsp, room, after, limit, false, arena, presence_visit,
	    &list);
	buf_char(&list, ']');
	buf_add(out, buf_slice(&list));
	buf_free(&list);
	return rc;
}

enum rc
seen_write(struct store *store, struct arena *arena, struct slice nsp,
    struct slice room, struct slice user, struct buf *out)
{
	struct presence_row row;
	enum rc rc = store_presence(store, nsp, room, user, arena, &row);

	if (rc != RC_OK) {
		buf_str(out, "null");
		return rc;
	}
	buf_printf(out, "{\"here\":%s,\"since\":%lld", row.is_away ? "false" : "true",
	    (long long)row.since_wall);
	if (row.away_wall != 0)
		buf_printf(out, ",\"seen\":%lld", (long long)row.away_wall);
	buf_char(out, '}');
	return RC_OK;
}

/* ---- acks that are awaited --------------------------------------------------------- */

struct question_list {
	struct buf *out;
	size_t n;
	int64_t last;
};

static void
question_visit(void *arg, const struct question_row *row)
{
	struct question_list *list = arg;
	struct buf *out = list->out;

	list->last = row->n;
	buf_printf(out, "%s{\"n\":%lld,\"name\":", list->n++ > 0 ? "," : "",
	    (long long)row->n);
	if (row->name.n > 0)
		json_quote(out, row->name);
	else
		buf_str(out, "null");
	buf_str(out, ",\"context\":");
	buf_add(out, row->context.n > 0 ? row->context : SLICE("null"));
	buf_printf(out, ",\"until\":%lld,\"expected\":%lld,\"answered\":%lld,\"answers\":",
	    (long long)row->due_wall, (long long)row->expected,
	    (long long)row->answered);
	buf_add(out, row->answers);
	buf_char(out, '}');
}

enum rc
questions_write(struct store *store, struct arena *arena, struct slice nsp,
    int64_t after, size_t limit, int64_t *last_r, struct buf *out)
{
	struct question_list list = { .out = out };
	enum rc rc;

	buf_char(out, '[');
	rc = store_questions(store, nsp, after, limit, arena, question_visit, &list);
	buf_char(out, ']');
	*last_r = list.n == limit ? list.last : 0;
	return rc;
}
