/*
 * sqlite_checkpoint.c - the WAL goes back into the file, and copies
 *
 * SQLite's own checkpointing is off: before 3.51.3 a WAL can be corrupted when a
 * writer meets two checkpointers, so there is one, the holder of a byte.  It works
 * outside the turn; what was written meanwhile is a small rest that it takes over
 * under the turn's lock, because only a WAL that is copied to its last frame
 * starts again from its beginning.  Past WAL_LARGE the next writer does all of it
 * before its turn, at whatever price.
 *
 * Who opens a store that nobody else has open reads all of the WAL (4 us a page),
 * and what was copied before counts as not copied.  Plain CGI opens it for each
 * request: so who leaves last leaves a short WAL behind.
 *
 * A loop stands still for a checkpoint, mostly until 4 MB of WAL are on the disk: so
 * they are sent there while they come, a piece at a time, which waits for nothing
 * (the wait for the WAL went from 3 to 12 ms to 0.5).  Rejected: smaller steps
 * (each has the same waits for the disk: more of them), a thread (the rest under
 * the turn's lock still waits twice, which is about what is left here), a larger
 * WAL (a process that starts alone reads it all).
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "store/sqlite_private.h"

enum {
	WAL_DUE = 4 << 20,
	WAL_LARGE = 64 << 20,
	WAL_LAST = 256 << 10,           /* longer: the last one empties it */
	WAL_STEP = 64 << 10,            /* its size is told to others in such steps */
	WAL_PIECE = 256 << 10,          /* goes to the disk together */
	PAGE_BYTES = 4096,
	REST_TRIES = 4
};

static int
on_commit(void *arg, sqlite3 *sqlite, const char *name, int pages)
{
	struct sqlite *db = arg;

	(void)sqlite;
	(void)name;
	turnlock_note_set(db->lock, (int64_t)pages * PAGE_BYTES / WAL_STEP * WAL_STEP);
	return SQLITE_OK;
}

void
checkpoint_watch(struct sqlite *db)
{
	if (db->lock == NULL)
		return;
	sqlite3_wal_hook(db->db, on_commit, db);
	db->checkpoint_at = WAL_DUE;
	db->sent_at = turnlock_note_get(db->lock);
}

/* The kernel begins to write what is dirty of the WAL.  It has no locks of SQLite's
 * that closing it would drop. */
static void
wal_send(struct sqlite *db, int64_t size)
{
	if (size < db->sent_at)
		db->sent_at = 0;        /* it has begun again */
	if (size - db->sent_at < WAL_PIECE)
		return;
	db->sent_at = size;
#ifdef SYNC_FILE_RANGE_WRITE
	int fd = openat(db->dir, "store.db-wal", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0) {
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
		close(fd);
	}
#endif
}

/* true: the WAL is copied to its end. */
static bool
checkpoint(struct sqlite *db, int mode)
{
	int frames = 0, done = 0, got;

	got = sqlite3_wal_checkpoint_v2(db->db, NULL, mode, &frames, &done);
	if (got != SQLITE_OK && got != SQLITE_BUSY)
		log_warn("store", "file=%s checkpoint failed: %s", db->file,
		    sqlite3_errmsg(db->db));
	return got == SQLITE_OK && frames == done;
}

/* Under the turn's lock nobody adds to it: this reaches the end. */
static void
checkpoint_rest(struct sqlite *db)
{
	for (int tries = 0; tries < REST_TRIES; tries++)
		if (turnlock_take(db->lock, db->lock_wait) == RC_OK) {
			if (checkpoint(db, SQLITE_CHECKPOINT_PASSIVE))
				turnlock_note_set(db->lock, 0);
			turnlock_drop(db->lock);
			return;
		}
}

void
checkpoint_after(struct sqlite *db)
{
	int64_t size = turnlock_note_get(db->lock);

	if (size < WAL_DUE)
		db->checkpoint_at = WAL_DUE;
	if (!db->is_wal)
		return;
	if (size < db->checkpoint_at) {
		wal_send(db, size);
		return;
	}
	/* somebody else at it, or not done to the end: not at every turn */
	db->checkpoint_at = size + WAL_DUE / 4;
	if (!worker_duty_take(db->workers))
		return;
	checkpoint(db, SQLITE_CHECKPOINT_PASSIVE);
	checkpoint_rest(db);
	worker_duty_drop(db->workers);
}

void
checkpoint_before(struct sqlite *db)
{
	int64_t size = turnlock_note_get(db->lock);

	if (!db->is_wal || size < WAL_LARGE ||
	    !worker_duty_take(db->workers))
		return;
	log_warn("store", "file=%s wal_bytes=%lld checkpoint before the turn",
	    db->file, (long long)size);
	if (checkpoint(db, SQLITE_CHECKPOINT_PASSIVE))
		turnlock_note_set(db->lock, 0);
	worker_duty_drop(db->workers);
}

/* Nothing waits: with anybody else about it is left to him. */
void
checkpoint_last(struct sqlite *db)
{
	if (db->checkpoint_at == 0 || !db->is_wal ||
	    turnlock_note_get(db->lock) < WAL_LAST ||
	    !worker_is_alone(db->workers) || !worker_duty_take(db->workers))
		return;
	if (turnlock_take(db->lock, 0) == RC_OK) {
		sqlite3_busy_timeout(db->db, 0);
		if (checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE))
			turnlock_note_set(db->lock, 0);
		turnlock_drop(db->lock);
	}
	worker_duty_drop(db->workers);
}

/* ---- copies ---------------------------------------------------------------------------- */

/* A whole, private file: made by us, refused where one is already. */
enum rc
sqlite_backup(struct store *store, const char *to)
{
	struct sqlite *db = sqlite_of(store);
	sqlite3_backup *backup = NULL;
	sqlite3 *copy = NULL;
	int fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int got = SQLITE_CANTOPEN;

	if (fd < 0) {
		store_fail(store, "%s: %s", to, strerror(errno));
		return RC_IO;
	}
	close(fd);
	if (sqlite3_open_v2(to, &copy, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    (backup = sqlite3_backup_init(copy, "main", db->db, "main")) != NULL) {
		sqlite3_backup_step(backup, -1);
		got = sqlite3_backup_finish(backup);
	}
	if (got != SQLITE_OK) {
		store_fail(store, "%s: %s", to, copy == NULL ? "out of memory" :
		    sqlite3_errmsg(copy));
		unlink(to);
	}
	sqlite3_close(copy);
	return got == SQLITE_OK ? RC_OK : RC_IO;
}
