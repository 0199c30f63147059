/*
 * store_bench.c - what the store costs a message, in CPU time of this process
 *
 *     store_bench [--driver NAME] [--dir DIR] [--clients N] [--batch N]
 *         [--log N] [--mail N] [--retention MS] [--seconds N] [--no-look]
 *         [echo | broadcast | handshake | drain | letter | presence | crowd | history]
 *
 * The store is used as the session floor uses it: a turn of operations, and a
 * settle hook that reads the tail and delivers to parked polls.  An echo is a POST
 * (receive, ack), its delivery to the parked poll, and the next poll; a turn holds
 * `batch` of each kind.  With --mail so many letters wait for a user who is away:
 * what that costs everybody else is the difference.  `letter` leaves one more in that
 * mailbox; `presence` asks who is in a room of `clients` users; `crowd` gives each
 * client a user and a room of its own, and asks for pages of 1000 and for one of them;
 * `history` reads `log` kept events from the beginning, 1000 at a time.  DIR must be
 * empty or missing; it is not removed.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/store.h"

enum { MAIL_MAX = 10000000 };

static struct bench {
	const char *driver, *dir;
	size_t clients, batch, log, mail;
	double seconds;
	struct store *store;
	uint64_t *sessions, *tickets;
	char (*sids)[24];
	bool *parked;
	struct arena arena;
	struct turn turn;
	int64_t seen;
	uint64_t ticket, delivered, t;
	int64_t retention;
	bool looks;                     /* store_session() before each operation */
} b = { "sqlite", "store-bench.tmp", 100, 5, 0, 0, 2, NULL, NULL, NULL, NULL, NULL,
	ARENA_INIT, { 0 }, 0, 0, 0, 0, 3600000, true };

static void
die(const char *what)
{
	fprintf(stderr, "store_bench: %s: %s\n", what, b.store == NULL ? "" :
	    store_error(b.store));
	exit(1);
}

static double
cpu_now(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	    (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

static double
wall_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- the session floor in small -------------------------------------------- */

static void
deliver(void *turn, uint64_t session, uint64_t socket)
{
	struct store_op *op;
	size_t i = (size_t)session - 1;

	(void)socket;
	if (i >= b.clients || !b.parked[i])
		return;
	op = turn_add(turn, OP_DELIVER, NULL);
	op->u.deliver.session = session;
	op->u.deliver.ticket = b.tickets[i];
	op->u.deliver.upto = b.seen;
	b.parked[i] = false;
	b.delivered++;
}

static void
on_record(void *turn, const struct record *r)
{
	struct slice rest = r->channels, key;
	uint64_t session;

	b.seen = r->seq;
	while (pack_next(&rest, &key)) {
		if ((session = channel_session(key)) != 0)
			deliver(turn, session, 0);
		else
			store_members(b.store, key, r->seq, deliver, turn);
	}
}

static void
settle(void *arg, struct store *store, struct turn *turn)
{
	int64_t floor;

	(void)arg;
	if (store_tail(store, b.seen, 1000, turn->arena, on_record, turn,
	    &floor) != RC_OK)
		die("tail");
}

static void
turn_start(void)
{
	arena_reset(&b.arena);
	turn_init(&b.turn, &b.arena);
	b.turn.settle = settle;
	if (b.looks)
		store_look(b.store);
}

static void
turn_commit(void)
{
	enum rc rc;

	while ((rc = store_commit(b.store, &b.turn)) == RC_AGAIN)
		continue;
	if (rc != RC_OK)
		die("commit");
}

/* ---- operations -------------------------------------------------------------- */

static struct session_row
look(size_t i)
{
	struct session_row row = { .version = 1 };

	if (b.looks && store_session(b.store, slice_str(b.sids[i]), &b.arena, &row)
	    != RC_OK)
		die("session");
	return row;
}

static struct slice
stamp(void)
{
	return arena_printf(&b.arena, "t%llx", (unsigned long long)++b.t);
}

static void
poll_add(size_t i)
{
	struct store_op *op;

	look(i);
	op = turn_add(&b.turn, OP_POLL, NULL);
	op->u.poll.session = b.sessions[i];
	op->u.poll.ticket = b.tickets[i] = ++b.ticket;
	op->u.poll.t = stamp();
	op->u.poll.max_records = 100;
	op->u.poll.max_bytes = 100000;
	b.parked[i] = true;             /* unless it brings something: see polls_check() */
}

static void
polls_check(void)
{
	for (struct store_op *op = b.turn.first; op != NULL; op = op->next) {
		if (op->rc != RC_OK)
			die("an operation was refused");
		if (op->kind == OP_POLL && op->u.poll.outcome_r != POLL_PARKED)
			b.parked[op->u.poll.session - 1] = false;
	}
}

static void
post_add(size_t i, struct slice channel, enum record_kind kind)
{
	struct session_row row = look(i);
	struct store_op *gate = turn_add(&b.turn, OP_RECEIVE, NULL), *op;
	struct buf packed = BUF_INIT;

	gate->u.receive.session = b.sessions[i];
	gate->u.receive.version = row.version;
	gate->u.receive.t = stamp();
	gate->u.receive.hash = b.t;
	gate->u.receive.pong = true;
	op = turn_add(&b.turn, OP_APPEND, gate);
	pack_add(&packed, channel);
	op->u.append.record.kind = kind;
	op->u.append.record.nsp = SLICE("/");
	op->u.append.record.channels = arena_dup(&b.arena, buf_slice(&packed));
	op->u.append.record.data = SLICE("[\"hello, this is about what is said\"]");
	if (kind == RECORD_ACK)
		op->u.append.record.id_text = SLICE("17");
	buf_free(&packed);
}

static void
poll_all(void)
{
	for (size_t i = 0; i < b.clients; ) {
		turn_start();
		for (size_t n = 0; n < 20 && i < b.clients; i++)
			if (!b.parked[i]) {
				poll_add(i);
				n++;
			}
		turn_commit();
		polls_check();
	}
}

/* ---- scenarios ------------------------------------------------------------------ */

static void
report(const char *what, uint64_t n, double cpu, double wall)
{
	printf("%-10s driver=%s clients=%zu batch=%zu log=%zu mail=%zu n=%llu "
	    "cpu_us=%.2f wall_us=%.2f\n", what, b.driver, b.clients, b.batch, b.log, b.mail,
	    (unsigned long long)n, cpu * 1e6 / (double)n, wall * 1e6 / (double)n);
}

static void
echo(void)
{
	double cpu, wall = wall_now();
	uint64_t n = 0;
	size_t next = 0, half = b.batch;

	poll_all();
	poll_all();
	for (cpu = cpu_now(), wall = wall_now(); wall_now() - wall < b.seconds; ) {
		turn_start();
		for (size_t i = 0; i < half; i++)       /* answered a turn ago */
			if (n > 0)
				poll_add((next + b.clients - half + i) % b.clients);
		for (size_t i = 0; i < half; i++)
			post_add((next + i) % b.clients, channel_of_session(&b.arena,
			    b.sessions[(next + i) % b.clients]), RECORD_ACK);
		turn_commit();
		polls_check();
		next = (next + half) % b.clients;
		n += half;
	}
	report("echo", n, cpu_now() - cpu, wall_now() - wall);
}

static void
broadcast(void)
{
	double cpu, wall;
	uint64_t n = 0;

	poll_all();
	poll_all();
	b.delivered = 0;
	for (cpu = cpu_now(), wall = wall_now(); wall_now() - wall < b.seconds; n++) {
		turn_start();
		post_add(n % b.clients, channel_key(&b.arena, CHANNEL_NSP, SLICE("/"),
		    SLICE("")), RECORD_EVENT);
		turn_commit();
		polls_check();
		poll_all();
	}
	report("broadcast", b.delivered, cpu_now() - cpu, wall_now() - wall);
}

static struct store_op *
open_add(size_t i)
{
	struct store_op *op = turn_add(&b.turn, OP_OPEN, NULL);

	snprintf(b.sids[i], sizeof(*b.sids), "sid-%08zu-%08llx", i,
	    (unsigned long long)++b.t);
	op->u.open.sid = slice_str(b.sids[i]);
	op->u.open.info = SLICE("{\"headers\":{\"user-agent\":\"bench\"},\"address\":"
	    "\"127.0.0.1\",\"query\":\"EIO=4&transport=polling\"}");
	op->u.open.generation = 3;
	return op;
}

static void
connect_add(size_t i)
{
	struct store_op *op = turn_add(&b.turn, OP_CONNECT, NULL);

	op->u.connect.session = b.sessions[i];
	op->u.connect.nsp = SLICE("/");
	op->u.connect.id = arena_printf(&b.arena, "id%zu-%llx", i,
	    (unsigned long long)b.t);
	op->u.connect.pid = arena_printf(&b.arena, "p%zu-%llx", i,
	    (unsigned long long)++b.t);
	op->u.connect.answer = SLICE("{\"sid\":\"x\"}");
}

/* Opens and connects n clients from first on: two turns. */
static void
clients_come(size_t first, size_t n)
{
	struct store_op *op;

	turn_start();
	b.turn.settle = NULL;
	for (size_t i = first; i < first + n; i++)
		open_add(i);
	turn_commit();
	op = b.turn.first;
	for (size_t i = first; i < first + n; i++, op = op->next)
		b.sessions[i] = op->u.open.n_r;
	turn_start();
	b.turn.settle = NULL;
	for (size_t i = first; i < first + n; i++)
		connect_add(i);
	turn_commit();
}

static void
sessions_open(void)
{
	for (size_t i = 0; i < b.clients; i++)
		clients_come(i, 1);
}

/* open, CONNECT, poll, close and its task, for `batch` clients at a time */
static void
handshake(void)
{
	double cpu, wall;
	struct store_op *op;
	uint64_t n = 0;

	for (cpu = cpu_now(), wall = wall_now(); wall_now() - wall < b.seconds;
	    n += b.batch) {
		clients_come(0, b.batch);
		turn_start();
		for (size_t i = 0; i < b.batch; i++)
			poll_add(i);
		turn_commit();
		turn_start();
		for (size_t i = 0; i < b.batch; i++) {
			op = turn_add(&b.turn, OP_CLOSE, NULL);
			op->u.close.session = b.sessions[i];
			op->u.close.reason = "client namespace disconnect";
		}
		turn_commit();
		turn_start();
		for (size_t i = 0; i < b.batch; i++) {
			op = turn_add(&b.turn, OP_TASK_DONE, NULL);
			op->u.task.task = n + i + 1;
		}
		turn_commit();
		if (b.turn.first->rc != RC_OK)
			die("task");
	}
	report("handshake", n, cpu_now() - cpu, wall_now() - wall);
}

/* Polls that find nothing while others speak: the price of asking. */
static void
drain(void)
{
	double cpu, wall;
	uint64_t n = 0;

	poll_all();
	poll_all();
	for (cpu = cpu_now(), wall = wall_now(); wall_now() - wall < b.seconds; ) {
		turn_start();
		b.turn.settle = NULL;
		post_add(0, channel_key(&b.arena, CHANNEL_ROOM, SLICE("/"),
		    SLICE("elsewhere")), RECORD_EVENT);
		for (size_t i = 0; i < b.batch; i++, n++) {
			struct store_op *op = turn_add(&b.turn, OP_RELEASE, NULL);
			size_t k = n % b.clients;

			op->u.release.session = b.sessions[k];
			op->u.release.ticket = b.tickets[k];
			poll_add(k);
		}
		turn_commit();
		polls_check();
	}
	report("drain", n, cpu_now() - cpu, wall_now() - wall);
}

static void
log_fill(void)
{
	for (size_t i = 0; i < b.log; ) {
		turn_start();
		b.turn.settle = NULL;
		for (size_t n = 0; n < 500 && i < b.log; n++, i++)
			post_add(i % b.clients, channel_key(&b.arena, CHANNEL_ROOM,
			    SLICE("/"), arena_printf(&b.arena, "room%zu", i % 100)),
			    RECORD_EVENT);
		turn_commit();
	}
	store_last_seq(b.store, &b.seen);
}

/* One more for somebody of whom nobody is there. */
static void
letter_add(void)
{
	struct store_op *op = turn_add(&b.turn, OP_APPEND, NULL);
	struct buf packed = BUF_INIT;

	pack_add(&packed, channel_key(&b.arena, CHANNEL_USER, SLICE("/"), SLICE("sleeper")));
	op->u.append.record.kind = RECORD_EVENT;
	op->u.append.record.id = -1;
	op->u.append.record.nsp = SLICE("/");
	op->u.append.record.channels = arena_dup(&b.arena, buf_slice(&packed));
	op->u.append.record.data = SLICE("[\"letter\",\"this is what waits for you\"]");
	op->u.append.mail_ms = 7 * INT64_C(86400000);
	op->u.append.mail_count = MAIL_MAX;
	buf_free(&packed);
}

static void
letters_add(size_t n)
{
	turn_start();
	b.turn.settle = NULL;
	for (size_t i = 0; i < n; i++)
		letter_add();
	turn_commit();
}

static void
mail_fill(void)
{
	for (size_t i = 0; i < b.mail; i += 500)
		letters_add(500);
	store_last_seq(b.store, &b.seen);
}

static void
letter(void)
{
	double cpu, wall;
	uint64_t n = 0;

	for (cpu = cpu_now(), wall = wall_now(); wall_now() - wall < b.seconds; n += b.batch)
		letters_add(b.batch);
	report("letter", n, cpu_now() - cpu, wall_now() - wall);
}

/* ---- presence ------------------------------------------------------------------- */

static void
user_come(size_t i)
{
	struct slice user;
	uint64_t *socket;
	struct store_op *op;

	clients_come(i, 1);
	socket = &b.turn.first->u.connect.socket_r;
	turn_init(&b.turn, &b.arena);
	user = arena_printf(&b.arena, "user%zu", i);
	op = turn_add(&b.turn, OP_SOCKET_SET, NULL);
	op->u.socket_set.socket = socket;
	op->u.socket_set.user = user;
	op = turn_add(&b.turn, OP_JOIN, NULL);
	op->u.member.sockets = socket;
	op->u.member.n = 1;
	op->u.member.room = SLICE("hall");
	op = turn_add(&b.turn, OP_PRESENCE, NULL);
	op->u.presence.nsp = SLICE("/");
	op->u.presence.room = SLICE("hall");
	op->u.presence.user = user;
	turn_commit();
}

static void
user_count(void *arg, const struct presence_row *row)
{
	(void)row;
	++*(size_t *)arg;
}

static void
presence(void)
{
	double cpu, wall;
	uint64_t n = 0;
	size_t seen;

	for (size_t i = 0; i < b.clients; i++)
		user_come(i);
	for (cpu = cpu_now(), wall = wall_now(); wall_now() - wall < b.seconds; n++) {
		arena_reset(&b.arena);
		seen = 0;
		if (store_present(b.store, SLICE("/"), SLICE("hall"), SLICE_NONE, b.clients,
		    false, &b.arena, user_count, &seen) != RC_OK || seen != b.clients)
			die("presence");
	}
	report("presence", n, cpu_now() - cpu, wall_now() - wall);
}

/* ---- as many rooms and users as there are clients -------------------------------- */

static void
room_count(void *arg, struct slice nsp, struct slice room, int64_t members)
{
	(void)nsp;
	(void)room;
	(void)members;
	++*(size_t *)arg;
}

static void
socket_count(void *arg, const struct socket_row *row)
{
	(void)row;
	++*(size_t *)arg;
}

static void
room_enter(size_t i)
{
	uint64_t socket = i + 1;
	struct store_op *op;

	turn_start();
	b.turn.settle = NULL;
	op = turn_add(&b.turn, OP_JOIN, NULL);
	op->u.member.sockets = &socket;
	op->u.member.n = 1;
	op->u.member.room = arena_printf(&b.arena, "room%zu", i);
	turn_commit();
	if (op->rc != RC_OK)
		die("join");
}

/* What a look is for: a page of 1000, or one user among all. */
static size_t
look_rooms(size_t i)
{
	size_t n = 0;

	store_rooms(b.store, SLICE("/"), arena_printf(&b.arena, "room%zu", i), 1000,
	    room_count, &n);
	return n;
}

static size_t
look_present(size_t i)
{
	size_t n = 0;

	store_present(b.store, SLICE("/"), SLICE("hall"), arena_printf(&b.arena, "user%zu", i),
	    1000, false, &b.arena, user_count, &n);
	return n;
}

static size_t
look_seen(size_t i)
{
	struct presence_row row;

	return store_presence(b.store, SLICE("/"), SLICE("hall"),
	    arena_printf(&b.arena, "user%zu", i), &b.arena, &row) == RC_OK;
}

static size_t
look_user(size_t i)
{
	struct selector who = { .nsp = SLICE("/") };
	struct buf packed = BUF_INIT;
	size_t n = 0;

	pack_add(&packed, arena_printf(&b.arena, "user%zu", i));
	who.users = arena_dup(&b.arena, buf_slice(&packed));
	buf_free(&packed);
	store_select(b.store, &who, 0, 1000, false, &b.arena, socket_count, &n);
	return n;
}

static size_t
look_page(size_t i)
{
	struct selector who = { .nsp = SLICE("/") };
	size_t n = 0;

	store_select(b.store, &who, i, 1000, false, &b.arena, socket_count, &n);
	return n;
}

static void
look_report(const char *what, size_t (*ask)(size_t i))
{
	double cpu = cpu_now(), wall = wall_now();
	uint64_t n, rows = 0;

	for (n = 0; wall_now() - wall < b.seconds; n++) {
		arena_reset(&b.arena);
		rows += ask((size_t)(n * 7919) % b.clients);
	}
	if (rows == 0)
		die(what);
	report(what, n, cpu_now() - cpu, wall_now() - wall);
}

static void
crowd(void)
{
	double cpu, wall;
	struct rusage ru;

	for (size_t i = 0; i < b.clients; i++)
		user_come(i);
	cpu = cpu_now();
	wall = wall_now();
	for (size_t i = 0; i < b.clients; i++)
		room_enter(i);
	report("join", b.clients, cpu_now() - cpu, wall_now() - wall);
	look_report("rooms", look_rooms);
	look_report("present", look_present);
	look_report("seen", look_seen);
	look_report("user", look_user);
	look_report("query", look_page);
	getrusage(RUSAGE_SELF, &ru);
	printf("memory     max_rss_kb=%ld\n", ru.ru_maxrss);
}

/* ---- history --------------------------------------------------------------------- */

static void
kept_count(void *arg, const struct record *r)
{
	++((int64_t *)arg)[0];
	((int64_t *)arg)[1] = r->seq;
}

/* A room's history of `log` events, from its beginning, page by page. */
static void
history(void)
{
	struct slice channel;
	int64_t got[2] = { 0, 1 }, before;
	double cpu, wall, page, worst = 0;
	struct store_op *op;
	uint64_t pages = 0;

	for (size_t i = 0; i < b.log; ) {
		turn_start();
		b.turn.settle = NULL;
		for (size_t n = 0; n < 500 && i < b.log; n++, i++) {
			letter_add();
			op = b.turn.last;
			op->u.append.mail_ms = op->u.append.mail_count = 0;
			op->u.append.keep_ms = 7 * INT64_C(86400000);
		}
		turn_commit();
	}
	for (cpu = cpu_now(), wall = wall_now(); ; pages++) {
		arena_reset(&b.arena);
		channel = channel_key(&b.arena, CHANNEL_USER, SLICE("/"), SLICE("sleeper"));
		before = got[0];
		page = wall_now();
		if (store_history(b.store, channel, 0, got[1], 1000, &b.arena, kept_count,
		    got) != RC_OK || got[0] == before)
			break;
		page = wall_now() - page;
		worst = page > worst ? page : worst;
	}
	if ((size_t)got[0] + 1 < b.log)
		die("history");
	report("history", pages, cpu_now() - cpu, wall_now() - wall);
	printf("worst      page_us=%.2f records=%lld\n", worst * 1e6, (long long)got[0]);
}

static const struct {
	const char *name;
	void (*run)(void);
	bool has_sessions;
} scenarios[] = {
	{ "echo", echo, true },
	{ "broadcast", broadcast, true },
	{ "drain", drain, true },
	{ "handshake", handshake, false },
	{ "letter", letter, false },
	{ "presence", presence, false },
	{ "crowd", crowd, false },
	{ "history", history, false },
};

static void
options_read(int argc, char **argv)
{
	static const struct option options[] = {
		{ "driver", 1, NULL, 'd' }, { "dir", 1, NULL, 'D' },
		{ "clients", 1, NULL, 'c' }, { "batch", 1, NULL, 'b' },
		{ "log", 1, NULL, 'l' }, { "seconds", 1, NULL, 's' },
		{ "mail", 1, NULL, 'm' },
		{ "retention", 1, NULL, 'r' }, { "no-look", 0, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'd': b.driver = optarg; break;
		case 'D': b.dir = optarg; break;
		case 'c': b.clients = strtoul(optarg, NULL, 10); break;
		case 'b': b.batch = strtoul(optarg, NULL, 10); break;
		case 'l': b.log = strtoul(optarg, NULL, 10); break;
		case 'm': b.mail = strtoul(optarg, NULL, 10); break;
		case 's': b.seconds = strtod(optarg, NULL); break;
		case 'r': b.retention = strtol(optarg, NULL, 10); break;
		case 'n': b.looks = false; break;
		default: exit(2);
		}
	if (b.clients == 0 || b.batch == 0 || b.batch > b.clients)
		die("--clients and --batch do not fit");
}

int
main(int argc, char **argv)
{
	struct store_conf conf = { .journal = "wal", .synchronous = "normal",
		.recovery_ms = 120000,
		.lock_wait_ms = 50, .connect_timeout_ms = 45000,
		.ping_interval_ms = 25000, .ping_timeout_ms = 20000 };
	const char *which;
	char *error;

	options_read(argc, argv);
	which = optind < argc ? argv[optind] : "echo";
	conf.driver = b.driver;
	conf.path = b.dir;
	conf.retention_ms = b.retention;
	if (store_open(&conf, &clock_system, &b.store, &error) != RC_OK)
		die(error);
	b.sessions = mem_alloc(b.clients * sizeof(*b.sessions));
	b.tickets = mem_alloc(b.clients * sizeof(*b.tickets));
	b.sids = mem_alloc(b.clients * sizeof(*b.sids));
	b.parked = mem_alloc(b.clients * sizeof(*b.parked));
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
		if (strcmp(scenarios[i].name, which) != 0)
			continue;
		mail_fill();
		if (scenarios[i].has_sessions) {
			sessions_open();
			log_fill();
		}
		scenarios[i].run();
	}
	store_close(&b.store);
	return 0;
}
