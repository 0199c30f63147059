/*
 * sqlite_sql.c - all SQL there is, in one table
 *
 * Layout, and why:
 *   - live holds what changes with every request, so that a hundred updates
 *     touch few pages; no index on it, or each update would cost two.  Its
 *     fields stand in one text (a JSON array): with a column each an update took
 *     twice as long.  People read the view live_columns.  Session 0 is the state
 *     of the store itself (view state).
 *   - a record to a session itself (an ack, a CONNECT) has channel -session and
 *     is in no index: live.head names the newest, record.prior the one before.
 *   - member is the interval [from_seq, to_seq) of a socket in a channel; to_seq
 *     0 is open, session 0 is a socket that is gone but may come back.
 *   - the room of a socket's own name is the odd channel 2 * n + 1 and has no
 *     row in channel (even numbers) unless others stay in it without the socket.
 *   - sockets of a session are found through its memberships.
 *
 * Everything here runs on SQLite 3.24.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "store/sqlite_private.h"

const char *const sql_schema =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE session(n INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE,"
    " generation INT, transport INT, opened_wall INT, info TEXT, partial BLOB,"
    " lane INT);"
    "CREATE TABLE live(session INTEGER PRIMARY KEY, row TEXT);"
    "CREATE VIEW live_columns AS SELECT session,"
    " json_extract(row, '$[0]') AS cursor, json_extract(row, '$[1]') AS prev,"
    " json_extract(row, '$[2]') AS head, json_extract(row, '$[3]') AS holder,"
    " json_extract(row, '$[4]') AS ticket,"
    " json_extract(row, '$[5]') AS claim_seq,"
    " json_extract(row, '$[6]') AS heard, json_extract(row, '$[7]') AS ping,"
    " json_extract(row, '$[8]') AS opened,"
    " json_extract(row, '$[9]') AS version,"
    " json_extract(row, '$[10]') AS namespaces,"
    " json_extract(row, '$[11]') AS transport,"
    " json_extract(row, '$[12]') AS flags,"
    " json_extract(row, '$[13]') AS post_hash,"
    " json_extract(row, '$[14]') AS t, json_extract(row, '$[15]') AS post_t"
    " FROM live WHERE session > 0;"
    SCHEMA_STATE
    "CREATE TABLE probe(session INTEGER PRIMARY KEY, holder INT, ticket INT);"
    "CREATE TABLE channel(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE);"
    "CREATE TABLE member(channel INT, socket INT, from_seq INT, to_seq INT,"
    " session INT, PRIMARY KEY(channel, socket, from_seq)) WITHOUT ROWID;"
    "CREATE INDEX member_session ON member(session, socket, to_seq);"
    "CREATE TABLE socket(n INTEGER PRIMARY KEY, session INT, nsp TEXT, id TEXT,"
    " pid TEXT, user TEXT, data TEXT, connected_wall INT, gone_wall INT,"
    " proved INT, lane INT);"
    "CREATE INDEX socket_id ON socket(id);"
    "CREATE INDEX socket_pid ON socket(pid) WHERE pid > '';"
    "CREATE INDEX socket_gone ON socket(gone_wall) WHERE gone_wall > 0;"
    "CREATE TABLE record(seq INTEGER PRIMARY KEY, channel INT, prior INT,"
    " wall INT, kind INT, flags INT, id INT, id_text TEXT, nsp TEXT,"
    " channels BLOB, unless BLOB, unless_ids BLOB, data TEXT,"
    " attachments BLOB);"
    "CREATE INDEX record_channel ON record(channel, seq) WHERE channel > 0;"
    "CREATE TABLE also(channel INT, seq INT, PRIMARY KEY(channel, seq))"
    " WITHOUT ROWID;"
    "CREATE INDEX also_seq ON also(seq);"
    "CREATE TABLE kept(n INTEGER PRIMARY KEY, channel INT, seq INT, until INT,"
    " wall INT, kind INT, flags INT, nsp TEXT, channels BLOB, data TEXT,"
    " attachments BLOB, UNIQUE(channel, seq));"
    "CREATE INDEX kept_until ON kept(until);"
    "CREATE TABLE replay(session INT, socket INT, pos INT, back INT, upto INT,"
    " PRIMARY KEY(session, socket)) WITHOUT ROWID;"
    "CREATE TABLE question(n INTEGER PRIMARY KEY, seq INT, nsp TEXT,"
    " channels BLOB, unless BLOB, name TEXT, context TEXT, expected INT,"
    " answered INT, due INT, waits INT, done INT);"
    "CREATE INDEX question_due ON question(due);"
    "CREATE TABLE answer(question INT, socket INT, place INT, data TEXT,"
    " attachments BLOB, PRIMARY KEY(question, socket)) WITHOUT ROWID;"
    "CREATE TABLE timer(n INTEGER PRIMARY KEY, socket INT, nsp TEXT, name TEXT,"
    " context TEXT, due INT, every INT, UNIQUE(socket, nsp, name));"
    "CREATE INDEX timer_due ON timer(due);"
    "CREATE TABLE task(n INTEGER PRIMARY KEY, kind INT, attempts INT,"
    " aside INT, holder INT, lease INT, nsp TEXT, name TEXT, context TEXT,"
    " socket INT, socket_id TEXT, user TEXT, data TEXT, info TEXT,"
    " lane INT, session INT, upto INT, at INT, due INT, bytes INT,"
    " attachments BLOB, ack TEXT, says BLOB, pid TEXT, rooms BLOB,"
    " generation INT, transport INT, connected INT);"
    SCHEMA_LANES
    "CREATE TABLE value(key TEXT PRIMARY KEY, value TEXT, until INT)"
    " WITHOUT ROWID;"
    "CREATE INDEX value_until ON value(until) WHERE until > 0;"
    "CREATE TABLE once(key TEXT PRIMARY KEY, until INT) WITHOUT ROWID;"
    "CREATE INDEX once_until ON once(until);"
    SCHEMA_ACL SCHEMA_PRESENCE SCHEMA_KEPT;

#define SESSION_COLUMNS                                                 \
	"l.session, l.row, s.sid, s.generation, s.opened_wall, s.info," \
	" s.partial"
#define SOCKET_COLUMNS                                                  \
	"k.n, k.session, k.id, k.pid, k.nsp, k.user, k.data,"           \
	" k.connected_wall, k.gone_wall, s.sid, s.info, s.generation,"  \
	" s.transport"
#define TASK_COLUMNS                                                    \
	"t.n, t.kind, t.attempts, t.nsp, t.name, t.context, t.socket,"  \
	" t.socket_id, t.user, t.data, t.info, t.holder, t.lease,"      \
	" t.lane, t.session, t.upto, t.at, t.attachments, t.ack,"       \
	" t.says, t.pid, t.rooms, t.generation, t.transport,"           \
	" t.connected, t.aside"
#define SOCKET_FROM                                                     \
	" FROM socket k LEFT JOIN session s ON s.n = k.session"
#define RECORD_COLUMNS                                                  \
	"seq, channel, wall, kind, flags, id, id_text, nsp, channels,"  \
	" unless, data, attachments, unless_ids"
/* What counts for max_size; record_bytes() says the same in C. */
#define KEPT_BYTES                                                      \
	"64 + ifnull(length(data), 0) + ifnull(length(attachments), 0)" \
	" + ifnull(length(channels), 0)"
#define RECORD_BYTES                                                    \
	KEPT_BYTES " + ifnull(length(unless), 0)"

static const char *const texts[] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_BEGIN_READ] = "BEGIN",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_DATA_VERSION] = "PRAGMA data_version",
	[SQL_STATE_GET] = "SELECT row FROM live WHERE session = 0",
	[SQL_STATE_SET] = "UPDATE live SET row = ?1 WHERE session = 0",
	[SQL_META_GET] = "SELECT value FROM meta WHERE name = ?1",
	[SQL_META_SET] = "REPLACE INTO meta(name, value) VALUES(?1, ?2)",

	[SQL_SESSION_ADD] = "INSERT INTO session(n, sid, generation,"
	    " transport, opened_wall, info) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_SESSION_BY_SID] = "SELECT " SESSION_COLUMNS " FROM session s"
	    " JOIN live l ON l.session = s.n WHERE s.sid = ?1",
	[SQL_SESSION_WALK] = "SELECT " SESSION_COLUMNS " FROM session s"
	    " JOIN live l ON l.session = s.n WHERE s.n > ?1"
	    " ORDER BY s.n LIMIT ?2",
	[SQL_SESSION_DROP] = "DELETE FROM session WHERE n = ?1",
	[SQL_SESSION_LANE] = "SELECT coalesce(lane, n) FROM session WHERE n = ?1",
	[SQL_SESSION_INHERIT] = "UPDATE session SET lane = (SELECT k.lane FROM"
	    " socket k WHERE k.n = ?2) WHERE n = ?1 AND lane IS NULL",
	[SQL_SOCKET_LANE] = "SELECT lane FROM socket WHERE n = ?1",
	[SQL_SESSION_PARTIAL] = "UPDATE session SET partial = ?2 WHERE n = ?1",
	[SQL_SESSION_TRANSPORT] = "UPDATE session SET transport = ?2 WHERE n = ?1",
	[SQL_PROBE_SET] = "REPLACE INTO probe(session, holder, ticket)"
	    " VALUES(?1, ?2, ?3)",
	[SQL_PROBE_GET] = "SELECT holder, ticket FROM probe WHERE session = ?1",
	[SQL_PROBE_DROP] = "DELETE FROM probe WHERE session = ?1",
	[SQL_SESSION_ALL] = "SELECT n FROM session WHERE n > ?1 ORDER BY n LIMIT 1",

	[SQL_LIVE_ADD] = "INSERT INTO live(session, row) VALUES(?1, ?2)",
	[SQL_LIVE_GET] = "SELECT session, row FROM live WHERE session = ?1",
	[SQL_LIVE_SET] = "UPDATE live SET row = ?2 WHERE session = ?1",
	[SQL_LIVE_DROP] = "DELETE FROM live WHERE session = ?1",
	[SQL_LIVE_WALK] = "SELECT session, row FROM live WHERE session > ?1"
	    " ORDER BY session LIMIT ?2",

	[SQL_CHANNEL_FIND] = "SELECT id FROM channel WHERE key = ?1",
	[SQL_CHANNEL_ADD] = "INSERT INTO channel(id, key) VALUES(?1, ?2)",
	[SQL_CHANNEL_TIDY] = "DELETE FROM channel WHERE id = ?1"
	    " AND NOT EXISTS (SELECT 1 FROM member WHERE channel = ?1)"
	    " AND NOT EXISTS (SELECT 1 FROM kept WHERE channel = ?1)",
	[SQL_CHANNEL_KEY] = "SELECT key FROM channel WHERE id = ?1",
	[SQL_CHANNEL_RANGE] = "SELECT key, (SELECT count(*) FROM member"
	    " WHERE channel = c.id AND to_seq = 0 AND session > 0) FROM channel c"
	    " WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT ?3",

	[SQL_MEMBER_LAST] = "SELECT from_seq, to_seq FROM member WHERE"
	    " channel = ?1 AND socket = ?2 ORDER BY from_seq DESC LIMIT 1",
	[SQL_MEMBER_ADD] = "INSERT INTO member(channel, socket, from_seq, to_seq,"
	    " session) VALUES(?1, ?2, ?3, 0, ?4)",
	[SQL_MEMBER_END] = "UPDATE member SET to_seq = ?4 WHERE channel = ?1"
	    " AND socket = ?2 AND from_seq = ?3",
	[SQL_MEMBER_REOPEN] = "UPDATE member SET to_seq = 0 WHERE channel = ?1"
	    " AND socket = ?2 AND from_seq = ?3",
	[SQL_MEMBER_DROP] = "DELETE FROM member WHERE channel = ?1"
	    " AND socket = ?2 AND from_seq = ?3",
	[SQL_MEMBER_OF_SESSION] = "SELECT socket, channel, from_seq, to_seq"
	    " FROM member WHERE session = ?1",
	[SQL_MEMBER_OF_SOCKET] = "SELECT socket, channel, from_seq, to_seq"
	    " FROM member WHERE session = ?1 AND socket = ?2",
	[SQL_MEMBER_ROOMS] = "SELECT c.key, m.channel FROM member m"
	    " LEFT JOIN channel c ON c.id = m.channel WHERE m.session = ?1 AND m.socket = ?2"
	    " AND m.to_seq = 0 ORDER BY m.from_seq",
	[SQL_MEMBER_AT] = "SELECT session, socket, from_seq, to_seq FROM member"
	    " WHERE channel = ?1 AND session > 0 AND (to_seq = 0 OR to_seq > ?2)",
	[SQL_MEMBER_OPEN] = "SELECT socket, session FROM member WHERE"
	    " channel = ?1 AND socket > ?2 AND to_seq = 0 AND (session > 0 OR ?3)"
	    " ORDER BY socket LIMIT ?4",
	[SQL_MEMBER_IS] = "SELECT 1 FROM member WHERE channel = ?1"
	    " AND socket = ?2 AND to_seq = 0",
	[SQL_MEMBER_WAS] = "SELECT 1 FROM member WHERE channel = ?1"
	    " AND socket = ?2 AND from_seq <= ?3 AND (to_seq = 0 OR to_seq > ?3)",
	[SQL_MEMBER_COUNT] = "SELECT count(*) FROM member WHERE channel = ?1"
	    " AND to_seq = 0 AND session > 0",
	[SQL_MEMBER_ROOM_COUNT] = "SELECT count(*) FROM member m"
	    " LEFT JOIN channel c ON c.id = m.channel WHERE m.session = ?1"
	    " AND m.socket = ?2 AND m.to_seq = 0"
	    " AND (c.id IS NULL OR substr(c.key, 1, 1) = x'72')",
	[SQL_MEMBER_ANY] = "SELECT 1 FROM member WHERE channel = ?1"
	    " AND to_seq = 0 LIMIT 1",
	[SQL_MEMBER_OPEN_OF] = "SELECT channel, from_seq FROM member"
	    " WHERE session = ?1 AND socket = ?2 AND to_seq = 0",
	[SQL_MEMBER_DROP_SOCKET] = "DELETE FROM member WHERE session = ?1"
	    " AND socket = ?2",
	[SQL_MEMBER_DROP_SESSION] = "DELETE FROM member WHERE session = ?1",
	[SQL_MEMBER_MOVE] = "UPDATE member SET session = ?3 WHERE session = ?1"
	    " AND socket = ?2",
	[SQL_MEMBER_CLAIMS] = "SELECT l.session, l.row FROM member m JOIN live l"
	    " ON l.session = m.session WHERE m.channel = ?1 AND m.session > 0"
	    " AND m.to_seq = 0 LIMIT ?2",
	[SQL_MEMBER_HEARD] = "SELECT m.channel, m.from_seq, m.to_seq, c.key,"
	    " k.nsp, k.id FROM member m LEFT JOIN channel c ON c.id = m.channel"
	    " LEFT JOIN socket k ON c.id IS NULL AND k.n = m.channel / 2"
	    " WHERE m.session = ?1",
	[SQL_MEMBER_FIRST] = "SELECT min(from_seq) FROM member"
	    " WHERE session = ?1 AND socket = ?2",

	[SQL_SOCKET_ADD] = "INSERT INTO socket(n, session, nsp, id, pid, user,"
	    " data, connected_wall, gone_wall)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)",
	[SQL_SOCKET_BY_ID] = "SELECT " SOCKET_COLUMNS SOCKET_FROM
	    " WHERE k.id = ?1 AND k.nsp = ?2",
	[SQL_SOCKET_NUMBER] = "SELECT n FROM socket WHERE id = ?1 AND nsp = ?2",
	[SQL_SOCKET_NAME] = "SELECT id FROM socket WHERE n = ?1",
	[SQL_SOCKET_IS] = "SELECT 1 FROM socket WHERE n = ?1",
	[SQL_SOCKET_BY_N] = "SELECT " SOCKET_COLUMNS SOCKET_FROM
	    " WHERE k.n = ?1",
	[SQL_SOCKET_BY_PID] = "SELECT " SOCKET_COLUMNS SOCKET_FROM
	    " WHERE k.pid = ?1 AND k.pid > '' AND k.nsp = ?2",
	[SQL_SOCKET_OF_SESSION] = "SELECT DISTINCT socket FROM member"
	    " WHERE session = ?1",
	[SQL_SOCKET_DROP] = "DELETE FROM socket WHERE n = ?1",
	[SQL_SOCKET_GONE] = "UPDATE socket SET session = 0, gone_wall = ?2,"
	    " proved = ?3, lane = (SELECT coalesce(s.lane, s.n) FROM session s"
	    " WHERE s.n = socket.session) WHERE n = ?1",
	[SQL_SOCKET_PROVED] = "SELECT proved FROM socket WHERE n = ?1",
	[SQL_SOCKET_BACK] = "UPDATE socket SET session = ?2, gone_wall = 0"
	    " WHERE n = ?1",
	[SQL_SOCKET_SET] = "UPDATE socket SET data = ?2, user = ?3"
	    " WHERE n = ?1",
	[SQL_SOCKET_OVER] = "SELECT n FROM socket WHERE gone_wall > 0"
	    " AND gone_wall <= ?1 ORDER BY gone_wall LIMIT ?2",

	[SQL_RECORD_ADD] = "INSERT INTO record(seq, channel, prior, wall, kind,"
	    " flags, id, id_text, nsp, channels, unless, unless_ids, data,"
	    " attachments) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
	    " ?12, ?13, ?14)",
	[SQL_RECORD_TELL] = "INSERT INTO record(seq, channel, prior, wall, kind,"
	    " flags, id, id_text, nsp, data) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7,"
	    " ?8, ?9, ?10)",
	[SQL_RECORD_ALSO] = "INSERT OR IGNORE INTO also(channel, seq)"
	    " VALUES(?1, ?2)",
	[SQL_RECORD_GET] = "SELECT " RECORD_COLUMNS " FROM record WHERE seq = ?1",
	[SQL_RECORD_OF_CHANNEL] = "SELECT seq FROM record WHERE channel = ?1"
	    " AND channel > 0 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4",
	[SQL_RECORD_OF_ALSO] = "SELECT seq FROM also WHERE channel = ?1"
	    " AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4",
	[SQL_RECORD_PRIOR] = "SELECT prior FROM record WHERE seq = ?1",
	[SQL_RECORD_TAIL] = "SELECT " RECORD_COLUMNS " FROM record WHERE seq > ?1"
	    " ORDER BY seq LIMIT ?2",
	[SQL_RECORD_OLD] = "SELECT seq, wall, " RECORD_BYTES " FROM record"
	    " WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
	[SQL_RECORD_TRIM] = "DELETE FROM record WHERE seq BETWEEN ?1 AND ?2",
	[SQL_RECORD_TRIM_ALSO] = "DELETE FROM also WHERE seq <= ?1",
	[SQL_RECORD_OLDEST] = "SELECT wall FROM record WHERE seq >= ?1"
	    " ORDER BY seq LIMIT 1",

	[SQL_KEPT_ADD] = "INSERT OR IGNORE INTO kept(channel, seq, until, wall,"
	    " kind, flags, nsp, channels, data, attachments)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[SQL_KEPT_CUT] = "SELECT n, " KEPT_BYTES ", channel FROM kept"
	    " WHERE channel = ?1 ORDER BY seq LIMIT (SELECT max(0, min(100, n - ?2))"
	    " FROM kept_count WHERE channel = ?1)",
	[SQL_KEPT_WALK] = "SELECT seq, channel, wall, kind, flags, -1, NULL, nsp,"
	    " channels, NULL, data, attachments, NULL FROM kept WHERE"
	    " channel = ?1 AND seq < ?2 AND until > ?4"
	    " ORDER BY seq DESC LIMIT ?3",
	[SQL_KEPT_OVER] = "SELECT n, " KEPT_BYTES ", channel FROM kept"
	    " WHERE until <= ?1 ORDER BY until LIMIT ?2",
	[SQL_KEPT_DROP] = "DELETE FROM kept WHERE n = ?1",

	[SQL_REPLAY_ADD] = "REPLACE INTO replay(socket, session, pos, back, upto)"
	    " VALUES(?1, ?2, ?3, ?3, ?4)",
	[SQL_REPLAY_WALK] = "SELECT socket, pos, upto FROM replay"
	    " WHERE session = ?1 ORDER BY upto",
	[SQL_REPLAY_SET] = "UPDATE replay SET pos = ?2 WHERE socket = ?1"
	    " AND session = ?3",
	[SQL_REPLAY_BACK] = "UPDATE replay SET pos = back WHERE session = ?1",
	[SQL_REPLAY_KEEP] = "UPDATE replay SET back = pos WHERE session = ?1",
	[SQL_REPLAY_DONE] = "DELETE FROM replay WHERE session = ?1"
	    " AND pos >= upto AND upto <= ?2",
	[SQL_REPLAY_DROP] = "DELETE FROM replay WHERE session = ?1",
	[SQL_REPLAY_COUNT] = "SELECT count(*) FROM replay WHERE session = ?1",
	[SQL_REPLAY_PROVED] = "SELECT back FROM replay WHERE socket = ?1"
	    " AND session = ?2 AND back < upto",
	[SQL_REPLAY_OPEN] = "SELECT min(pos) FROM replay WHERE session = ?1"
	    " AND pos < upto",

	[SQL_QUESTION_ADD] = "INSERT INTO question(n, seq, nsp, channels, unless,"
	    " name, context, expected, answered, due, waits, done)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?11)",
	[SQL_QUESTION_GET] = "SELECT seq, nsp, channels, unless, name, context,"
	    " expected, answered, due, waits, done FROM question WHERE n = ?1",
	[SQL_QUESTION_COUNTED] = "UPDATE question SET answered = ?2"
	    " WHERE n = ?1",
	[SQL_QUESTION_DROP] = "DELETE FROM question WHERE n = ?1",
	[SQL_QUESTION_DONE] = "UPDATE question SET done = 1, due = ?2"
	    " WHERE n = ?1",
	[SQL_QUESTION_OLDEST] = "SELECT min(seq) FROM question WHERE done = 0",
	[SQL_QUESTION_DUE] = "SELECT n FROM question WHERE due <= ?1"
	    " ORDER BY due LIMIT ?2",
	[SQL_QUESTION_WALK] = "SELECT n, name, context, due, expected, answered"
	    " FROM question WHERE n > ?1 AND nsp = ?2 AND done = 0 ORDER BY n LIMIT ?3",
	[SQL_ANSWER_ADD] = "INSERT OR IGNORE INTO answer(question, socket, place,"
	    " data, attachments) VALUES(?1, ?2, ?3, ?4, ?5)",
	[SQL_ANSWER_WALK] = "SELECT data, attachments FROM answer WHERE question = ?1"
	    " ORDER BY place",
	[SQL_ANSWER_DROP] = "DELETE FROM answer WHERE question = ?1",

	[SQL_TIMER_ADD] = "REPLACE INTO timer(socket, nsp, name, context, due,"
	    " every) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_TIMER_DROP] = "DELETE FROM timer WHERE socket = ?1 AND nsp = ?2"
	    " AND name = ?3",
	[SQL_TIMER_COUNT] = "SELECT count(*) FROM timer WHERE socket = ?1"
	    " AND nsp = ?2 AND name <> ?3",
	[SQL_TIMER_DUE] = "SELECT n FROM timer WHERE due <= ?1 ORDER BY due"
	    " LIMIT ?2",
	[SQL_TIMER_GET] = "SELECT socket, nsp, name, context, due, every"
	    " FROM timer WHERE n = ?1",
	[SQL_TIMER_NEXT] = "UPDATE timer SET due = ?2 WHERE n = ?1",
	[SQL_TIMER_END] = "DELETE FROM timer WHERE n = ?1",
	[SQL_TIMER_ANY] = "SELECT 1 FROM timer LIMIT 1",
	[SQL_TIMER_OF_SOCKET] = "DELETE FROM timer WHERE socket = ?1",
	[SQL_NEXT_DUE] = "SELECT min(due) FROM (SELECT min(due) AS due FROM timer"
	    " UNION ALL SELECT min(due) FROM question WHERE done = 0)",

	[SQL_TASK_ADD] = "INSERT INTO task(n, kind, attempts, aside, holder,"
	    " lease, nsp, name, context, socket, socket_id, user, data, info,"
	    " lane, session, upto, at, due, bytes, attachments, ack, says, pid,"
	    " rooms, generation, transport, connected)"
	    " VALUES(?1, ?2, 0, 0, 0, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
	    " ?12, 0, ?13, 0, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
	[SQL_TASK_HEADS] = "SELECT " TASK_COLUMNS " FROM task t WHERE n > ?1"
	    " AND aside = 0 AND due <= ?2 AND NOT EXISTS (SELECT 1 FROM task e"
	    "  WHERE e.lane = t.lane AND t.lane > 0 AND e.aside = 0 AND e.n < t.n)"
	    " AND NOT EXISTS (SELECT 1 FROM task e WHERE e.socket = t.socket"
	    "  AND e.socket > 0 AND e.aside = 0 AND e.n < t.n)"
	    " ORDER BY n LIMIT ?3",
	[SQL_TASK_BEFORE] = "SELECT 1 WHERE EXISTS (SELECT 1 FROM task"
	    "  WHERE lane = ?1 AND ?1 > 0 AND aside = 0 AND n < ?3)"
	    " OR EXISTS (SELECT 1 FROM task WHERE socket = ?2 AND socket > 0"
	    "  AND aside = 0 AND n < ?3)",
	[SQL_TASK_WALK] = "SELECT " TASK_COLUMNS " FROM task t WHERE n > ?1"
	    " ORDER BY n LIMIT ?2",
	[SQL_TASK_BATCH] = "SELECT " TASK_COLUMNS " FROM task t WHERE lane = ?1"
	    " AND n BETWEEN ?2 AND ?3 AND aside = 0 ORDER BY n LIMIT ?4",
	[SQL_TASK_GET] = "SELECT attempts, aside, holder, lease, lane, upto"
	    " FROM task WHERE n = ?1",
	[SQL_TASK_BYE] = "SELECT user, data, info, rooms, generation, transport,"
	    " connected FROM task WHERE socket = ?1 AND kind = 1 AND aside = 0"
	    " AND socket > 0",
	[SQL_TASK_REFRESH] = "UPDATE task SET data = coalesce(?2, data),"
	    " context = coalesce(?2, context),"
	    " user = CASE WHEN ?3 IS NULL THEN user ELSE nullif(?3, '') END"
	    " WHERE socket = ?1 AND kind = 1 AND aside = 0 AND socket > 0",
	[SQL_TASK_UNBYE] = "DELETE FROM task WHERE socket = ?1 AND kind = 1"
	    " AND attempts = 0 AND aside = 0 AND socket > 0",
	[SQL_TASK_LEASE] = "UPDATE task SET attempts = attempts + 1, holder = ?2,"
	    " lease = ?3, upto = ?4 WHERE n = ?1",
	[SQL_TASK_ASIDE] = "UPDATE task SET aside = 1, holder = 0, says = NULL"
	    " WHERE n = ?1",
	[SQL_TASK_ASIDE_LANE] = "UPDATE task SET aside = 1, holder = 0,"
	    " says = NULL WHERE lane = ?1 AND n BETWEEN ?2 AND ?3 AND aside = 0",
	[SQL_TASK_DELAY] = "UPDATE task SET holder = 0, lease = 0, due = ?2"
	    " WHERE n = ?1",
	[SQL_TASK_AFRESH] = "UPDATE task SET n = ?2, attempts = 0, aside = 0,"
	    " holder = 0, lease = 0, due = 0, upto = 0 WHERE n = ?1",
	[SQL_TASK_EVENT] = "UPDATE task SET kind = 5, socket = ?2, attempts = 0,"
	    " holder = 0, lease = 0, due = 0, upto = 0 WHERE n = ?1",
	[SQL_TASK_DROP] = "DELETE FROM task WHERE n = ?1",
	[SQL_TASK_DROP_LANE] = "DELETE FROM task WHERE lane = ?1"
	    " AND n BETWEEN ?2 AND ?3 AND aside = 0",
	[SQL_TASK_ASKING] = "SELECT 1 FROM task WHERE lane = ?1 AND session = ?2"
	    " AND kind = 4 AND nsp = ?3 AND aside = 0",
	[SQL_TASK_COUNT] = "SELECT count(*) FROM task",
	[SQL_INBOX_SIZE] = "SELECT count(*), sum(bytes) FROM task WHERE lane = ?1"
	    " AND aside = 0",

	[SQL_VALUE_LANE] = "SELECT 1 FROM value WHERE key >= '" LANE_KEY "'"
	    " AND key < '" LANE_KEY ":' LIMIT 1",
	[SQL_VALUE_SET] = "REPLACE INTO value(key, value, until)"
	    " VALUES(?1, ?2, ?3)",
	[SQL_VALUE_DROP] = "DELETE FROM value WHERE key = ?1",
	[SQL_VALUE_GET] = "SELECT value FROM value WHERE key = ?1"
	    " AND (until = 0 OR until > ?2)",
	[SQL_VALUE_WALK] = "SELECT key, value FROM value WHERE key >= ?1"
	    " AND (until = 0 OR until > ?2) ORDER BY key LIMIT ?3",
	[SQL_VALUE_UNTIL] = "UPDATE value SET until = ?2 WHERE key = ?1",
	[SQL_VALUE_KEEP] = "UPDATE value SET value = ?2 WHERE key = ?1",
	[SQL_VALUE_OVER] = "DELETE FROM value WHERE key IN (SELECT key FROM value"
	    " WHERE until > 0 AND until <= ?1 LIMIT ?2)",
	[SQL_ONCE_GET] = "SELECT until FROM once WHERE key = ?1",
	[SQL_ONCE_SET] = "REPLACE INTO once(key, until) VALUES(?1, ?2)",
	[SQL_ONCE_OVER] = "DELETE FROM once WHERE key IN (SELECT key FROM once"
	    " WHERE until <= ?1 LIMIT ?2)",

	[SQL_ACL_SET] = "REPLACE INTO acl(key, socket, names, by, wall)"
	    " VALUES(?1, ?2, ?3, ?4, ?5)",
	[SQL_ACL_GET] = "SELECT key, names, by, wall FROM acl WHERE key = ?1",
	[SQL_ACL_DROP] = "DELETE FROM acl WHERE key = ?1",
	[SQL_ACL_OF_SOCKET] = "DELETE FROM acl WHERE socket = ?1 AND ?1 > 0",
	[SQL_ACL_WALK] = "SELECT key, names, by, wall FROM acl WHERE key > ?1"
	    " ORDER BY key LIMIT ?2",

	[SQL_PRESENCE_GET] = "SELECT user, since, away, until FROM presence"
	    " WHERE nsp = ?1 AND room = ?2 AND user = ?3",
	[SQL_PRESENCE_CAME] = "REPLACE INTO presence(nsp, room, user, since, away,"
	    " until) VALUES(?1, ?2, ?3, ?4, 0, 0)",
	[SQL_PRESENCE_AWAY] = "UPDATE presence SET away = ?4, until = ?5"
	    " WHERE nsp = ?1 AND room = ?2 AND user = ?3",
	[SQL_PRESENCE_DROP] = "DELETE FROM presence"
	    " WHERE nsp = ?1 AND room = ?2 AND user = ?3",
	[SQL_PRESENCE_WALK] = "SELECT user, since, away, until FROM presence"
	    " WHERE nsp = ?1 AND room = ?2 AND user > ?3 ORDER BY user LIMIT ?4",
	[SQL_PRESENCE_HERE] = "SELECT user, since, away, until FROM presence"
	    " INDEXED BY presence_here WHERE nsp = ?1 AND room = ?2 AND user > ?3 AND until = 0"
	    " ORDER BY user LIMIT ?4",
	[SQL_PRESENCE_OVER] = "DELETE FROM presence WHERE (nsp, room, user) IN"
	    " (SELECT nsp, room, user FROM presence WHERE until > 0"
	    " AND until <= ?1 LIMIT ?2)",
	[SQL_PRESENCE_IS] = "SELECT 1 FROM member u JOIN member r ON"
	    " r.channel = ?2 AND r.socket = u.socket AND r.to_seq = 0"
	    " WHERE u.channel = ?1 AND u.to_seq = 0 AND u.session > 0 LIMIT 1",
	[SQL_MEMBER_PRESENT] = "SELECT 1 FROM member WHERE channel = ?1"
	    " AND to_seq = 0 AND session > 0 LIMIT 1",
	[SQL_KEPT_AFTER] = "SELECT seq, channel, wall, kind, flags, -1, NULL, nsp,"
	    " channels, NULL, data, attachments, NULL FROM kept WHERE"
	    " channel = ?1 AND seq > ?2 AND until > ?4"
	    " ORDER BY seq LIMIT ?3",
	[SQL_KEPT_MAIL] = "SELECT n, " KEPT_BYTES ", channel, data, attachments, seq"
	    " FROM kept WHERE channel = ?1 AND until > ?2 AND flags & 4"
	    " ORDER BY seq LIMIT ?3",

	[SQL_STATS] = "SELECT (SELECT count(*) FROM socket WHERE session > 0),"
	    " (SELECT count(*) FROM socket WHERE session = 0),"
	    " (SELECT count(*) FROM record), (SELECT count(*) FROM kept),"
	    " (SELECT count(DISTINCT m.channel) FROM member m JOIN channel c"
	    "  ON c.id = m.channel WHERE m.to_seq = 0 AND m.session > 0"
	    "  AND substr(c.key, 1, 1) = x'72'),"
	    " (SELECT count(*) FROM timer),"
	    " (SELECT count(*) FROM task WHERE aside = 0),"
	    " (SELECT count(*) FROM task WHERE aside = 1),"
	    " (SELECT count(*) FROM task WHERE aside = 0 AND kind >= 4),"
	    " (SELECT count(*) FROM question WHERE done = 0)",
	[SQL_FREE_PAGES] = "PRAGMA freelist_count",
	[SQL_VACUUM_STEP] = "PRAGMA incremental_vacuum(64)",
};
static_assert(sizeof(texts) / sizeof(*texts) == SQL__COUNT,
    "a statement is missing");

void
sql_fail(struct sqlite *db, const char *what)
{
	int code = sqlite3_extended_errcode(db->db);

	if (db->failed != RC_OK)
		return;
	db->failed = RC_IO;
	store_fail(&db->store, "%s: %s (%d) at: %.120s", db->file,
	    sqlite3_errmsg(db->db), code, what);
}

static sqlite3_stmt *
bind(struct sqlite *db, enum sql id, const char *types, va_list ap)
{
	sqlite3_stmt *s;
	struct slice v;

	if (db->failed != RC_OK)
		return NULL;
	if (db->stmts[id] == NULL && sqlite3_prepare_v3(db->db, texts[id], -1,
	    SQLITE_PREPARE_PERSISTENT, &db->stmts[id], NULL) != SQLITE_OK) {
		sql_fail(db, texts[id]);
		return NULL;
	}
	s = db->stmts[id];
	for (int i = 1; types[i - 1] != '\0'; i++) {
		if (types[i - 1] == 'i') {
			sqlite3_bind_int64(s, i, va_arg(ap, int64_t));
			continue;
		}
		v = va_arg(ap, struct slice);
		if (v.p == NULL)
			sqlite3_bind_null(s, i);
		else if (types[i - 1] == 't')
			sqlite3_bind_text(s, i, v.p, (int)v.n, SQLITE_STATIC);
		else
			sqlite3_bind_blob(s, i, v.p, (int)v.n, SQLITE_STATIC);
	}
	return s;
}

bool
sql_row(struct sqlite *db, sqlite3_stmt *s)
{
	int got;

	if (s == NULL)
		return false;
	if ((got = sqlite3_step(s)) == SQLITE_ROW)
		return true;
	if (got != SQLITE_DONE)
		sql_fail(db, sqlite3_sql(s));
	sqlite3_reset(s);
	return false;
}

void
sql_end(sqlite3_stmt *s)
{
	sqlite3_reset(s);
}

void
sql_do(struct sqlite *db, enum sql id, const char *types, ...)
{
	sqlite3_stmt *s;
	va_list ap;

	va_start(ap, types);
	s = bind(db, id, types, ap);
	va_end(ap);
	if (sql_row(db, s))
		sql_end(s);
}

sqlite3_stmt *
sql_open(struct sqlite *db, enum sql id, const char *types, ...)
{
	sqlite3_stmt *s;
	va_list ap;

	va_start(ap, types);
	s = bind(db, id, types, ap);
	va_end(ap);
	return s;
}

int64_t
sql_int(struct sqlite *db, int64_t dflt, enum sql id, const char *types, ...)
{
	sqlite3_stmt *s;
	va_list ap;

	va_start(ap, types);
	s = bind(db, id, types, ap);
	va_end(ap);
	if (sql_row(db, s)) {
		if (sqlite3_column_type(s, 0) != SQLITE_NULL)
			dflt = col_int(s, 0);
		sql_end(s);
	}
	return dflt;
}

struct slice
col_slice(sqlite3_stmt *s, int i)
{
	const char *p = sqlite3_column_blob(s, i);
	size_t n = (size_t)sqlite3_column_bytes(s, i);

	if (p == NULL && sqlite3_column_type(s, i) != SQLITE_NULL)
		p = "";
	return slice_of(p, n);
}

struct slice
col_dup(sqlite3_stmt *s, int i, struct arena *arena)
{
	return arena_dup(arena, col_slice(s, i));
}

void
col_text(sqlite3_stmt *s, int i, char *out, size_t size)
{
	struct slice v = col_slice(s, i);
	size_t n = v.n < size ? v.n : size - 1;

	if (n > 0)
		memcpy(out, v.p, n);
	out[n] = '\0';
}
