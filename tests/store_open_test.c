/*
 * store_open_test.c - the SQLite store's files: whose they are, and what happens
 * to them
 *
 * What every driver promises is in the contract; this is about modes, owners,
 * reboots, restored copies, newer programs, full disks and long paths.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/store.h"
#include "tests/t.h"

enum { NOBODY = 65534 };

static struct {
	char dir[512];
	size_t base;                    /* length of what is removed at the end */
	struct store_conf conf;
	struct clock_fake clock;
	struct store *store;
	struct arena arena;
	char *error;
} s;

/* ---- words -------------------------------------------------------------------- */

static const char *
path_of(const char *fmt, ...)
{
	static char path[700];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/", s.dir);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - n, fmt, ap);
	va_end(ap);
	return path;
}

static void
scene(void)
{
	memset(&s, 0, sizeof(s));
	snprintf(s.dir, sizeof(s.dir), "/tmp/store-open-XXXXXX");
	T_OK(mkdtemp(s.dir) != NULL);
	s.base = strlen(s.dir);
	clock_fake_init(&s.clock);
	s.conf = (struct store_conf){ .driver = "sqlite", .path = s.dir,
		.journal = "wal", .synchronous = "normal",
		.retention_ms = 3600 * 1000, .recovery_ms = 120000,
		.lock_wait_ms = 50, .connect_timeout_ms = 45000,
		.ping_interval_ms = 25000, .ping_timeout_ms = 20000 };
}

static enum rc
try_open(void)
{
	free(s.error);
	s.error = NULL;
	return store_open(&s.conf, &s.clock.clock, &s.store, &s.error);
}

static void
reopen(void)
{
	store_close(&s.store);
	if (try_open() != RC_OK)
		T_FAIL("%s", s.error);
}

static void
end(void)
{
	char command[600];

	store_close(&s.store);
	arena_free(&s.arena);
	free(s.error);
	snprintf(command, sizeof(command), "rm -rf '%.*s'", (int)s.base, s.dir);
	T_EQ(system(command), 0);
}

static int64_t
tally_of(enum tally what)
{
	int64_t counts[TALLY__COUNT];

	store_tallies(s.store, counts);
	return counts[what];
}

static enum rc
commit_one(struct turn *turn, struct store_op *op)
{
	enum rc rc = store_commit(s.store, turn);

	return rc != RC_OK ? rc : op->rc;
}

static enum rc
say(const char *room, struct slice data)
{
	struct buf packed = BUF_INIT;
	struct store_op *op;
	struct turn turn;
	enum rc rc;

	turn_init(&turn, &s.arena);
	op = turn_add(&turn, OP_APPEND, NULL);
	pack_add(&packed, channel_key(&s.arena, CHANNEL_ROOM, SLICE("/"),
	    slice_str(room)));
	op->u.append.record.kind = RECORD_EVENT;
	op->u.append.record.nsp = SLICE("/");
	op->u.append.record.channels = buf_slice(&packed);
	op->u.append.record.data = data;
	rc = commit_one(&turn, op);
	buf_free(&packed);
	return rc;
}

static uint64_t
come(const char *sid)
{
	struct store_op *op, *k;
	struct turn turn;

	turn_init(&turn, &s.arena);
	op = turn_add(&turn, OP_OPEN, NULL);
	op->u.open.sid = slice_str(sid);
	op->u.open.info = SLICE("{}");
	T_EQ(commit_one(&turn, op), RC_OK);
	turn_init(&turn, &s.arena);
	k = turn_add(&turn, OP_CONNECT, NULL);
	k->u.connect.session = op->u.open.n_r;
	k->u.connect.nsp = SLICE("/");
	k->u.connect.id = arena_printf(&s.arena, "id-%s", sid);
	k->u.connect.pid = arena_printf(&s.arena, "pid-%s", sid);
	k->u.connect.answer = SLICE("{}");
	T_EQ(commit_one(&turn, k), RC_OK);
	return op->u.open.n_r;
}

static bool
is_here(const char *sid)
{
	struct session_row row;

	return store_session(s.store, slice_str(sid), &s.arena, &row) == RC_OK;
}

static int64_t
last_seq(void)
{
	int64_t seq = -1;

	T_EQ(store_last_seq(s.store, &seq), RC_OK);
	return seq;
}

static void
sql(const char *text)
{
	sqlite3 *db;

	T_EQ(sqlite3_open(path_of("store.db"), &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 1000);
	T_EQ(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* ---- whose it is --------------------------------------------------------------- */

static void
nobody_else_may_look_into_a_store(void)
{
	struct dirent *e;
	struct stat st;
	DIR *d;
	int files = 0;

	scene();
	T_EQ(rmdir(s.dir), 0);
	umask(0);
	reopen();
	umask(022);
	T_OK(store_wake_fd(s.store) >= 0);
	come("alice");
	T_EQ(stat(s.dir, &st), 0);
	T_EQ(st.st_mode & 0777, 0700);
	T_OK((d = opendir(s.dir)) != NULL);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		T_EQ(stat(path_of("%s", e->d_name), &st), 0);
		if ((st.st_mode & 0777) != 0600)
			T_FAIL("%s has mode %o", e->d_name, st.st_mode & 0777);
		files++;
	}
	closedir(d);
	T_EQ(files, 6);         /* database, WAL, its index, two locks, a socket */
	end();
}

static void
a_file_that_was_replaced_is_noticed(void)
{
	scene();
	reopen();
	come("alice");
	clock_fake_turn(&s.clock, 2000);
	T_EQ(say("room", SLICE("[1]")), RC_OK);
	T_EQ(unlink(path_of("store.db")), 0);
	T_EQ(fclose(fopen(path_of("store.db"), "w")), 0);
	clock_fake_turn(&s.clock, 2000);
	T_EQ(say("room", SLICE("[2]")), RC_GONE);
	T_OK(strstr(store_error(s.store), "removed or replaced") != NULL);
	end();
}

static void
who_finds_no_lock_is_told_who_has_it(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	char holder[64];
	int fd;

	scene();
	reopen();
	come("alice");
	T_OK((fd = open(path_of("write.lock"), O_RDWR)) >= 0);
	T_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
	T_EQ(say("room", SLICE("[1]")), RC_AGAIN);
	snprintf(holder, sizeof(holder), "write.lock is held by process %ld",
	    (long)getpid());
	T_OK(strstr(store_error(s.store), holder) != NULL);
	close(fd);
	T_EQ(say("room", SLICE("[1]")), RC_OK);
	end();
}

/* Somebody with a shell and too little on the disk. */
static void
a_lock_file_that_is_emptied_stops_nobody(void)
{
	scene();
	reopen();
	come("alice");
	T_EQ(truncate(path_of("write.lock"), 0), 0);
	T_EQ(say("room", SLICE("[1]")), RC_OK);
	T_EQ(say("room", SLICE("[2]")), RC_OK);
	T_EQ(last_seq(), 3);
	end();
}

static void
root_acts_as_the_owner(void)
{
	struct dirent *e;
	struct stat st;
	DIR *d;

	if (geteuid() != 0)
		T_SKIP("only root can give files away");
	scene();
	T_EQ(chown(s.dir, NOBODY, NOBODY), 0);
	reopen();
	T_OK(store_wake_fd(s.store) >= 0);
	come("alice");
	T_OK((d = opendir(s.dir)) != NULL);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		T_EQ(stat(path_of("%s", e->d_name), &st), 0);
		if (st.st_uid != NOBODY)
			T_FAIL("%s belongs to %u", e->d_name, st.st_uid);
	}
	closedir(d);
	end();
}

static void
another_account_is_refused_by_name(void)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		T_SKIP("only root can become another account");
	scene();
	reopen();
	store_close(&s.store);
	if ((pid = fork()) == 0) {
		if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
			_exit(2);
		_exit(try_open() == RC_BAD_STATE &&
		    strstr(s.error, "belongs to the account") != NULL ? 0 : 1);
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
	end();
}

static void
a_path_that_cannot_be_made_is_said(void)
{
	scene();
	s.conf.path = "/proc/no/store";
	T_EQ(try_open(), RC_IO);
	T_OK(strstr(s.error, "/proc/no") != NULL);
	end();
}

/* ---- other times, other files ----------------------------------------------------- */

static void
a_reboot_ends_sessions_and_opens_their_windows(void)
{
	struct socket_row row;
	int64_t before;

	scene();
	reopen();
	come("alice");
	before = last_seq();
	store_close(&s.store);
	sql("UPDATE meta SET value = 'another boot' WHERE name = 'boot'");
	reopen();
	T_OK(last_seq() >= before + (1 << 24));
	T_OK(!is_here("alice"));
	T_EQ(store_recoverable(s.store, SLICE("/"), SLICE("pid-alice"), before, 100,
	    &s.arena, &row), RC_OK);
	before = last_seq();
	reopen();
	T_EQ(last_seq(), before);       /* once */
	end();
}

static void
a_restored_copy_never_repeats_a_seq(void)
{
	char copy[700];
	int64_t before;

	scene();
	reopen();
	come("alice");
	snprintf(copy, sizeof(copy), "%s", path_of("copy"));
	T_EQ(store_backup(s.store, copy), RC_OK);
	T_EQ(store_backup(s.store, copy), RC_IO);       /* nothing is overwritten */
	T_EQ(say("kitchen", SLICE("[\"after the copy\"]")), RC_OK);
	before = last_seq();
	store_close(&s.store);
	unlink(path_of("store.db-wal"));
	unlink(path_of("store.db-shm"));
	T_EQ(rename(copy, path_of("store.db")), 0);
	reopen();
	T_OK(last_seq() > before);
	T_OK(!is_here("alice"));
	end();
}

static void
a_newer_program_takes_over(void)
{
	scene();
	reopen();
	come("alice");
	sql("UPDATE live SET row = json_set(row, '$[0]', 1000) WHERE session = 0");
	T_EQ(say("kitchen", SLICE("[1]")), RC_BAD_STATE);
	T_OK(strstr(store_error(s.store), "newer") != NULL);
	store_close(&s.store);
	T_EQ(try_open(), RC_BAD_STATE);
	T_OK(strstr(s.error, "newer") != NULL);
	end();
}

#define DROP(column) "ALTER TABLE task DROP COLUMN " column ";"

/* Schema 1 had no place for what is attached to an answer, 2 no access lists, 3
 * no lanes, 5 no probes, 6 did not count what is kept. */
static void
the_store_of_an_older_program_is_brought_up_to_date(void)
{
	struct store_stats stats;

	scene();
	reopen();
	come("alice");
	store_close(&s.store);
	sql("ALTER TABLE answer DROP COLUMN attachments;"
	    "ALTER TABLE task DROP COLUMN attachments;"
	    "DROP TABLE presence; DROP TABLE probe;"
	    "DROP TRIGGER kept_more; DROP TRIGGER kept_less; DROP TABLE kept_count;"
	    "INSERT INTO kept(channel, seq, until) VALUES(2, 1, 1), (2, 2, 1), (4, 3, 1);"
	    "DROP TABLE acl; DROP INDEX task_lane; DROP INDEX task_socket;"
	    "ALTER TABLE session DROP COLUMN lane;"
	    "ALTER TABLE socket DROP COLUMN lane;"
	    DROP("lane") DROP("session") DROP("upto") DROP("at") DROP("due")
	    DROP("bytes") DROP("ack") DROP("says") DROP("pid") DROP("rooms")
	    DROP("generation") DROP("transport") DROP("connected")
	    "INSERT INTO task(n, kind, attempts, aside, holder, lease, nsp, name)"
	    " VALUES(1, 3, 0, 1, 0, 0, '/', 'replied');"
	    "UPDATE live SET row = json_set(row, '$[0]', 1) WHERE session = 0");
	s.conf.read_only = true;
	T_EQ(try_open(), RC_BAD_STATE);
	T_OK(strstr(s.error, "older") != NULL);
	s.conf.read_only = false;
	reopen();
	T_OK(is_here("alice"));
	T_EQ(store_stats(s.store, &stats), RC_OK);
	T_OK(stats.schema > 1);
	T_EQ(stats.set_aside, 1);
	sql("SELECT attachments FROM task UNION SELECT attachments FROM answer"
	    " UNION SELECT names FROM acl UNION SELECT acls FROM state"
	    " UNION SELECT lane FROM task UNION SELECT lane FROM socket"
	    " UNION SELECT holder FROM probe");
	sql("DELETE FROM kept WHERE seq > 1");
	sql("CREATE TABLE as_wanted(x CHECK(x = '2:1'));"
	    "INSERT INTO as_wanted SELECT group_concat(channel || ':' || n) FROM kept_count");
	end();
}

/* The state of the store lies where sessions lie, as number 0. */
static void
session_0_is_nobody(void)
{
	struct store_op *op;
	struct turn turn;

	scene();
	reopen();
	turn_init(&turn, &s.arena);
	op = turn_add(&turn, OP_RECEIVE, NULL);
	T_EQ(commit_one(&turn, op), RC_GONE);
	turn_init(&turn, &s.arena);
	op = turn_add(&turn, OP_POLL, NULL);
	op->u.poll.ticket = 1;
	T_EQ(commit_one(&turn, op), RC_GONE);
	turn_init(&turn, &s.arena);
	op = turn_add(&turn, OP_CLOSE, NULL);
	T_EQ(commit_one(&turn, op), RC_GONE);
	reopen();
	come("alice");
	T_EQ(last_seq(), 1);
	end();
}

static void
what_is_only_looked_at_is_not_made(void)
{
	struct stat st;

	scene();
	s.conf.read_only = true;
	T_OK(try_open() != RC_OK);
	T_OK(stat(path_of("store.db"), &st) != 0);
	s.conf.read_only = false;
	reopen();
	come("alice");
	store_close(&s.store);
	s.conf.read_only = true;
	reopen();
	T_OK(is_here("alice"));
	T_EQ(say("kitchen", SLICE("[1]")), RC_IO);
	T_EQ(store_wake_fd(s.store), -1);
	T_EQ(tally_of(TALLY_ACL), 0);
	T_OK(stat(path_of("tallies"), &st) != 0);
	end();
}

/* ---- disks --------------------------------------------------------------------------- */

static void
file_limit(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void
a_full_disk_is_an_error_and_then_over(void)
{
	static char big[300000];
	struct store_stats before, after;
	uint64_t n;

	scene();
	memset(big, '1', sizeof(big));
	signal(SIGXFSZ, SIG_IGN);
	reopen();
	n = come("alice");
	T_EQ(store_stats(s.store, &before), RC_OK);
	file_limit(200000);
	T_EQ(say("kitchen", slice_of(big, sizeof(big))), RC_IO);
	T_OK(store_error(s.store)[0] != '\0');
	T_OK(is_here("alice"));
	file_limit(0);
	T_EQ(store_stats(s.store, &after), RC_OK);
	T_EQ(memcmp(&before, &after, sizeof(before)), 0);
	T_EQ(say("kitchen", slice_of(big, sizeof(big))), RC_OK);
	T_EQ(last_seq(), before.last_seq + 1);
	T_EQ(n, 1);
	end();
}

static void
a_file_that_was_big_shrinks_again(void)
{
	static char big[20000];
	struct store_stats stats;
	int64_t largest;
	struct turn turn;
	struct store_op *op;
	int rounds = 0;

	scene();
	memset(big, '1', sizeof(big));
	s.conf.retention_ms = 1000;
	reopen();
	for (int i = 0; i < 400; i++)
		T_EQ(say("kitchen", slice_of(big, sizeof(big))), RC_OK);
	T_EQ(store_stats(s.store, &stats), RC_OK);
	largest = stats.file_bytes;
	T_OK(largest > 3 << 20);
	clock_fake_turn(&s.clock, 2000);
	do {
		arena_reset(&s.arena);
		turn_init(&turn, &s.arena);
		op = turn_add(&turn, OP_JANITOR, NULL);
		op->u.janitor.limit = 50;
		T_EQ(say("kitchen", SLICE("[1]")), RC_OK);
		T_EQ(store_commit(s.store, &turn), RC_OK);
	} while (++rounds < 300);
	T_EQ(store_stats(s.store, &stats), RC_OK);
	sql("PRAGMA wal_checkpoint");
	T_EQ(store_stats(s.store, &stats), RC_OK);
	if (stats.file_bytes >= largest / 2)
		T_FAIL("%lld bytes, and %lld before", (long long)stats.file_bytes,
		    (long long)largest);
	T_OK(stats.log_bytes < 100000);
	end();
}

static void
the_wal_stays_small(void)
{
	static char big[20000];
	struct stat st;

	scene();
	memset(big, '1', sizeof(big));
	reopen();
	for (int i = 0; i < 1500; i++) {
		arena_reset(&s.arena);
		T_EQ(say("kitchen", slice_of(big, sizeof(big))), RC_OK);
	}
	T_EQ(stat(path_of("store.db-wal"), &st), 0);
	T_OK(st.st_size < 8 << 20);
	end();
}

static off_t
wal_size(void)
{
	struct stat st;

	T_EQ(stat(path_of("store.db-wal"), &st), 0);
	return st.st_size;
}

static void
who_leaves_last_leaves_no_long_wal(void)
{
	static char big[20000];
	struct store *other;
	int64_t last;

	scene();
	memset(big, '1', sizeof(big));
	reopen();
	T_OK(store_wake_fd(s.store) != -1);
	other = s.store;
	s.store = NULL;
	reopen();
	for (int i = 0; i < 60; i++) {
		arena_reset(&s.arena);
		T_EQ(say("kitchen", slice_of(big, sizeof(big))), RC_OK);
	}
	store_close(&s.store);
	T_OK(wal_size() > 1 << 20);
	store_close(&other);            /* it knows nothing of what was written */
	T_OK(wal_size() > 1 << 20);
	reopen();
	T_EQ(say("kitchen", SLICE("[1]")), RC_OK);
	store_close(&s.store);
	T_EQ(wal_size(), 0);
	reopen();
	T_EQ(store_last_seq(s.store, &last), RC_OK);
	T_EQ(last, 61);
	end();
}

static void
opening_what_is_there_writes_nothing(void)
{
	off_t before;

	scene();
	reopen();
	T_EQ(say("kitchen", SLICE("[1]")), RC_OK);
	store_close(&s.store);
	before = wal_size();
	reopen();
	T_EQ(wal_size(), before);
	end();
}

#ifdef SYNC_FILE_RANGE_WRITE
static int n_sent;
static ino_t inode_sent;

/* In the place of the system's: who was sent to the disk, and how often. */
int
sync_file_range(int fd, off64_t from, off64_t n, unsigned flags)
{
	struct stat st;

	T_OK(from == 0 && n == 0 && flags == SYNC_FILE_RANGE_WRITE);
	T_EQ(fstat(fd, &st), 0);
	inode_sent = st.st_ino;
	n_sent++;
	return 0;
}

static void
the_wal_is_on_its_way_before_anybody_waits_for_it(void)
{
	static char big[20000];
	struct store *other;
	struct stat st;

	scene();
	memset(big, '1', sizeof(big));
	reopen();
	n_sent = 0;
	do {
		arena_reset(&s.arena);
		T_EQ(say("kitchen", slice_of(big, sizeof(big))), RC_OK);
		T_EQ(stat(path_of("store.db-wal"), &st), 0);
	} while (st.st_size < 3 << 20);
	T_OK(n_sent >= 8 && n_sent <= 12);      /* pieces of 256 KB */
	T_OK(inode_sent == st.st_ino);
	/* a process that says little leaves it alone */
	n_sent = 0;
	other = s.store;
	s.store = NULL;
	reopen();
	T_EQ(say("kitchen", SLICE("[1]")), RC_OK);
	T_EQ(n_sent, 0);
	store_close(&other);
	end();
}
#endif

static void
a_rollback_journal_does_it_too(void)
{
	struct stat st;
	uint64_t n;

	scene();
	s.conf.journal = "truncate";
	reopen();
	n = come("alice");
	T_EQ(say("kitchen", SLICE("[1]")), RC_OK);
	T_OK(stat(path_of("store.db-wal"), &st) != 0);
	reopen();
	T_OK(is_here("alice"));
	T_EQ(n, 1);
	end();
}

/* ---- other filesystems ------------------------------------------------------------------ */

static long foreign_magic;              /* what a directory pretends to lie on */

/* Takes the place of the C library's. */
int
fstatfs(int fd, struct statfs *fs)
{
	int rc = (int)syscall(SYS_fstatfs, fd, fs);

	if (rc == 0 && foreign_magic != 0)
		fs->f_type = foreign_magic;
	return rc;
}

static void
a_network_filesystem_is_refused_by_name_unless_the_journal_fits(void)
{
	scene();
	foreign_magic = 0x6969;
	T_EQ(try_open(), RC_BAD_STATE);
	T_OK(strstr(s.error, "NFS") != NULL);
	T_OK(strstr(s.error, "journal = truncate") != NULL);
	s.conf.journal = "truncate";
	reopen();
	come("alice");
	T_OK(is_here("alice"));
	foreign_magic = 0;
	end();
}

/* ---- long paths ------------------------------------------------------------------------- */

static void
a_long_path_wakes_too(void)
{
	struct pollfd fd = { .events = POLLIN };
	size_t n;
	int status;
	pid_t pid;
	uint64_t session;

	scene();
	n = strlen(s.dir);
	snprintf(s.dir + n, sizeof(s.dir) - n, "/%0100d/%0100d", 1, 2);
	reopen();
	session = come("alice");
	T_OK((fd.fd = store_wake_fd(s.store)) >= 0);
	if ((pid = fork()) == 0) {
		struct store_op *op;
		struct turn turn;

		s.store = NULL;         /* the parent's: SQLite must not be shared */
		if (try_open() != RC_OK)
			_exit(1);
		turn_init(&turn, &s.arena);
		op = turn_add(&turn, OP_POLL, NULL);
		op->u.poll.session = session;
		op->u.poll.ticket = 1;
		op->u.poll.max_records = 10;
		op->u.poll.max_bytes = 1000;
		if (commit_one(&turn, op) != RC_OK)
			_exit(1);
		_exit(op->u.poll.outcome_r == POLL_BATCH ? 0 : 1);
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
	T_EQ(poll(&fd, 1, 0), 0);
	{
		struct store_op *op;
		struct turn turn;

		turn_init(&turn, &s.arena);
		op = turn_add(&turn, OP_POLL, NULL);
		op->u.poll.session = session;
		op->u.poll.ticket = 7;
		op->u.poll.max_records = 10;
		op->u.poll.max_bytes = 1000;
		T_EQ(commit_one(&turn, op), RC_OK);
		T_EQ(op->u.poll.outcome_r, POLL_PARKED);
	}
	if ((pid = fork()) == 0) {
		s.store = NULL;
		if (try_open() != RC_OK)
			_exit(1);
		_exit(say("id-alice", SLICE("[\"hello\"]")) == RC_OK ? 0 : 1);
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
	T_EQ(poll(&fd, 1, 2000), 1);
	store_wake_take(s.store);
	T_EQ(poll(&fd, 1, 0), 0);
	end();
}

/* ---- tallies ------------------------------------------------------------------------ */

static void
a_file_of_tallies_that_is_emptied_begins_again(void)
{
	scene();
	reopen();
	store_tally(s.store, TALLY_ACL);
	T_EQ(tally_of(TALLY_ACL), 1);
	T_EQ(truncate(path_of("tallies"), 0), 0);
	store_tally(s.store, TALLY_ACL);
	T_EQ(tally_of(TALLY_ACL), 1);
	reopen();
	T_EQ(tally_of(TALLY_ACL), 1);
	end();
}

static void
a_file_of_tallies_that_is_not_ours_is_left_alone(void)
{
	char text[32] = "";
	FILE *f;

	scene();
	reopen();
	f = fopen(path_of("tallies"), "w");
	T_OK(f != NULL && fputs("of a later siogate", f) >= 0 && fclose(f) == 0);
	store_tally(s.store, TALLY_ACL);
	T_EQ(tally_of(TALLY_ACL), 0);
	f = fopen(path_of("tallies"), "r");
	T_OK(f != NULL && fgets(text, sizeof(text), f) != NULL && fclose(f) == 0);
	T_STR(text, "of a later siogate");
	end();
}

int
main(void)
{
	T_RUN(nobody_else_may_look_into_a_store);
	T_RUN(a_file_that_was_replaced_is_noticed);
	T_RUN(who_finds_no_lock_is_told_who_has_it);
	T_RUN(a_lock_file_that_is_emptied_stops_nobody);
	T_RUN(root_acts_as_the_owner);
	T_RUN(another_account_is_refused_by_name);
	T_RUN(a_path_that_cannot_be_made_is_said);
	T_RUN(a_reboot_ends_sessions_and_opens_their_windows);
	T_RUN(a_restored_copy_never_repeats_a_seq);
	T_RUN(a_newer_program_takes_over);
	T_RUN(the_store_of_an_older_program_is_brought_up_to_date);
	T_RUN(session_0_is_nobody);
	T_RUN(what_is_only_looked_at_is_not_made);
	T_RUN(a_file_of_tallies_that_is_emptied_begins_again);
	T_RUN(a_file_of_tallies_that_is_not_ours_is_left_alone);
	T_RUN(a_full_disk_is_an_error_and_then_over);
	T_RUN(a_file_that_was_big_shrinks_again);
	T_RUN(the_wal_stays_small);
	T_RUN(who_leaves_last_leaves_no_long_wal);
	T_RUN(opening_what_is_there_writes_nothing);
#ifdef SYNC_FILE_RANGE_WRITE
	T_RUN(the_wal_is_on_its_way_before_anybody_waits_for_it);
#endif
	T_RUN(a_rollback_journal_does_it_too);
	T_RUN(a_network_filesystem_is_refused_by_name_unless_the_journal_fits);
	T_RUN(a_long_path_wakes_too);
	return t_end();
}
