/*
 * sqlite_question.c - acks that the server asked for
 *
 * A question is a row, because the process that asks may be gone when the answer
 * comes.  It ends when all have answered or its time is over, and becomes a
 * TASK_ACK for a handler, or stays a while for store_answers().
 *
 * Must stay true:
 *   - a socket answers once, and only what it was asked
 *   - a question ends once
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/sqlite_private.h"

enum { ANSWERS_KEEP_MS = 60000 };       /* for whoever waits for them */

#define NOBODY INT64_C(-1)              /* who waits, but cannot be woken */

struct question {
	int64_t seq, expected, answered, due;
	int64_t waits;                  /* who; 0: nobody, a handler hears it */
	bool done;
	struct slice nsp, channels, unless, name, context;
};

int64_t
question_number(struct sqlite *db)
{
	/* some clients hold an ack id in 32 bits */
	if (++db->state.question_n > INT32_MAX)
		db->state.question_n = 1;
	return db->state.question_n;
}

static bool
question_load(struct sqlite *db, int64_t n, struct arena *arena,
    struct question *q)
{
	sqlite3_stmt *s = sql_open(db, SQL_QUESTION_GET, "i", n);

	if (!sql_row(db, s))
		return false;
	*q = (struct question){
		.seq = col_int(s, 0), .nsp = col_dup(s, 1, arena),
		.channels = col_dup(s, 2, arena), .unless = col_dup(s, 3, arena),
		.name = col_dup(s, 4, arena), .context = col_dup(s, 5, arena),
		.expected = col_int(s, 6), .answered = col_int(s, 7),
		.due = col_int(s, 8), .waits = col_int(s, 9),
		.done = col_int(s, 10) != 0,
	};
	sql_end(s);
	return true;
}

/*
 * [[...],...] in the order in which they came, and what is attached to each:
 * absent when nothing is.
 */
static void
answers_write(struct sqlite *db, int64_t n, struct buf *out,
    struct arena *arena, struct slice *attachments_r)
{
	sqlite3_stmt *s = sql_open(db, SQL_ANSWER_WALK, "i", n);
	struct buf packed = BUF_INIT;
	struct slice attachments;
	const char *between = "";
	bool is_binary = false;

	buf_char(out, '[');
	while (sql_row(db, s)) {
		buf_str(out, between);
		buf_add(out, col_slice(s, 0));
		attachments = col_slice(s, 1);
		pack_add(&packed, attachments);
		is_binary |= attachments.n != 0;
		between = ",";
	}
	buf_char(out, ']');
	*attachments_r = is_binary ? arena_dup(arena, buf_slice(&packed)) :
	    SLICE_NONE;
	buf_free(&packed);
}

static void
question_drop(struct sqlite *db, int64_t n)
{
	sql_do(db, SQL_QUESTION_DROP, "i", n);
	sql_do(db, SQL_ANSWER_DROP, "i", n);
}

static void
question_end(struct sqlite *db, int64_t n, const struct question *q,
    bool timeout, const struct socket_row *socket)
{
	struct slice attachments;
	struct buf data = BUF_INIT;

	if (q->waits != 0) {
		sql_do(db, SQL_QUESTION_DONE, "ii", n, db->wall + ANSWERS_KEEP_MS);
		if (q->waits != NOBODY)
			wake_holder(db, q->waits);
		return;
	}
	buf_printf(&data, "{\"timeout\":%s,\"expected\":%lld,\"answers\":",
	    timeout ? "true" : "false", (long long)q->expected);
	answers_write(db, n, &data, &db->scratch, &attachments);
	buf_char(&data, '}');
	task_add(db, TASK_ACK, q->name, q->nsp, q->context, socket,
	    arena_dup(&db->scratch, buf_slice(&data)), attachments);
	buf_free(&data);
	question_drop(db, n);
}

static int64_t
whoever_waits(const struct sqlite *db)
{
	return worker_self(db->workers) != 0 ? worker_self(db->workers) : NOBODY;
}

void
question_ask(struct sqlite *db, const struct store_op *op)
{
	const struct record *r = &op->u.append.record;
	struct slice name = op->u.append.question;
	struct question q = { .seq = r->seq, .nsp = r->nsp, .name = name.p == NULL ?
	    SLICE("") : name, .context = op->u.append.context,
	    .waits = op->u.append.wait ? whoever_waits(db) : 0 };

	q.expected = select_count(db, r->channels, r->except);
	q.due = db->wall + op->u.append.timeout_ms;
	sql_do(db, SQL_QUESTION_ADD, "iitbbttiiii", op->u.append.question_r, r->seq,
	    r->nsp, r->channels, r->except, q.name, q.context, q.expected, q.due,
	    q.waits, INT64_C(0));
	if (q.expected == 0)
		question_end(db, op->u.append.question_r, &q, false, NULL);
}

/* ---- answering -------------------------------------------------------------------- */

static bool
was_in_one(struct sqlite *db, struct slice keys, uint64_t socket, int64_t seq)
{
	struct slice key;
	int64_t channel;

	while (pack_next(&keys, &key))
		if ((channel = channel_find(db, key, false)) != 0 &&
		    sql_int(db, 0, SQL_MEMBER_WAS, "iii", channel, (int64_t)socket,
		    seq) != 0)
			return true;
	return false;
}

void
op_answer(struct sqlite *db, struct store_op *op)
{
	uint64_t socket = *op->u.answer.socket;
	int64_t n = op->u.answer.question;
	struct socket_row k;
	struct question q;

	op->rc = RC_NONE;
	if (!question_load(db, n, &db->scratch, &q) || q.done || q.due <= db->wall ||
	    !socket_load(db, socket, &db->scratch, &k) ||
	    !was_in_one(db, q.channels, socket, q.seq) ||
	    was_in_one(db, q.unless, socket, q.seq))
		return;
	sql_do(db, SQL_ANSWER_ADD, "iiitb", n, (int64_t)socket, q.answered,
	    op->u.answer.data, op->u.answer.attachments);
	if (db->failed != RC_OK || sqlite3_changes(db->db) == 0)
		return;                         /* said already */
	op->rc = RC_OK;
	q.answered++;
	sql_do(db, SQL_QUESTION_COUNTED, "ii", n, q.answered);
	if (q.answered >= q.expected)
		question_end(db, n, &q, false, q.expected == 1 ? &k : NULL);
}

void
question_time_out(struct sqlite *db, int64_t n)
{
	struct question q;

	if (!question_load(db, n, &db->scratch, &q))
		return;
	if (q.done)
		question_drop(db, n);           /* nobody fetched it in time */
	else
		question_end(db, n, &q, true, NULL);
}

int64_t
question_oldest(struct sqlite *db)
{
	return sql_int(db, INT64_MAX, SQL_QUESTION_OLDEST, "");
}

enum rc
sqlite_answers(struct store *store, int64_t question, struct arena *arena,
    struct slice *answers_r, struct slice *attachments_r, int64_t *expected_r,
    bool *done_r)
{
	struct sqlite *db = sqlite_of(store);
	struct buf out = BUF_INIT;
	struct question q;

	look_begin(db);
	if (!question_load(db, question, arena, &q) || q.waits == 0)
		return look_end(db, RC_GONE);
	answers_write(db, question, &out, arena, attachments_r);
	*answers_r = arena_dup(arena, buf_slice(&out));
	*expected_r = q.expected;
	*done_r = q.done || q.due <= clock_wall(store->clock);
	buf_free(&out);
	return look_end(db, RC_OK);
}

enum rc
sqlite_questions(struct store *store, struct slice nsp, int64_t after, size_t limit,
    struct arena *arena, store_question_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);
	struct slice attachments;
	struct question_row row;
	struct buf out = BUF_INIT;
	sqlite3_stmt *s;

	look_begin(db);
	s = sql_open(db, SQL_QUESTION_WALK, "iti", after, nsp, (int64_t)limit);
	while (sql_row(db, s)) {
		row = (struct question_row){ .n = col_int(s, 0), .name = col_slice(s, 1),
		    .context = col_slice(s, 2), .due_wall = col_int(s, 3),
		    .expected = col_int(s, 4), .answered = col_int(s, 5) };
		buf_reset(&out);
		answers_write(db, row.n, &out, arena, &attachments);
		row.answers = buf_slice(&out);
		visit(arg, &row);
	}
	buf_free(&out);
	return look_end(db, RC_OK);
}
