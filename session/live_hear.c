/*
 * live_hear.c - what connections are told
 *
 * A connection stands on the log in one of two ways.  Mostly it follows: the
 * tail is read once for all (tail.c), who is meant stands in the mirror, and what is for
 * it is sent after the commit; where it stands is the engine's tail, nothing is
 * written.  When it is behind (it begins, a socket came back with a replay, a
 * turn failed) it asks the store by itself, page by page, until nothing is left.
 *
 * Must stay true:
 *   - what a turn says is sent when it is committed
 *   - in the order of the log, each once: nothing at or below the cursor
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "session/live_private.h"

enum {
	PAGE_RECORDS = 256, PAGE_BYTES = 1 << 20,
	FOLLOW_MAX = 200,               /* pages asked for in one turn */
	AGAIN_MS = 1000                 /* after a turn that failed */
};

/* A letter as it is sent on connections. */
struct posted {
	const struct codec *codec;
	bool as_text;
	struct parcel parcel;
	struct posted *next;
};

void
live_mark(struct live *live)
{
	struct engine *e = live->engine;

	if (live->is_touched)
		return;
	live->is_touched = true;
	live->next_touched = e->touched_lives;
	e->touched_lives = live;
}

/* ---- sending ------------------------------------------------------------------- */

static struct slice
binary_as_text(struct engine *e, const struct codec *codec, struct slice data)
{
	struct buf text = BUF_INIT;
	struct slice kept;

	codec->message_text(&text, data);
	kept = arena_dup(&e->arena, buf_slice(&text));
	buf_free(&text);
	return kept;
}

/* The messages of a payload, in the turn's arena. */
static void
parcel_make(struct engine *e, const struct codec *codec, bool as_text,
    struct slice payload, struct parcel *parcel_r)
{
	struct live_message *messages = NULL, *more;
	size_t n = 0, room = 0;
	struct slice data;
	bool is_binary;

	while (codec->message_next(&payload, &e->arena, &is_binary, &data)) {
		if (n == room) {
			room = room == 0 ? 1 : 4 * room;
			more = arena_alloc(&e->arena, room * sizeof(*more));
			if (n != 0)
				memcpy(more, messages, n * sizeof(*more));
			messages = more;
		}
		if (is_binary && as_text && codec->message_text != NULL) {
			data = binary_as_text(e, codec, data);
			is_binary = false;
		}
		messages[n++] = (struct live_message){ is_binary, data };
	}
	*parcel_r = (struct parcel){ .messages = messages, .n = n };
}

static struct parcel *
letter_parcel(struct engine *e, struct letter *letter, const struct live *live)
{
	const struct codec *form = letter_form(letter, live->codec);
	struct posted *posted;
	struct buf payload = BUF_INIT;

	for (posted = letter->posted; posted != NULL; posted = posted->next)
		if (posted->codec == live->codec &&
		    posted->as_text == live->wants_text)
			return &posted->parcel;
	posted = arena_alloc(&e->arena, sizeof(*posted));
	posted->codec = live->codec;
	posted->as_text = live->wants_text;
	posted->next = letter->posted;
	letter->posted = posted;
	letter_write(e, letter, form, &payload);
	parcel_make(e, form, live->wants_text,
	    arena_dup(&e->arena, buf_slice(&payload)), &posted->parcel);
	buf_free(&payload);
	return &posted->parcel;
}

static bool
live_send(struct live *live, struct parcel *parcel)
{
	return parcel->n == 0 || live->ops->send(live, parcel);
}

bool
live_send_letter(struct live *live, struct letter *letter)
{
	return live_send(live, letter_parcel(live->engine, letter, live));
}

bool
live_send_payload(struct live *live, struct slice payload)
{
	struct parcel parcel;

	parcel_make(live->engine, live->codec, live->wants_text, payload, &parcel);
	return live_send(live, &parcel);
}

bool
live_send_frame(struct live *live, enum frame_type type, struct slice data)
{
	struct buf payload = BUF_INIT;
	bool takes;

	live->codec->frame_write(&payload, type, data);
	takes = live_send_payload(live, buf_slice(&payload));
	buf_free(&payload);
	return takes;
}

/* ---- in a turn ------------------------------------------------------------------ */

static void
take(struct live *live, struct letter *letter)
{
	struct letter **more;

	if (live->n_letters == live->letters_room) {
		live->letters_room = live->letters_room == 0 ? 4 :
		    2 * live->letters_room;
		more = arena_alloc(&live->engine->arena,
		    live->letters_room * sizeof(*more));
		if (live->n_letters != 0)
			memcpy(more, live->letters, live->n_letters * sizeof(*more));
		live->letters = more;
	}
	live->letters[live->n_letters++] = letter;
	live_mark(live);
}

void
live_offer(struct live *live, struct letter *letter)
{
	const struct record *record = letter->record;

	if (live->is_behind || record->seq <= live->cursor ||
	    live->seen == record->seq || live->excepted == record->seq ||
	    live->is_ended || live->is_leaving)
		return;
	live->seen = record->seq;
	if (record->kind == RECORD_END && (record->id == -1 ||
	    record->id == (int64_t)live->ticket))
		live->is_ended = true;
	else if (record->kind == RECORD_CLOSE)
		live->is_leaving = true;
	else if (record->kind != RECORD_END) {
		take(live, letter);
		return;
	}
	live_mark(live);
}

/* ---- behind ------------------------------------------------------------------------- */

void
live_begin(struct live *live)
{
	live->is_behind = true;
	live->pinged = 0;
	TAILQ_INSERT_TAIL(&live->engine->behind, live, behind_link);
	live->engine->n_behind++;
}

void
live_fall_behind(struct live *live)
{
	struct engine *e = live->engine;

	if (live->is_behind)
		return;
	if (e->tail_before > live->cursor)
		live->cursor = e->tail_before;
	live_begin(live);
}

void
live_caught_up(struct live *live)
{
	struct engine *e = live->engine;

	if (!live->is_behind)
		return;
	TAILQ_REMOVE(&e->behind, live, behind_link);
	live->is_behind = false;
	e->n_behind--;
}

void
live_follow(struct engine *e)
{
	struct live *live;
	struct store_op *op;
	int n = 0;

	TAILQ_FOREACH(live, &e->behind, behind_link) {
		if (n++ == FOLLOW_MAX)
			break;
		op = turn_add(&e->turn, OP_FOLLOW, NULL);
		op->u.follow.session = live->session;
		op->u.follow.ticket = live->ticket;
		op->u.follow.from = live->cursor;
		op->u.follow.proved = live->proved > live->proved_kept ?
		    live->proved : 0;
		op->u.follow.max_records = PAGE_RECORDS;
		op->u.follow.max_bytes = PAGE_BYTES;
		live->follow = op;
		live_mark(live);
	}
}

static void
recovered(struct engine *e)
{
	const struct store_op *op;
	struct live *live;

	for (op = e->turn.first; op != NULL; op = op->next)
		if (op->kind == OP_RECOVER && op->rc == RC_OK &&
		    (live = live_find(e, op->u.recover.session)) != NULL)
			live_fall_behind(live);
}

int64_t
live_take_cursors(struct engine *e)
{
	const struct store_op *op;
	int64_t least = INT64_MAX;
	struct live *live;
	size_t i;

	for (live = e->touched_lives; live != NULL; live = live->next_touched) {
		if ((op = live->follow) == NULL || op->rc != RC_OK ||
		    op->u.follow.outcome_r != POLL_PARKED)
			continue;
		live->cursor = op->u.follow.cursor_r;
		live_caught_up(live);
		mirror_load(live);
		if (live->cursor < least)
			least = live->cursor;
	}
	if (e->turn.n_changed_r == 0)
		return least;
	recovered(e);
	for (i = 0; i < e->turn.n_changed_r; i++) {
		if ((live = live_find(e, e->turn.changed_r[i])) == NULL)
			continue;
		live_is_connected(live);
		if (!live->is_behind)
			mirror_load(live);
	}
	return least;
}

/* ---- after the turn --------------------------------------------------------------------- */

static void
turn_clear(struct live *live)
{
	live->follow = NULL;
	live->letters = NULL;
	live->n_letters = live->letters_room = 0;
	live->locals = NULL;
	live->locals_end = &live->locals;
	live->seen = 0;
}

static bool
send_letters(struct live *live)
{
	bool takes = true;
	uint32_t i;

	for (i = 0; i < live->n_letters && takes; i++) {
		takes = live_send_answers(live, live->letters[i]->seq) &&
		    live_send_letter(live, live->letters[i]);
		/* Behind the tail's place, if others are to get it yet. */
		live->cursor = live->letters[i]->seq;
	}
	if (live->n_letters != 0 && !live->is_behind &&
	    live->engine->tail > live->cursor)
		live->cursor = live->engine->tail;
	return takes;
}

/* A page of what it had not. */
static bool
send_page(struct live *live)
{
	const struct store_op *op = live->follow;
	const struct batch *batch = &op->u.follow.batch_r;
	bool takes = true;
	size_t i;

	if (op->rc == RC_GONE || op->rc == RC_CLASH)
		live->is_ended = true;
	if (op->rc != RC_OK)
		return true;
	if (op->u.follow.outcome_r == POLL_END)
		live->is_ended = true;
	if (op->u.follow.outcome_r != POLL_BATCH)
		return true;
	for (i = 0; i < batch->n && takes; i++)
		takes = live_send_letter(live,
		    letter_of(live->engine, &batch->records[i]));
	live->cursor = op->u.follow.cursor_r;
	return takes;
}

static void
live_told(struct live *live)
{
	bool takes = true;

	if (live->owes_pong)
		takes = live_send_frame(live, FRAME_PONG,
		    live->state == LIVE_OPEN ? SLICE_NONE : SLICE("probe"));
	live->owes_pong = false;
	takes = takes && live_send_answers(live, 1);
	if (takes && live->follow != NULL)
		takes = send_page(live);
	takes = takes && send_letters(live) && live_send_answers(live,
	    (live->is_behind ? live->cursor : live->engine->tail) + 1);
	if (takes)
		live_owe_answers(live);
	turn_clear(live);
	if (!takes)
		live_depart(live, "transport close");
	else if (live->is_ended && live->state == LIVE_OPEN)
		live_over(live);
	else if (live->is_ended || live->is_leaving)
		live_close(live, "transport close");
}

void
live_settle(struct engine *e)
{
	struct live *live;

	live_take_owed(e);
	while ((live = e->touched_lives) != NULL) {
		e->touched_lives = live->next_touched;
		live->is_touched = false;
		live_told(live);
	}
}

void
live_forget_turn(struct engine *e)
{
	struct live *live, *next;

	for (live = e->touched_lives; live != NULL; live = next) {
		next = live->next_touched;
		live->is_touched = false;
		live->is_ended = live->is_leaving = false;
		if (live->follow != NULL)       /* live_take_cursors() may have moved it */
			live->cursor = live->follow->u.follow.from;
		turn_clear(live);
	}
	e->touched_lives = NULL;
	e->tail = e->tail_before;
	e->cut = 0;             /* another record may get its seq */
	HASH_ITER(hh, e->lives, live, next)
		live_fall_behind(live);
	e->follow_at = clock_boot(e->clock) + AGAIN_MS;
}
