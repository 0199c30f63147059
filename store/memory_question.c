/*
 * memory_question.c - emits that ask, and the acks that answer
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/memory_private.h"

static void
question_free(struct town *town, struct question *q)
{
	DL_DELETE(town->questions, q);
	memory_disown(&q->nsp);
	memory_disown(&q->name);
	memory_disown(&q->context);
	buf_free(&q->answers);
	buf_free(&q->attachments);
	free(q->asked);
	free(q);
}

static struct question *
question_get(struct town *town, int64_t n)
{
	struct question *q;

	DL_FOREACH(town->questions, q)
		if (q->n == n)
			return q;
	return NULL;
}

static struct slice
question_attachments(const struct question *q)
{
	return q->has_attachments ? buf_slice(&q->attachments) : SLICE_NONE;
}

/* All has come, or the time is over.  k: who answered, if it was asked alone. */
static void
question_end(struct memory *m, struct question *q, bool timeout,
    const struct mem_socket *k)
{
	struct buf data = BUF_INIT;

	if (q->wait) {
		q->is_done = true;
		q->due = m->wall + ANSWERS_WAIT_MS;
		memory_wake(m, q->asker);
		return;
	}
	buf_printf(&data, "{\"timeout\":%s,\"expected\":%lld,\"answers\":[",
	    timeout ? "true" : "false", (long long)q->expected);
	buf_add(&data, buf_slice(&q->answers));
	buf_str(&data, "]}");
	memory_task_add(m, TASK_ACK, q->nsp, q->name, q->context, k, buf_slice(&data),
	    question_attachments(q));
	buf_free(&data);
	question_free(m->town, q);
}

/* ---- asking ------------------------------------------------------------------------ */

static void
ask_all(struct memory *m, struct question *q, const struct record *r)
{
	struct mem_socket *k;

	for (k = m->town->sockets; k != NULL; k = k->hh.next) {
		if (k->has_ended || !memory_hears(k, r))
			continue;
		q->asked = mem_resize(q->asked, (q->n_asked + 1) * sizeof(*q->asked));
		q->asked[q->n_asked++] = (struct asked){ .socket = k->n };
		q->expected += k->session != 0;
	}
}

int64_t
memory_ask(struct memory *m, const struct store_op *op)
{
	struct question *q = mem_alloc(sizeof(*q));
	int64_t n = ++m->town->question_n;

	q->n = n;
	q->nsp = memory_own(op->u.append.record.nsp);
	q->name = memory_own(op->u.append.question);
	q->context = memory_own(op->u.append.context);
	q->wait = op->u.append.wait;
	q->asker = m->worker;
	q->due = m->wall + op->u.append.timeout_ms;
	ask_all(m, q, &op->u.append.record);
	DL_APPEND(m->town->questions, q);
	if (q->expected == 0)
		question_end(m, q, false, NULL);
	return n;
}

/* ---- answering ----------------------------------------------------------------------- */

static struct asked *
asked_find(struct question *q, uint64_t socket)
{
	size_t i;

	for (i = 0; i < q->n_asked; i++)
		if (q->asked[i].socket == socket)
			return &q->asked[i];
	return NULL;
}

void
memory_op_answer(struct memory *m, struct store_op *op)
{
	struct question *q = question_get(m->town, op->u.answer.question);
	struct mem_socket *k = memory_socket_get(m->town, *op->u.answer.socket);
	struct asked *asked;

	if (q == NULL || k == NULL || q->is_done || q->due <= m->wall ||
	    (asked = asked_find(q, k->n)) == NULL || asked->has_answered) {
		op->rc = RC_NONE;
		return;
	}
	asked->has_answered = true;
	if (q->answered++ > 0)
		buf_char(&q->answers, ',');
	buf_add(&q->answers, op->u.answer.data);
	pack_add(&q->attachments, op->u.answer.attachments);
	q->has_attachments |= op->u.answer.attachments.n != 0;
	if (q->answered >= q->expected)
		question_end(m, q, false, q->expected == 1 ? k : NULL);
}

size_t
memory_questions_time_out(struct memory *m, size_t limit)
{
	struct question *q, *next;
	size_t n = 0;

	DL_FOREACH_SAFE(m->town->questions, q, next) {
		if (n == limit || q->due > m->wall)
			continue;
		if (q->is_done)
			question_free(m->town, q);
		else
			question_end(m, q, true, NULL);
		n++;
	}
	return n;
}

void
memory_questions_free(struct town *town)
{
	while (town->questions != NULL)
		question_free(town, town->questions);
}

enum rc
memory_answers(struct store *store, int64_t question, struct arena *arena,
    struct slice *answers_r, struct slice *attachments_r, int64_t *expected_r,
    bool *done_r)
{
	struct question *q = question_get(memory_of(store)->town, question);

	if (q == NULL || !q->wait)
		return RC_GONE;
	*answers_r = arena_printf(arena, "[%.*s]", SLICE_ARGS(buf_slice(&q->answers)));
	*attachments_r = arena_dup(arena, question_attachments(q));
	*expected_r = q->expected;
	*done_r = q->is_done || q->due <= clock_wall(store->clock);
	return RC_OK;
}

enum rc
memory_questions(struct store *store, struct slice nsp, int64_t after, size_t limit,
    struct arena *arena, store_question_fn *visit, void *arg)
{
	struct question_row row;
	struct question *q;

	DL_FOREACH(memory_of(store)->town->questions, q) {      /* by number */
		if (q->n <= after || q->is_done || !slice_eq(q->nsp, nsp))
			continue;
		if (limit-- == 0)
			break;
		row = (struct question_row){ .n = q->n, .name = q->name,
		    .context = q->context, .due_wall = q->due, .expected = q->expected,
		    .answered = (int64_t)q->answered, .answers = arena_printf(arena,
		    "[%.*s]", SLICE_ARGS(buf_slice(&q->answers))) };
		visit(arg, &row);
	}
	return RC_OK;
}
