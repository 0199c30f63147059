/*
 * sqlite_mail.c - what waits for a user of whom nobody is there
 *
 * A copy in the history of the user's channel, marked RECORD_MAIL.  The first
 * socket of the user that comes takes it: it is said again, to that socket alone,
 * and the copy goes, in one transaction.  From then on it is a record like any
 * other, so that a socket that is lost over it finds it again.  A socket that left its
 * own room takes none: it would not hear it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/sqlite_private.h"

void
mail_keep(struct sqlite *db, const struct record *r, int64_t ms, int64_t count)
{
	struct slice rest = r->channels, key, nsp, name;
	struct record copy = *r;
	struct buf channels = BUF_INIT;
	enum channel_kind kind;
	int64_t id;

	copy.flags = (copy.flags & ~(unsigned)RECORD_ASKS_ACK) | RECORD_MAIL;
	while (pack_next(&rest, &key)) {
		if (!channel_split(key, &kind, &nsp, &name) || kind != CHANNEL_USER)
			continue;
		id = channel_find(db, key, false);
		if (id != 0 && sql_int(db, 0, SQL_MEMBER_PRESENT, "i", id) != 0)
			continue;
		buf_reset(&channels);
		pack_add(&channels, key);
		copy.channels = buf_slice(&channels);
		record_keep(db, &copy, r->seq, ms, count);
	}
	buf_free(&channels);
}

struct letter {
	int64_t n, bytes, seq;
	struct slice data, attachments;
	struct letter *next;
};

static struct letter *
letters_read(struct sqlite *db, int64_t channel, size_t limit)
{
	struct letter *first = NULL, **end = &first, *one;
	sqlite3_stmt *s = sql_open(db, SQL_KEPT_MAIL, "iii", channel, db->wall,
	    sql_limit(limit));

	while (sql_row(db, s)) {
		one = arena_alloc(db->arena, sizeof(*one));
		one->n = col_int(s, 0);
		one->bytes = col_int(s, 1);
		one->data = col_dup(s, 3, db->arena);
		one->attachments = col_dup(s, 4, db->arena);
		one->seq = col_int(s, 5);
		*end = one;
		end = &one->next;
	}
	return first;
}

static void
letter_say(struct sqlite *db, const struct socket_row *k, const struct letter *letter)
{
	struct record r = { .kind = RECORD_EVENT, .id = -1,
	    .nsp = arena_dup(db->arena, k->nsp), .data = letter->data,
	    .attachments = letter->attachments };
	struct buf channels = BUF_INIT;

	pack_add(&channels, channel_key(&db->scratch, CHANNEL_ROOM, k->nsp,
	    slice_str(k->id)));
	r.channels = arena_dup(db->arena, buf_slice(&channels));
	buf_free(&channels);
	log_say(db, &r);
}

void
op_mail(struct sqlite *db, struct store_op *op)
{
	struct letter *letter;
	struct socket_row k;
	size_t n = 0;
	int64_t id;

	op->rc = RC_NONE;
	if (!socket_load(db, *op->u.mail.socket, &db->scratch, &k) || k.session == 0 ||
	    k.user.n == 0 || !member_is_in(db, channel_own(k.n), k.n) || (id = channel_find(db, channel_key(&db->scratch, CHANNEL_USER,
	    k.nsp, k.user), false)) == 0)
		return;
	for (letter = letters_read(db, id, op->u.mail.limit + 1); letter != NULL;
	    letter = letter->next) {
		if (n++ == op->u.mail.limit) {
			op->rc = RC_OK;
			break;
		}
		if (op->u.mail.replayed == 0 || letter->seq <= op->u.mail.replayed)
			letter_say(db, &k, letter);
		sql_do(db, SQL_KEPT_DROP, "i", letter->n);
		db->state.log_bytes -= letter->bytes;
	}
	channel_tidy(db, id);
}
