/*
 * live_answer.c - acknowledgements of a connection that are no records
 *
 * Who owns the connection and has committed what an event came to may acknowledge it
 * at once: nobody else would ever read the record.  It is sent in the place that the record
 * would have had, behind what the client hears of its event.  When that is not handed out
 * yet (a turn that had more to hand out than it may) the acknowledgement waits for it here.
 *
 * Must stay true:
 *   - an acknowledgement leaves after the commit of its turn, or never
 *   - of one connection only those of a single turn wait: whoever speaks meanwhile is
 *     answered by records (said_until)
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include <utlist.h>

#include "session/live_private.h"

/* One that waits for e->tail to reach seq. */
struct owed {
	struct live *live;
	int64_t seq;
	struct arena arena;             /* its own: it outlives the turn */
	struct record record;
	struct owed *prev, *next;
};

static void
answer_add(struct live *live, const struct local *what)
{
	struct local *local = arena_alloc(&live->engine->arena, sizeof(*local));

	*local = *what;
	local->next = NULL;
	*live->locals_end = local;
	live->locals_end = &local->next;
	live_mark(live);
}

void
live_answer(struct live *live, const struct record *record,
    const struct store_op *gate, const struct store_op *after)
{
	answer_add(live, &(struct local){ .letter = letter_new(live->engine, record),
	    .gate = gate, .after = after });
}

static int64_t
answer_place(const struct local *local)
{
	if (local->after == NULL)
		return local->seq;
	return local->after->rc == RC_OK ? local->after->u.append.record.seq : 0;
}

bool
live_send_answers(struct live *live, int64_t before)
{
	struct local *local;

	while ((local = live->locals) != NULL && answer_place(local) < before) {
		live->locals = local->next;
		if ((local->gate == NULL || local->gate->rc == RC_OK) &&
		    !live_send_letter(live, local->letter))
			return false;
	}
	return true;
}

/* ---- later ------------------------------------------------------------------------ */

void
live_owe_answers(struct live *live)
{
	struct engine *e = live->engine;
	const struct local *local;
	const struct record *r;
	struct owed *owed;

	for (local = live->locals; local != NULL; local = local->next) {
		if (local->gate != NULL && local->gate->rc != RC_OK)
			continue;
		r = local->letter->record;
		owed = mem_alloc(sizeof(*owed));
		owed->live = live;
		owed->seq = answer_place(local);
		owed->record = *r;
		owed->record.id_text = arena_dup(&owed->arena, r->id_text);
		owed->record.nsp = arena_dup(&owed->arena, r->nsp);
		owed->record.data = arena_dup(&owed->arena, r->data);
		owed->record.attachments = arena_dup(&owed->arena, r->attachments);
		DL_APPEND(e->owed, owed);
	}
}

static void
owed_free(struct engine *e, struct owed *owed)
{
	DL_DELETE(e->owed, owed);
	arena_free(&owed->arena);
	free(owed);
}

/* As if it had been said in this turn. */
static void
owed_take(struct engine *e, const struct owed *owed)
{
	struct record *r = arena_alloc(&e->arena, sizeof(*r));

	*r = owed->record;
	r->id_text = arena_dup(&e->arena, r->id_text);
	r->nsp = arena_dup(&e->arena, r->nsp);
	r->data = arena_dup(&e->arena, r->data);
	r->attachments = arena_dup(&e->arena, r->attachments);
	answer_add(owed->live, &(struct local){ .letter = letter_new(e, r),
	    .seq = owed->seq });
}

/* It has all up to here: as the tail, but one that asks the store, or just did. */
static int64_t
live_place(const struct live *live)
{
	int64_t tail = live->engine->tail;

	return live->is_behind || live->cursor > tail ? live->cursor : tail;
}

void
live_take_owed(struct engine *e)
{
	struct owed *owed, *next;

	DL_FOREACH_SAFE(e->owed, owed, next) {
		if (live_place(owed->live) < owed->seq)
			continue;
		owed_take(e, owed);
		owed_free(e, owed);
	}
}

void
live_forget_owed(struct engine *e, const struct live *live)
{
	struct owed *owed, *next;

	DL_FOREACH_SAFE(e->owed, owed, next)
		if (live == NULL || owed->live == live)
			owed_free(e, owed);
}
