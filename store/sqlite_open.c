/*
 * sqlite_open.c - a store is opened, made, or refused with a reason
 *
 * A store is a directory: store.db (with -wal and -shm), write.lock,
 * workers.lock and the wake sockets.  It belongs to one account.  root may come
 * in and acts as the owner; everybody else is refused, before anything is made
 * that the owner could then not open.
 *
 * Must stay true:
 *   - an opening that is refused leaves a store as it was
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
#include "store/sqlite_private.h"

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

void
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
	/* Pages one by one: the block of 20 that SQLite begins with would never be
	 * given back (87 KB of each idle process). */
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
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
	/* only heeded in an empty file, but each time it is said a page is written
	 * and waited for: 2 is INCREMENTAL */
	pragma(db, "PRAGMA auto_vacuum", answer, sizeof(answer));
	if (strcmp(answer, "2") != 0 && sqlite3_exec(db->db,
	    "PRAGMA auto_vacuum = INCREMENTAL", NULL, NULL, NULL) != SQLITE_OK)
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

/* ---- opening and closing ----------------------------------------------------- */

static void
conf_take(struct sqlite *db, const struct store_conf *conf,
    const struct clock *clock)
{
	db->store.driver = &store_sqlite;
	db->store.clock = clock;
	db->dir = -1;
	db->tallies.read_only = conf->read_only;
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
	moved_away(db);
	*store_r = &db->store;
	return RC_OK;
}

void
sqlite_close(struct store *store)
{
	struct sqlite *db = sqlite_of(store);

	checkpoint_last(db);
	live_forget_all(db);
	recent_free(db);
	for (size_t i = 0; i < SQL__COUNT; i++)
		sqlite3_finalize(db->stmts[i]);
	sqlite3_close(db->db);
	tallies_fini(&db->tallies);
	workers_close(&db->workers);
	turnlock_close(&db->lock);
	if (db->dir >= 0)
		close(db->dir);
	arena_free(&db->scratch);
	buf_free(&db->spoken);
	buf_free(&db->channel_key);
	buf_free(&db->no_channel);
	buf_free(&db->changed.numbers);
	buf_free(&db->own_changed.numbers);
	buf_free(&db->roster.rows);
	free(db->path);
	free(db->file);
	free(db);
}

/* Most processes never refuse anything: they do without the file. */
static uint64_t *
sqlite_tallies(struct store *store)
{
	struct sqlite *db = sqlite_of(store);

	return tallies_counters(&db->tallies, db->dir, db->owner);
}

const struct store_driver store_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.wake_fd = sqlite_wake_fd,
	.wake_take = sqlite_wake_take,
	.offer_sockets = sqlite_offer_sockets,
	.has_sockets = sqlite_has_sockets,
	.moved = sqlite_moved,
	.look = sqlite_look,
	.looks = sqlite_looks,
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
	.heard = sqlite_heard,
	.last_seq = sqlite_last_seq,
	.value = sqlite_value,
	.acl_version = sqlite_acl_version,
	.acl = sqlite_acl,
	.acls = sqlite_acls,
	.present = sqlite_present,
	.presence = sqlite_presence,
	.values = sqlite_values,
	.stats = sqlite_stats,
	.tallies = sqlite_tallies,
	.tasks = sqlite_tasks,
	.batch = sqlite_batch,
	.tasks_all = sqlite_tasks_all,
	.is_asking = sqlite_is_asking,
	.lane = sqlite_lane,
	.commit = sqlite_commit,
	.answers = sqlite_answers,
	.questions = sqlite_questions,
	.backup = sqlite_backup,
};
