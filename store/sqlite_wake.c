/*
 * sqlite_wake.c - whom a commit concerns
 *
 * Claims say who waits for a session; up to WAKE_LOOK members of a channel they
 * are looked up, beyond that every worker that holds something is woken.  This
 * process is never among them: what it holds itself it serves in its settle hook.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/sqlite_private.h"

enum { WAKE_LOOK = 64 };

static void
wake_mark(struct sqlite *db, unsigned number)
{
	db->wake[number / 8] |= (unsigned char)(1 << number % 8);
	db->must_wake = true;
}

void
wake_holder(struct sqlite *db, int64_t h)
{
	if (h != 0 && h != worker_self(db->workers))
		wake_mark(db, worker_number(h));
}

void
wake_channel(struct sqlite *db, int64_t channel)
{
	const int64_t *spoken = (const int64_t *)(const void *)db->spoken.p;

	for (size_t i = 0; i < db->spoken.n / sizeof(*spoken); i++)
		if (spoken[i] == channel)
			return;
	buf_add(&db->spoken, slice_of((const char *)&channel, sizeof(channel)));
}

void
wake_find(struct sqlite *db)
{
	const int64_t *spoken = (const int64_t *)(const void *)db->spoken.p;
	size_t n_spoken = db->spoken.n / sizeof(*spoken), busy, n;
	unsigned *numbers;
	struct live l;
	sqlite3_stmt *s;

	if (n_spoken == 0)
		return;
	numbers = arena_alloc(&db->scratch, WORKERS_MAX * sizeof(*numbers));
	if ((busy = workers_busy(db->workers, numbers, WORKERS_MAX)) == 0)
		return;
	for (size_t i = 0; i < n_spoken; i++) {
		n = 0;
		s = sql_open(db, SQL_MEMBER_CLAIMS, "ii", spoken[i],
		    (int64_t)WAKE_LOOK + 1);
		while (sql_row(db, s)) {
			n++;
			live_read(s, &l);
			wake_holder(db, l.holder);
		}
		if (n <= WAKE_LOOK)
			continue;
		for (size_t k = 0; k < busy; k++)
			wake_mark(db, numbers[k]);
		return;
	}
}

void
wake_send(struct sqlite *db)
{
	if (db->must_wake)
		for (unsigned i = 0; i < sizeof(db->wake); i++)
			for (unsigned bit = 0; db->wake[i] != 0; bit++) {
				if ((db->wake[i] & 1u << bit) == 0)
					continue;
				db->wake[i] &= (unsigned char)~(1u << bit);
				worker_wake(db->workers, i * 8 + bit);
			}
	db->must_wake = false;
}

void
wake_forget(struct sqlite *db)
{
	if (db->must_wake)
		memset(db->wake, 0, sizeof(db->wake));
	db->must_wake = false;
}

/* ---- this process -------------------------------------------------------------------- */

holder
worker_here(struct sqlite *db)
{
	char *error = NULL;

	if (worker_begin(db->workers, &error) != RC_OK) {
		store_fail(&db->store, "%s", error);
		free(error);
		db->failed = RC_IO;
		return 0;
	}
	return worker_self(db->workers);
}

int
sqlite_wake_fd(struct store *store)
{
	struct sqlite *db = sqlite_of(store);

	if (db->workers == NULL || worker_here(db) == 0)
		return -1;
	return worker_fd(db->workers);
}

void
sqlite_wake_take(struct store *store)
{
	struct sqlite *db = sqlite_of(store);

	if (db->workers != NULL)
		worker_take(db->workers);
}

void
sqlite_offer_sockets(struct store *store)
{
	struct sqlite *db = sqlite_of(store);

	if (db->workers != NULL && worker_here(db) != 0)
		worker_offer_sockets(db->workers);
}

bool
sqlite_has_sockets(struct store *store)
{
	struct sqlite *db = sqlite_of(store);

	return db->workers != NULL && workers_have_sockets(db->workers);
}

/* An idle process keeps its statements, not the pages it has read. */
void
sqlite_rest(struct store *store)
{
	struct sqlite *db = sqlite_of(store);

	buf_free(&db->roster.rows);
	recent_free(db);
	sqlite3_db_release_memory(db->db);
}
