/*
 * sio_look.c - looking at the store from a module: values, rooms, people, history
 *
 * What is seen is what was committed before this turn; the effects of the call
 * itself, and of others in the same turn, are not in it yet.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/json.h"
#include "handlers/history.h"
#include "handlers/sio_private.h"
#include "store/store.h"

enum { PAGE = 500, ROOMS_MAX = 1000 };

static const char *
finish(const struct sio *sio, struct buf *out, const char *caller, enum rc rc)
{
	const char *text;

	if (rc != RC_OK && rc != RC_NONE)
		sio_fail(sio, "%s: the store says %s %s", caller, rc_name(rc),
		    store_error(sio->call->store));
	text = arena_str(sio->arena, buf_slice(out));
	buf_free(out);
	return text;
}

const char *
sio_value(struct sio *sio, const char *key)
{
	struct slice value = SLICE_NONE;
	enum rc rc;

	if (key == NULL)
		return "null";
	rc = store_value(sio->call->store, sio_key(sio, "value", key), sio->arena,
	    &value);
	if (rc == RC_OK)
		return arena_str(sio->arena, value);
	if (rc != RC_NONE)
		sio_fail(sio, "sio_value: the store says %s", rc_name(rc));
	return "null";
}

const char *
sio_rooms(struct sio *sio)
{
	struct buf packed = BUF_INIT, out = BUF_INIT;
	struct slice rest, room;
	enum rc rc = RC_NONE;

	buf_char(&out, '[');
	if (sio->call->socket != 0)
		rc = store_rooms_of(sio->call->store, sio->call->socket, &packed);
	rest = buf_slice(&packed);
	while (pack_next(&rest, &room)) {
		if (slice_eq(room, sio->call->id))
			continue;
		if (out.n > 1)
			buf_char(&out, ',');
		json_quote(&out, room);
	}
	buf_char(&out, ']');
	buf_free(&packed);
	return finish(sio, &out, "sio_rooms", rc);
}

/* ---- all rooms ---------------------------------------------------------------- */

struct room_list {
	struct buf *out;
	struct arena *arena;
	struct slice prefix, last;
	size_t n, page;
	bool past;
};

static void
room_visit(void *arg, struct slice nsp, struct slice room, int64_t members)
{
	struct room_list *l = arg;

	(void)nsp;
	l->page++;
	l->last = arena_dup(l->arena, room);
	if (l->past || l->n == ROOMS_MAX)
		return;
	if (!slice_starts(room, l->prefix)) {
		l->past = slice_cmp(room, l->prefix) > 0;
		return;
	}
	if (l->n++ > 0)
		buf_char(l->out, ',');
	buf_str(l->out, "{\"room\":");
	json_quote(l->out, room);
	buf_printf(l->out, ",\"members\":%lld}", (long long)members);
}

/* The greatest name that is below every name with this prefix, as good as it can
 * be said: the walk begins behind it. */
static struct slice
before(struct arena *arena, struct slice prefix)
{
	char *p;

	if (prefix.n == 0)
		return SLICE_NONE;
	p = arena_str(arena, prefix);
	if (p[prefix.n - 1] == '\1')
		return slice_head(prefix, prefix.n - 1);
	p[prefix.n - 1]--;
	return slice_of(p, prefix.n);
}

const char *
sio_room_list(struct sio *sio, const char *prefix)
{
	struct buf out = BUF_INIT;
	struct room_list l = { .out = &out, .arena = sio->arena,
	    .prefix = slice_str(prefix == NULL ? "" : prefix) };
	enum rc rc;

	buf_char(&out, '[');
	l.last = before(sio->arena, l.prefix);
	do {
		l.page = 0;
		rc = store_rooms(sio->call->store, sio->call->nsp, l.last, PAGE,
		    room_visit, &l);
	} while (rc == RC_OK && l.page == PAGE && !l.past && l.n < ROOMS_MAX);
	buf_char(&out, ']');
	return finish(sio, &out, "sio_room_list", rc);
}

/* ---- people ---------------------------------------------------------------------- */

struct people {
	struct buf *out;
	uint64_t last;
	size_t page;
};

static void
person_visit(void *arg, const struct socket_row *row)
{
	struct people *p = arg;

	p->page++;
	p->last = row->n;
	if (p->out->n > 1)
		buf_char(p->out, ',');
	buf_str(p->out, "{\"id\":");
	json_quote(p->out, slice_str(row->id));
	buf_str(p->out, ",\"user\":");
	json_quote(p->out, row->user);
	buf_str(p->out, ",\"data\":");
	buf_add(p->out, row->data.n == 0 ? SLICE("null") : row->data);
	buf_char(p->out, '}');
}

/* false: nobody, or the call has failed. */
static bool
look_for(struct sio *sio, const char *who, struct selector *s)
{
	if (sio_select(sio, who, s) != RC_OK)
		return false;
	if (s->nsp.p == NULL)
		s->nsp = sio->call->nsp;
	return true;
}

const char *
sio_query(struct sio *sio, const char *who)
{
	struct buf out = BUF_INIT;
	struct people people = { .out = &out };
	struct selector s;
	enum rc rc = RC_OK;

	buf_char(&out, '[');
	if (look_for(sio, who, &s))
		do {
			people.page = 0;
			rc = store_select(sio->call->store, &s, people.last, PAGE,
			    false, sio->arena, person_visit, &people);
		} while (rc == RC_OK && people.page == PAGE);
	buf_char(&out, ']');
	return finish(sio, &out, "sio_query", rc);
}

int64_t
sio_count(struct sio *sio, const char *who)
{
	struct selector s;
	int64_t n = 0;
	enum rc rc;

	if (!look_for(sio, who, &s))
		return 0;
	if ((rc = store_count(sio->call->store, &s, &n)) != RC_OK && rc != RC_NONE)
		sio_fail(sio, "sio_count: the store says %s", rc_name(rc));
	return n;
}

/* ---- presence ------------------------------------------------------------------ */

const char *
sio_present(struct sio *sio, const char *room, const char *after)
{
	struct buf out = BUF_INIT;
	enum rc rc;

	rc = presence_write(sio->call->store, sio->arena, sio->call->nsp,
	    slice_str(room == NULL ? "" : room), slice_str(after), ROOMS_MAX, &out);
	return finish(sio, &out, "sio_present", rc);
}

const char *
sio_seen(struct sio *sio, const char *room, const char *user)
{
	struct buf out = BUF_INIT;
	enum rc rc;

	rc = seen_write(sio->call->store, sio->arena, sio->call->nsp, slice_str(room ==
	    NULL ? "" : room), slice_str(user == NULL ? "" : user), &out);
	return finish(sio, &out, "sio_seen", rc);
}

/* ---- acks ---------------------------------------------------------------------------- */

const char *
sio_questions(struct sio *sio)
{
	struct buf out = BUF_INIT;
	int64_t last;
	enum rc rc;

	rc = questions_write(sio->call->store, sio->arena, sio->call->nsp, 0, ROOMS_MAX,
	    &last, &out);
	return finish(sio, &out, "sio_questions", rc);
}

/* ---- history ------------------------------------------------------------------------ */

const char *
sio_history(struct sio *sio, const char *room, int64_t before_seq, unsigned count)
{
	struct buf out = BUF_INIT;
	enum rc rc;

	rc = history_write(sio->call->store, sio->arena, sio->call->nsp,
	    slice_str(room), before_seq, 0, count, &out);
	return finish(sio, &out, "sio_history", rc);
}

const char *
sio_history_after(struct sio *sio, const char *room, int64_t after_seq, unsigned count)
{
	struct buf out = BUF_INIT;
	enum rc rc;

	rc = history_write(sio->call->store, sio->arena, sio->call->nsp,
	    slice_str(room), 0, after_seq < 1 ? 1 : after_seq, count, &out);
	return finish(sio, &out, "sio_history_after", rc);
}

int64_t
sio_cursor(struct sio *sio)
{
	int64_t seq = 0;
	enum rc rc = store_last_seq(sio->call->store, &seq);

	if (rc != RC_OK)
		sio_fail(sio, "sio_cursor: the store says %s", rc_name(rc));
	return seq;
}
