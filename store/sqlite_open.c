/*
 * sqlite_open.c - a store is opened, made, or refused with a reason
 *
 * A store is a directory: store.db (with -wal and -shm), write.lock,
 * workers.lock and the wake sockets.  It belongs to one account.  root may come
 * in and acts as the owner; everybody else is refused, before anything is made
 * that the owner could then not open.
 *
 * What survives a reboot is the log and who may come back, not who is there:
 * when boot id or file identity changed since the last opening, seq jumps (a
 * power cut or a restored copy may have taken back what clients have seen), all
 * sessions end, and their recovery windows start.
 *
 * Must stay true:
 *   - an opening that is refused leaves a store as it was
 *   - a store with a newer schema is never written
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/random.h"
#include "store/sqlite_private.h"

enum { OPEN_WAIT_MS = 5000 };

/* ---- the directory ------------------------------------------------------- */

static const struct {
	long magic;
	const char *name;
} networks[] = {
	{ 0x6969, "NFS" },
	{ 0x517b, "SMB" },
	{ (long)0xff534d42, "CIFS" },
	{ (long)0xfe534d42, "SMB2" },
	{ 0x5346414f, "AFS" },
	{ 0x00c36400, "Ceph" },
	{ 0x01021997, "9p" },
};

/* WAL needs memory that all processes share, which no network has. */
static const char *
network_name(int dir)
{
	struct statfs fs;

	if (fstatfs(dir, &fs) == 0)
		for (size_t i = 0; i < sizeof(networks) / sizeof(*networks); i++)
			if ((uint32_t)networks[i].magic == (uint32_t)fs.f_type)
				return networks[i].name;
	return NULL;
}

static enum rc
dir_make(const char *path, char **error_r)
{
	char *copy = mem_strdup(path), *p = copy;
	enum rc rc = RC_OK;

	/* parents as well: ~/.siogate/store on a first start */
	while (rc == RC_OK && (p = strchr(p + 1, '/')) != NULL) {
		*p = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST && errno != EACCES &&
		    errno != EROFS && errno != EPERM)
			rc = RC_IO;
		*p = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		rc = RC_IO;
	if (rc != RC_OK)
		*error_r = mem_printf("%s cannot be made: %s", path,
		    strerror(errno));
	free(copy);
	return rc;
}

static enum rc
dir_open(struct sqlite *db, const struct store_conf *conf, char **error_r)
{
	struct stat st;
	enum rc rc;
	const char *network;

	if (!conf->read_only && (rc = dir_make(conf->path, error_r)) != RC_OK)
		return rc;
	if (stat(conf->path, &st) != 0) {
		*error_r = mem_printf("%s: %s", conf->path, strerror(errno));
		return RC_IO;
	}
	db->owner = st.st_uid;
	if (geteuid() != 0 && geteuid() != st.st_uid) {
		*error_r = mem_printf("%s belongs to the account with uid %lu, "
		    "this process runs as uid %lu: run it as the owner", conf->path,
		    (unsigned long)st.st_uid, (unsigned long)geteuid());
		return RC_BAD_STATE;
	}
	if ((db->dir = open(conf->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		*error_r = mem_printf("%s: %s", conf->path, strerror(errno));
		return RC_IO;
	}
	if ((db->path = realpath(conf->path, NULL)) == NULL)
		db->path = mem_strdup(conf->path);
	db->file = mem_printf("%s/store.db", db->path);
	network = network_name(db->dir);
	if (network != NULL && strcmp(conf->journal, "wal") == 0) {
		*error_r = mem_printf("%s is on %s, where processes cannot share "
		    "a store: put it on a local disk, or set journal = truncate if "
		    "only this machine uses it", conf->path, network);
		return RC_BAD_STATE;
	}
	return RC_OK;
}

/* ---- the database file ---------------------------------------------------- */

static enum rc
fail_open(struct sqlite *db, const char *what, char **error_r)
{
	*error_r = mem_printf("%s: %s (%s)", db->file, db->db == NULL ?
	    "out of memory" : sqlite3_errmsg(db->db), what);
	return RC_IO;
}

/* The words that a PRAGMA answers with. */
static void
pragma(struct sqlite *db, const char *sql, char *answer, size_t size)
{
	sqlite3_stmt *s;

	answer[0] = '\0';
	if (sqlite3_prepare_v2(db->db, sql, -1, &s, NULL) != SQLITE_OK)
		return;
	if (sqlite3_step(s) == SQLITE_ROW)
		col_text(s, 0, answer, size);
	sqlite3_finalize(s);
}

/* An empty database of the right mode and owner, before SQLite finds none. */
static enum rc
file_make(struct sqlite *db, char **error_r)
{
	int fd = store_file_open(db->dir, "store.db", db->owner);

	if (fd < 0) {
		*error_r = mem_printf("%s: %s", db->file, strerror(errno));
		return RC_IO;
	}
	close(fd);
	return RC_OK;
}

static enum rc
file_open(struct sqlite *db, const struct store_conf *conf, char **error_r)
{
	int flags = conf->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	int on;
	enum rc rc;

	if (!conf->read_only && (rc = file_make(db, error_r)) != RC_OK)
		return rc;
	/* No statistics of memory: they cost a mutex at each malloc.  Too late when
	 * somebody else in this process uses SQLite already, which is fine. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (sqlite3_open_v2(db->file, &db->db, flags | SQLITE_OPEN_NOMUTEX, NULL)
	    != SQLITE_OK)
		return fail_open(db, "opening", error_r);
	/* An idle process shall be small: 100 of them are usual. */
	sqlite3_db_config(db->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 128, 64);
	sqlite3_db_config(db->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &on);
	sqlite3_busy_timeout(db->db, OPEN_WAIT_MS);
	return RC_OK;
}

/* WAL where it works, seen by a write; a rollback journal elsewhere. */
static enum rc
journal_set(struct sqlite *db, const struct store_conf *conf, char **error_r)
{
	char answer[16] = "";
	bool wal = conf->journal == NULL || strcmp(conf->journal, "wal") == 0;

	if (conf->read_only) {
		pragma(db, "PRAGMA journal_mode", answer, sizeof(answer));
		db->is_wal = strcmp(answer, "wal") == 0;
		return RC_OK;
	}
	/* only heeded in an empty file */
	if (sqlite3_exec(db->db, "PRAGMA auto_vacuum = INCREMENTAL", NULL, NULL,
	    NULL) != SQLITE_OK)
		return fail_open(db, "auto_vacuum", error_r);
	if (wal) {
		pragma(db, "PRAGMA journal_mode = WAL", answer, sizeof(answer));
		db->is_wal = strcmp(answer, "wal") == 0 && sqlite3_exec(db->db,
		    "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL) == SQLITE_OK;
		if (!db->is_wal)
			log_warn("store", "file=%s WAL does not work here, using "
			    "journal=truncate", db->file);
	}
	if (!db->is_wal) {
		pragma(db, "PRAGMA journal_mode = TRUNCATE", answer, sizeof(answer));
		if (strcmp(answer, "truncate") != 0)
			return fail_open(db, "neither WAL nor a rollback journal works",
			    error_r);
	}
	if (sqlite3_exec(db->db, conf->synchronous != NULL &&
	    strcmp(conf->synchronous, "full") == 0 ? "PRAGMA synchronous = FULL" :
	    "PRAGMA synchronous = NORMAL", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db->db, "PRAGMA wal_autocheckpoint = 0;"
	    "PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY",
	    NULL, NULL, NULL) != SQLITE_OK)
		return fail_open(db, "configuring", error_r);
	return RC_OK;
}

/* ---- the schema ------------------------------------------------------------ */

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
	char id[ID_LEN + 1];

	if (sqlite3_exec(db->db, sql_schema, NULL, NULL, NULL) != SQLITE_OK) {
		sql_fail(db, "making the schema");
		return;
	}
	if (sqlite3_exec(db->db, "INSERT INTO live(session, row) VALUES(0,"
	    " '[1,0,1,0,0,0,0,0,0,0,0,0,0,0]')", NULL, NULL, NULL) != SQLITE_OK) {
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
 * From each version to the next; schema 1 is the first, so the list is empty.
 * A step is SQL; it runs in the transaction that writes the new number, so that
 * an older process notices at its next turn.
 */
static const char *const migrations[] = {
	[SCHEMA] = NULL,
};

static void
schema_migrate(struct sqlite *db)
{
	for (; db->state.schema < SCHEMA; db->state.schema++)
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

static enum rc
newer(struct sqlite *db, char **error_r)
{
	*error_r = mem_printf("%s was written by a newer siogate (schema %lld, "
	    "this program knows %d): use that one", db->file,
	    (long long)db->state.schema, SCHEMA);
	return RC_BAD_STATE;
}

static enum rc
schema_open(struct sqlite *db, const struct store_conf *conf, char **error_r)
{
	enum rc rc = RC_OK;

	if (schema_exists(db)) {
		state_read(db);
		if (db->state.schema > SCHEMA)
			return newer(db, error_r);
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
static enum rc
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

/* ---- opening and closing ----------------------------------------------------- */

static void
conf_take(struct sqlite *db, const struct store_conf *conf,
    const struct clock *clock)
{
	db->store.driver = &store_sqlite;
	db->store.clock = clock;
	db->dir = -1;
	db->retention = conf->retention_ms;
	db->recovery = conf->recovery_ms;
	db->lock_wait = conf->lock_wait_ms;
	db->connect_timeout = conf->connect_timeout_ms;
	db->interval = conf->ping_interval_ms;
	db->timeout = conf->ping_timeout_ms;
	db->max_size = conf->max_size;
}

enum rc
sqlite_open(const struct store_conf *conf, const struct clock *clock,
    struct store **store_r, char **error_r)
{
	struct sqlite *db = mem_alloc(sizeof(*db));
	enum rc rc;

	conf_take(db, conf, clock);
	if ((rc = dir_open(db, conf, error_r)) == RC_OK && !conf->read_only &&
	    (rc = workers_open(db->dir, db->path, db->owner, &db->workers,
	    error_r)) == RC_OK)
		rc = turnlock_open(db->dir, db->path, db->owner, &db->lock, error_r);
	if (rc == RC_OK && (rc = file_open(db, conf, error_r)) == RC_OK &&
	    (rc = journal_set(db, conf, error_r)) == RC_OK && !conf->read_only)
		rc = schema_ensure(db, error_r);
	if (rc == RC_OK)
		rc = schema_open(db, conf, error_r);
	if (rc != RC_OK) {
		sqlite_close(&db->store);
		return rc;
	}
	if (db->is_wal)
		sqlite3_busy_timeout(db->db, (int)(db->lock_wait < 50 ? 50 :
		    db->lock_wait));
	checkpoint_watch(db);
	moved_open(db);
	*store_r = &db->store;
	return RC_OK;
}

void
sqlite_close(struct store *store)
{
	struct sqlite *db = sqlite_of(store);

	live_forget_all(db);
	free(db->recent);
	for (size_t i = 0; i < SQL__COUNT; i++)
		sqlite3_finalize(db->stmts[i]);
	sqlite3_close(db->db);
	workers_close(&db->workers);
	turnlock_close(&db->lock);
	if (db->dir >= 0)
		close(db->dir);
	arena_free(&db->scratch);
	buf_free(&db->spoken);
	free(db->path);
	free(db->file);
	free(db);
}

const struct store_driver store_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.wake_fd = sqlite_wake_fd,
	.wake_take = sqlite_wake_take,
	.worker = sqlite_worker,
	.moved = sqlite_moved,
	.look = sqlite_look,
	.rest = sqlite_rest,
	.session = sqlite_session,
	.socket = sqlite_socket,
	.socket_id = sqlite_socket_id,
	.socket_n = sqlite_socket_n,
	.recoverable = sqlite_recoverable,
	.select = sqlite_select,
	.count = sqlite_count,
	.rooms_of = sqlite_rooms_of,
	.rooms = sqlite_rooms,
	.sessions = sqlite_sessions,
	.history = sqlite_history,
	.tail = sqlite_tail,
	.members = sqlite_members,
	.last_seq = sqlite_last_seq,
	.value = sqlite_value,
	.stats = sqlite_stats,
	.tasks = sqlite_tasks,
	.commit = sqlite_commit,
	.answers = sqlite_answers,
	.backup = sqlite_backup,
};
