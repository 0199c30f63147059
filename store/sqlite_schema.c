/*
 * sqlite_schema.c - the tables are made, brought up to date, and belong to a boot
 *
 * What survives a reboot is the log and who may come back, not who is there:
 * when boot id or file identity changed since the last opening, seq jumps (a
 * power cut or a restored copy may have taken back what clients have seen), all
 * sessions end, and their recovery windows start.
 *
 * Must stay true:
 *   - a store with a newer schema is never written
 *   - a migration is one transaction, the new number included
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "store/sqlite_private.h"

static void
meta_get(struct sqlite *db, const char *name, char *out, size_t size)
{
	sqlite3_stmt *s = sql_open(db, SQL_META_GET, "t", slice_str(name));

	out[0] = '\0';
	if (sql_row(db, s)) {
		col_text(s, 0, out, size);
		sql_end(s);
	}
}

static void
meta_set(struct sqlite *db, const char *name, const char *value)
{
	sql_do(db, SQL_META_SET, "tt", slice_str(name), slice_str(value));
}

/* Makes an empty store; inside the transaction. */
static void
schema_make(struct sqlite *db)
{
	unsigned char key[16];
	char id[ID_LEN + 1], state[120];

	if (sqlite3_exec(db->db, sql_schema, NULL, NULL, NULL) != SQLITE_OK) {
		sql_fail(db, "making the schema");
		return;
	}
	snprintf(state, sizeof(state), "INSERT INTO live(session, row) VALUES(0,"
	    " '[%d,0,1,0,0,0,0,0,0,0,0,0,0,0,0]')", SCHEMA);
	if (sqlite3_exec(db->db, state, NULL, NULL, NULL) != SQLITE_OK) {
		sql_fail(db, "making the state");
		return;
	}
	random_bytes(key, sizeof(key));
	random_id(id);
	sql_do(db, SQL_META_SET, "tb", SLICE("key"),
	    slice_of((const char *)key, sizeof(key)));
	meta_set(db, "id", id);
}

/*
 * From each version to the next.  A step is SQL; it runs in the transaction that
 * writes the new number, so that an older process notices at its next turn.
 */
static const char *const migrations[] = {
	[1] = "ALTER TABLE answer ADD COLUMN attachments BLOB;"
	    "ALTER TABLE task ADD COLUMN attachments BLOB;",
	[2] = SCHEMA_ACL SCHEMA_STATE,
	[3] = SCHEMA_LANES_FROM_3 SCHEMA_LANES,
	[4] = SCHEMA_PRESENCE,
	[5] = "CREATE TABLE probe(session INTEGER PRIMARY KEY, holder INT,"
	    " ticket INT)",
	[6] = SCHEMA_KEPT "INSERT INTO kept_count SELECT channel, count(*) FROM kept"
	    " GROUP BY channel",
	[SCHEMA] = NULL,
};

static void
schema_migrate(struct sqlite *db)
{
	for (; db->state.schema < SCHEMA && db->failed == RC_OK; db->state.schema++)
		if (sqlite3_exec(db->db, migrations[db->state.schema], NULL, NULL,
		    NULL) != SQLITE_OK)
			sql_fail(db, "migrating");
}

static bool
schema_exists(struct sqlite *db)
{
	char answer[8];

	pragma(db, "SELECT 1 FROM sqlite_master WHERE name = 'state'", answer,
	    sizeof(answer));
	return answer[0] == '1';
}

/* Inode and birth time: a restored copy often gets the old inode again. */
static void
file_identity(struct sqlite *db, char *out, size_t size)
{
	struct statx sx;
	struct stat st;

	if (statx(db->dir, "store.db", 0, STATX_INO | STATX_BTIME, &sx) == 0 &&
	    (sx.stx_mask & STATX_BTIME) != 0)
		snprintf(out, size, "%llu %lld.%u", (unsigned long long)sx.stx_ino,
		    (long long)sx.stx_btime.tv_sec, sx.stx_btime.tv_nsec);
	else if (fstatat(db->dir, "store.db", &st, 0) == 0)
		snprintf(out, size, "%llu", (unsigned long long)st.st_ino);
	else
		out[0] = '\0';
}

/* Another boot or another file: whoever was there is not any more. */
static void
liveness_void(struct sqlite *db)
{
	int64_t n = 0;
	struct live *l;

	db->state.seq += SEQ_JUMP;
	while ((n = sql_int(db, 0, SQL_SESSION_ALL, "i", n)) != 0) {
		if ((l = live_get(db, (uint64_t)n)) == NULL)
			break;
		l->holder = 0;
		session_end(db, l, "transport close", '1', true);
	}
	log_info("store", "file=%s another boot or file: sessions ended", db->file);
}

static void
identity_check(struct sqlite *db)
{
	char boot[40], boot_was[40], file[64], file_was[64];

	clock_boot_id(boot);
	file_identity(db, file, sizeof(file));
	meta_get(db, "boot", boot_was, sizeof(boot_was));
	meta_get(db, "file", file_was, sizeof(file_was));
	if (strcmp(boot, boot_was) == 0 && strcmp(file, file_was) == 0)
		return;
	if (boot_was[0] != '\0')
		liveness_void(db);
	meta_set(db, "boot", boot);
	meta_set(db, "file", file);
}

/* What every opening reads: most find all as it was and write nothing. */
static void
identity_load(struct sqlite *db)
{
	sqlite3_stmt *s = sql_open(db, SQL_META_GET, "t", SLICE("key"));

	if (sql_row(db, s)) {
		if (sqlite3_column_bytes(s, 0) == sizeof(db->store.key))
			memcpy(db->store.key, sqlite3_column_blob(s, 0),
			    sizeof(db->store.key));
		sql_end(s);
	}
	meta_get(db, "id", db->store.id, sizeof(db->store.id));
}

static bool
is_settled(struct sqlite *db)
{
	char boot[40], boot_was[40], file[64], file_was[64];

	clock_boot_id(boot);
	file_identity(db, file, sizeof(file));
	meta_get(db, "boot", boot_was, sizeof(boot_was));
	meta_get(db, "file", file_was, sizeof(file_was));
	return strcmp(boot, boot_was) == 0 && strcmp(file, file_was) == 0;
}

/* Its tables are not those that this program looks into. */
static enum rc
older(struct sqlite *db, char **error_r)
{
	*error_r = mem_printf("%s was written by an older siogate (schema %lld, "
	    "this program reads %d): open it for writing once, by any request or "
	    "siogate expire", db->file, (long long)db->state.schema, SCHEMA);
	return RC_BAD_STATE;
}

static enum rc
newer(struct sqlite *db, char **error_r)
{
	*error_r = mem_printf("%s was written by a newer siogate (schema %lld, "
	    "this program knows %d): use that one", db->file,
	    (long long)db->state.schema, SCHEMA);
	return RC_BAD_STATE;
}

enum rc
schema_open(struct sqlite *db, const struct store_conf *conf, char **error_r)
{
	enum rc rc = RC_OK;

	if (schema_exists(db)) {
		state_read(db);
		if (db->state.schema > SCHEMA)
			return newer(db, error_r);
		if (db->state.schema < SCHEMA && conf->read_only)
			return older(db, error_r);
	} else if (conf->read_only) {
		*error_r = mem_printf("%s holds no store yet", db->path);
		return RC_NONE;
	}
	if (!conf->read_only && (db->state.schema < SCHEMA || !is_settled(db))) {
		if ((rc = turn_begin(db, OPEN_WAIT_MS)) == RC_OK) {
			schema_migrate(db);
			identity_check(db);
			rc = turn_end(db);
		}
		if (rc == RC_BAD_STATE && db->state.schema > SCHEMA)
			return newer(db, error_r);
	}
	if (rc == RC_OK) {
		identity_load(db);
		rc = db->failed;
	}
	if (rc != RC_OK)
		*error_r = mem_printf("%s: %s", db->file, rc == RC_AGAIN ?
		    "locked by another process" : store_error(&db->store));
	return rc;
}

/* The first process makes the tables; others wait for it at the lock. */
enum rc
schema_ensure(struct sqlite *db, char **error_r)
{
	enum rc rc;

	if (schema_exists(db))
		return RC_OK;
	if ((rc = turnlock_take(db->lock, OPEN_WAIT_MS)) != RC_OK) {
		*error_r = mem_printf("%s: locked by process %ld", db->file,
		    turnlock_holder(db->lock));
		return rc;
	}
	sql_do(db, SQL_BEGIN, "");
	if (db->failed == RC_OK && !schema_exists(db))
		schema_make(db);
	sql_do(db, SQL_COMMIT, "");
	turnlock_drop(db->lock);
	if (db->failed != RC_OK)
		*error_r = mem_printf("%s", store_error(&db->store));
	return db->failed;
}
