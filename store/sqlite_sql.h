/*
 * sqlite_sql.h - all statements by name, and one way to run them
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STORE_SQLITE_SQL_H
#define STORE_SQLITE_SQL_H

#include <sqlite3.h>

#include "base/rc.h"
#include "base/slice.h"

struct arena;
struct sqlite;

enum sql {
	SQL_BEGIN, SQL_BEGIN_READ, SQL_COMMIT, SQL_ROLLBACK, SQL_DATA_VERSION,
	SQL_STATE_GET, SQL_STATE_SET, SQL_META_GET, SQL_META_SET,

	SQL_SESSION_ADD, SQL_SESSION_BY_SID, SQL_SESSION_WALK, SQL_SESSION_DROP,
	SQL_SESSION_LANE, SQL_SESSION_INHERIT, SQL_SOCKET_LANE,
	SQL_SESSION_PARTIAL, SQL_SESSION_ALL,
	SQL_SESSION_TRANSPORT, SQL_PROBE_SET, SQL_PROBE_GET, SQL_PROBE_DROP,

	SQL_LIVE_ADD, SQL_LIVE_GET, SQL_LIVE_SET, SQL_LIVE_DROP, SQL_LIVE_WALK,

	SQL_CHANNEL_FIND, SQL_CHANNEL_ADD, SQL_CHANNEL_TIDY, SQL_CHANNEL_KEY,
	SQL_CHANNEL_RANGE,

	SQL_MEMBER_LAST, SQL_MEMBER_ADD, SQL_MEMBER_END, SQL_MEMBER_REOPEN,
	SQL_MEMBER_DROP, SQL_MEMBER_OF_SESSION, SQL_MEMBER_OF_SOCKET,
	SQL_MEMBER_ROOMS, SQL_MEMBER_AT, SQL_MEMBER_OPEN, SQL_MEMBER_IS,
	SQL_MEMBER_WAS, SQL_MEMBER_COUNT, SQL_MEMBER_ROOM_COUNT,
	SQL_MEMBER_ANY, SQL_MEMBER_OPEN_OF, SQL_MEMBER_DROP_SOCKET, SQL_MEMBER_DROP_SESSION,
	SQL_MEMBER_MOVE, SQL_MEMBER_CLAIMS, SQL_MEMBER_FIRST, SQL_MEMBER_HEARD,

	SQL_SOCKET_ADD, SQL_SOCKET_BY_ID, SQL_SOCKET_IS, SQL_SOCKET_BY_N,
	SQL_SOCKET_NUMBER, SQL_SOCKET_NAME,
	SQL_SOCKET_BY_PID, SQL_SOCKET_OF_SESSION, SQL_SOCKET_DROP,
	SQL_SOCKET_GONE, SQL_SOCKET_PROVED, SQL_SOCKET_BACK, SQL_SOCKET_SET, SQL_SOCKET_OVER,

	SQL_RECORD_ADD, SQL_RECORD_TELL, SQL_RECORD_ALSO, SQL_RECORD_GET, SQL_RECORD_OF_CHANNEL,
	SQL_RECORD_OF_ALSO, SQL_RECORD_PRIOR, SQL_RECORD_TAIL, SQL_RECORD_OLD,
	SQL_RECORD_TRIM, SQL_RECORD_TRIM_ALSO, SQL_RECORD_OLDEST,

	SQL_KEPT_ADD, SQL_KEPT_CUT, SQL_KEPT_WALK, SQL_KEPT_OVER, SQL_KEPT_DROP,

	SQL_REPLAY_ADD, SQL_REPLAY_WALK, SQL_REPLAY_SET, SQL_REPLAY_BACK,
	SQL_REPLAY_KEEP, SQL_REPLAY_DONE, SQL_REPLAY_DROP, SQL_REPLAY_COUNT,
	SQL_REPLAY_PROVED, SQL_REPLAY_OPEN,

	SQL_QUESTION_ADD, SQL_QUESTION_GET, SQL_QUESTION_COUNTED,
	SQL_QUESTION_DROP, SQL_QUESTION_DONE, SQL_QUESTION_OLDEST,
	SQL_QUESTION_DUE, SQL_QUESTION_WALK, SQL_ANSWER_ADD, SQL_ANSWER_WALK, SQL_ANSWER_DROP,

	SQL_TIMER_ADD, SQL_TIMER_DROP, SQL_TIMER_COUNT, SQL_TIMER_DUE,
	SQL_TIMER_GET, SQL_TIMER_NEXT, SQL_TIMER_END, SQL_TIMER_ANY, SQL_TIMER_OF_SOCKET,
	SQL_NEXT_DUE,

	SQL_TASK_ADD, SQL_TASK_HEADS, SQL_TASK_BEFORE, SQL_TASK_WALK,
	SQL_TASK_BATCH, SQL_TASK_GET, SQL_TASK_BYE, SQL_TASK_REFRESH,
	SQL_TASK_UNBYE, SQL_TASK_LEASE, SQL_TASK_ASIDE, SQL_TASK_ASIDE_LANE, SQL_TASK_DELAY,
	SQL_TASK_AFRESH, SQL_TASK_EVENT, SQL_TASK_DROP, SQL_TASK_DROP_LANE, SQL_TASK_ASKING,
	SQL_TASK_COUNT, SQL_INBOX_SIZE,

	SQL_VALUE_LANE, SQL_VALUE_SET, SQL_VALUE_DROP, SQL_VALUE_GET, SQL_VALUE_UNTIL, SQL_VALUE_WALK,
	SQL_VALUE_KEEP, SQL_VALUE_OVER,
	SQL_ONCE_GET, SQL_ONCE_SET, SQL_ONCE_OVER,

	SQL_ACL_SET, SQL_ACL_GET, SQL_ACL_DROP, SQL_ACL_OF_SOCKET, SQL_ACL_WALK,

	SQL_PRESENCE_GET, SQL_PRESENCE_CAME, SQL_PRESENCE_AWAY, SQL_PRESENCE_DROP,
	SQL_PRESENCE_WALK, SQL_PRESENCE_HERE, SQL_PRESENCE_OVER, SQL_PRESENCE_IS, SQL_MEMBER_PRESENT,
	SQL_KEPT_AFTER, SQL_KEPT_MAIL,

	SQL_STATS, SQL_FREE_PAGES, SQL_VACUUM_STEP,
	SQL__COUNT
};

/* The making of an empty store, and of each version from the one before. */
extern const char *const sql_schema;

/* Parts of it that a migration makes, too. */
#define SCHEMA_STATE                                                           \
	"DROP VIEW IF EXISTS state;"                                           \
	"CREATE VIEW state AS SELECT json_extract(row, '$[0]') AS schema,"     \
	" json_extract(row, '$[1]') AS seq, json_extract(row, '$[2]') AS floor,"       \
	" json_extract(row, '$[3]') AS oldest_wall,"                           \
	" json_extract(row, '$[4]') AS log_bytes,"                             \
	" json_extract(row, '$[5]') AS sessions,"                              \
	" json_extract(row, '$[6]') AS also,"                                  \
	" json_extract(row, '$[7]') AS session_n,"                             \
	" json_extract(row, '$[8]') AS socket_n,"                              \
	" json_extract(row, '$[9]') AS channel_n,"                             \
	" json_extract(row, '$[10]') AS question_n,"                           \
	" json_extract(row, '$[11]') AS task_n,"                               \
	" json_extract(row, '$[12]') AS swept,"                                \
	" json_extract(row, '$[13]') AS adopted,"                              \
	" json_extract(row, '$[14]') AS acls FROM live WHERE session = 0;"
#define SCHEMA_LANES                                                           \
	"CREATE INDEX task_lane ON task(lane, n) WHERE aside = 0;"             \
	"CREATE INDEX task_socket ON task(socket, n)"                          \
	" WHERE aside = 0 AND socket > 0;"
#define SCHEMA_LANES_FROM_3                                                    \
	"ALTER TABLE session ADD COLUMN lane INT;"                             \
	"ALTER TABLE socket ADD COLUMN lane INT;"                              \
	"ALTER TABLE task ADD COLUMN lane INT DEFAULT 0;"                      \
	"ALTER TABLE task ADD COLUMN session INT DEFAULT 0;"                   \
	"ALTER TABLE task ADD COLUMN upto INT DEFAULT 0;"                      \
	"ALTER TABLE task ADD COLUMN at INT DEFAULT 0;"                        \
	"ALTER TABLE task ADD COLUMN due INT DEFAULT 0;"                       \
	"ALTER TABLE task ADD COLUMN bytes INT DEFAULT 0;"                     \
	"ALTER TABLE task ADD COLUMN ack TEXT;"                                \
	"ALTER TABLE task ADD COLUMN says BLOB;"                               \
	"ALTER TABLE task ADD COLUMN pid TEXT;"                                \
	"ALTER TABLE task ADD COLUMN rooms BLOB;"                              \
	"ALTER TABLE task ADD COLUMN generation INT DEFAULT 0;"                \
	"ALTER TABLE task ADD COLUMN transport INT DEFAULT 0;"                 \
	"ALTER TABLE task ADD COLUMN connected INT DEFAULT 0;"
#define SCHEMA_PRESENCE                                                        \
	"CREATE TABLE presence(nsp TEXT, room TEXT, user TEXT, since INT,"     \
	" away INT, until INT, PRIMARY KEY(nsp, room, user)) WITHOUT ROWID;"   \
	"CREATE INDEX presence_until ON presence(until) WHERE until > 0;"

/* How many events each channel keeps, so that nobody walks a mailbox of a million to
 * count it; and those who are here, apart from all who ever were. */
#define SCHEMA_KEPT                                                            \
	"CREATE TABLE kept_count(channel INTEGER PRIMARY KEY, n INT);"          \
	"CREATE TRIGGER kept_more AFTER INSERT ON kept BEGIN"                  \
	" INSERT OR IGNORE INTO kept_count VALUES(new.channel, 0);"            \
	" UPDATE kept_count SET n = n + 1 WHERE channel = new.channel; END;"    \
	"CREATE TRIGGER kept_less AFTER DELETE ON kept BEGIN"                  \
	" UPDATE kept_count SET n = n - 1 WHERE channel = old.channel;"         \
	" DELETE FROM kept_count WHERE channel = old.channel AND n = 0; END;"   \
	"CREATE INDEX presence_here ON presence(nsp, room, user, since, away,"  \
	" until) WHERE until = 0;"

#define SCHEMA_ACL                                                             \
	"CREATE TABLE acl(key BLOB PRIMARY KEY, socket INT, names BLOB, by TEXT,"      \
	" wall INT) WITHOUT ROWID;"                                            \
	"CREATE INDEX acl_socket ON acl(socket) WHERE socket > 0;"

/*
 * Binds values, one letter each: i an int64_t, t a struct slice as text, b one
 * as a blob (absent is NULL).  Slices must live until sql_end() or the last
 * sql_row().
 *
 * sql_do() runs a statement without rows.  Else:
 *   sqlite3_stmt *s = sql_open(db, SQL_X, "ti", sid, n);
 *   while (sql_row(db, s)) ...
 *   sql_end(s);                     (only needed when left early)
 * Nothing runs once db->failed is set; s may then be NULL, which all accept.
 */
void sql_do(struct sqlite *db, enum sql id, const char *types, ...);
sqlite3_stmt *sql_open(struct sqlite *db, enum sql id, const char *types, ...);
bool sql_row(struct sqlite *db, sqlite3_stmt *s);
void sql_end(sqlite3_stmt *s);
/* The first column of the first row, or dflt. */
int64_t sql_int(struct sqlite *db, int64_t dflt, enum sql id,
    const char *types, ...);
/* Logs and keeps an error of SQLite; what: what was tried. */
void sql_fail(struct sqlite *db, const char *what);

static inline int64_t
col_int(sqlite3_stmt *s, int i)
{
	return sqlite3_column_int64(s, i);
}

/* For LIMIT: SIZE_MAX is no limit. */
static inline int64_t
sql_limit(size_t limit)
{
	return limit > INT64_MAX ? INT64_MAX : (int64_t)limit;
}

/* Valid until the next step. */
struct slice col_slice(sqlite3_stmt *s, int i);
/* In the arena; NULL becomes absent. */
struct slice col_dup(sqlite3_stmt *s, int i, struct arena *arena);
/* Into a fixed text; cut, if need be. */
void col_text(sqlite3_stmt *s, int i, char *out, size_t size);

#endif
