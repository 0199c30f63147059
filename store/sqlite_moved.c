/*
 * sqlite_moved.c - has anybody else written?
 *
 * Three ways to know, the cheapest first:
 *   - the header of the WAL index, which every commit changes and which SQLite has
 *     mapped anyway: compared with what it was after our last commit (20 ns).  Its
 *     first 48 bytes are part of SQLite's documented file format; a torn read looks
 *     like a change, and costs a look;
 *   - where there is no WAL: PRAGMA data_version (1.3 us);
 *   - SQLITE_FCNTL_DATA_VERSION inside a transaction, which also notices what was
 *     written between our COMMIT and the look at the header.
 * Whoever writes through siogate holds the turn's lock; the last way is for people
 * with a shell.
 *
 * And a file that was deleted, or replaced by another, can be written for ever
 * without an error: whoever comes later opens another one.  So its name is
 * looked up once in a second.
 *
 * Must stay true:
 *   - what is remembered (sqlite_live.c) goes at the first sign of a foreign commit
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "store/sqlite_private.h"

enum { INDEX_REGION = 32768, AWAY_MS = 1000 };

void
moved_open(struct sqlite *db)
{
	sqlite3_file *file = NULL;
	volatile void *region = NULL;

	db->has_moved = true;
	if (!db->is_wal)
		return;
	/* a first read maps the index */
	if (sqlite3_exec(db->db, "SELECT 1 FROM sqlite_master LIMIT 1", NULL, NULL,
	    NULL) != SQLITE_OK || sqlite3_file_control(db->db, "main",
	    SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || file == NULL ||
	    file->pMethods == NULL || file->pMethods->iVersion < 2 ||
	    file->pMethods->xShmMap(file, 0, INDEX_REGION, 0, &region) != SQLITE_OK)
		return;
	db->index = region;
}

static bool
index_is_same(struct sqlite *db)
{
	atomic_thread_fence(memory_order_acquire);
	for (size_t i = 0; i < INDEX_WORDS; i++)
		if (db->index[i] != db->index_seen[i])
			return false;
	return true;
}

static void
index_remember(struct sqlite *db)
{
	if (db->index == NULL)
		return;
	for (size_t i = 0; i < INDEX_WORDS; i++)
		db->index_seen[i] = db->index[i];
	atomic_thread_fence(memory_order_acquire);
}

static unsigned
file_version(struct sqlite *db)
{
	unsigned version = 0;

	sqlite3_file_control(db->db, "main", SQLITE_FCNTL_DATA_VERSION, &version);
	return version;
}

static void
moved_notice(struct sqlite *db)
{
	live_forget_all(db);
	db->has_moved = true;
}

/* Outside a turn. */
static void
moved_look(struct sqlite *db)
{
	int64_t version;

	if (db->index != NULL) {
		if (index_is_same(db))
			return;
		index_remember(db);
		moved_notice(db);
		return;
	}
	version = sql_int(db, db->data_version + 1, SQL_DATA_VERSION, "");
	if (version != db->data_version)
		moved_notice(db);
	db->data_version = version;
}

void
moved_begin(struct sqlite *db)
{
	unsigned version = file_version(db);

	if (version != db->file_version ||
	    (db->index != NULL && !index_is_same(db)))
		moved_notice(db);
	db->file_version = version;
	index_remember(db);
}

void
moved_committed(struct sqlite *db)
{
	db->file_version = file_version(db);
	index_remember(db);
}

bool
moved_away(struct sqlite *db)
{
	int64_t now = clock_boot(db->store.clock);
	struct stat st;

	if (db->inode != 0 && now - db->looked_at < AWAY_MS)
		return false;
	db->looked_at = now;
	if (stat(db->file, &st) != 0)
		return db->inode != 0 && (errno == ENOENT || errno == ENOTDIR);
	if (db->inode == 0) {           /* just opened */
		db->device = st.st_dev;
		db->inode = st.st_ino;
	}
	return st.st_ino != db->inode || st.st_dev != db->device;
}

bool
sqlite_moved(struct store *store)
{
	struct sqlite *db = sqlite_of(store);
	bool moved;

	if (!db->in_turn) {
		db->failed = RC_OK;
		moved_look(db);
	}
	moved = db->has_moved;
	db->has_moved = false;
	return moved;
}

/* From here to the next commit what is remembered may be believed. */
void
sqlite_look(struct store *store)
{
	struct sqlite *db = sqlite_of(store);

	if (db->in_turn)
		return;
	db->failed = RC_OK;
	moved_look(db);
	db->is_fresh = db->failed == RC_OK;
}
