/*
 * memory_socket.c - sockets come, go, and come back
 *
 * Must stay true:
 *   - a socket that ended stays for the session that has not read all that it
 *     heard, and for nobody else
 *   - a gone socket keeps its intervals open
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/memory_private.h"

/* ---- finding ------------------------------------------------------------------ */

struct mem_socket *
memory_socket_get(struct town *town, uint64_t n)
{
	struct mem_socket *k;

	HASH_FIND(hh, town->sockets, &n, sizeof(n), k);
	return k == NULL || k->has_ended ? NULL : k;
}

struct mem_socket *
memory_socket_in(struct town *town, uint64_t session, struct slice nsp)
{
	struct mem_socket *k;

	for (k = town->sockets; k != NULL; k = k->hh.next)
		if (session != 0 && k->session == session && slice_eq(k->nsp, nsp))
			return k;
	return NULL;
}

static struct mem_socket *
socket_by_pid(struct town *town, struct slice nsp, struct slice pid)
{
	struct mem_socket *k;

	for (k = town->sockets; k != NULL; k = k->hh.next)
		if (!k->has_ended && pid.n > 0 && slice_is(pid, k->pid) &&
		    slice_eq(k->nsp, nsp))
			return k;
	return NULL;
}

/* ---- coming --------------------------------------------------------------------- */

static struct mem_socket *
socket_new(struct town *town)
{
	struct mem_socket *k = mem_alloc(sizeof(*k));

	k->n = ++town->socket_n;
	HASH_ADD(hh, town->sockets, n, sizeof(k->n), k);
	return k;
}

/* It is present in this session from now on. */
static void
socket_enter(struct mem_socket *k, struct mem_session *s)
{
	k->session = k->reader = s->n;
	k->gone_wall = 0;
	k->generation = s->row.generation;
	k->transport = s->row.transport;
	s->row.namespaces++;
	s->was_connected = true;
}

void
memory_op_connect(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town,
	    op->u.connect.opened != NULL ? *op->u.connect.opened :
	    op->u.connect.session);
	struct slice nsp = op->u.connect.nsp;
	struct mem_socket *k;

	if (s == NULL || s->row.closing) {
		op->rc = RC_GONE;
	} else if (memory_socket_in(m->town, s->n, nsp) != NULL) {
		op->rc = RC_CLASH;
	} else if (op->u.connect.max_namespaces > 0 &&
	    s->row.namespaces >= op->u.connect.max_namespaces) {
		op->rc = RC_TOO_BIG;
	} else {
		k = socket_new(m->town);
		socket_enter(k, s);
		memory_own_text(k->id, op->u.connect.id);
		memory_own_text(k->pid, op->u.connect.pid);
		k->nsp = memory_own(nsp);
		k->data = memory_own(op->u.connect.data);
		if (op->u.connect.user.n > 0)
			k->user = memory_own(op->u.connect.user);
		k->connected_wall = m->wall;
		memory_join(m->town, k,
		    channel_key(m->arena, CHANNEL_NSP, nsp, SLICE("")));
		memory_join(m->town, k,
		    channel_key(m->arena, CHANNEL_ROOM, nsp, op->u.connect.id));
		if (k->user.p != NULL)
			memory_join(m->town, k,
			    channel_key(m->arena, CHANNEL_USER, nsp, k->user));
		changed_add(&m->changed, s->n);
		op->u.connect.socket_r = k->n;
		op->u.connect.seq_r = op->u.connect.answer.p == NULL ? m->town->seq :
		    memory_tell(m, s->n, RECORD_CONNECT, nsp, op->u.connect.answer);
	}
}

/* ---- going ---------------------------------------------------------------------- */

void
memory_socket_free(struct town *town, struct mem_socket *k)
{
	size_t i;

	HASH_DEL(town->sockets, k);
	for (i = 0; i < k->n_intervals; i++)
		memory_disown(&k->intervals[i].key);
	free(k->intervals);
	memory_disown(&k->nsp);
	memory_disown(&k->user);
	memory_disown(&k->data);
	memory_disown(&k->info);
	free(k);
}

void
memory_socket_forget(struct town *town, struct mem_socket *k)
{
	memory_timers_end(town, k->n);
	memory_acls_end(town, k->n);
	memory_socket_free(town, k);
}

/* Up to here the socket's client is known to have what was said to it. */
static int64_t
proved(const struct mem_session *s, const struct mem_socket *k)
{
	size_t i;

	for (i = 0; i < s->n_replays; i++)
		if (s->replays[i].socket == k->n && s->replays[i].back < s->replays[i].upto)
			return s->replays[i].back;
	return s->prev;
}

/* has_reader: the session reads on what was said to it so far.  A socket that may
 * come back takes its intervals along: its replay has what was not read. */
static void
socket_go(struct memory *m, struct mem_session *s, struct mem_socket *k,
    const char *reason, bool keep, bool has_reader)
{
	bool may_return = keep && k->pid[0] != '\0' && m->conf.recovery_ms > 0;

	if (store_leaves_bye(&m->store, k->nsp, k->user))
		memory_task_add(m, TASK_DISCONNECT, k->nsp, slice_str(reason), k->data,
		    k, SLICE_NONE, SLICE_NONE);
	s->row.namespaces--;
	if (may_return) {
		k->info = memory_own(s->row.info);
		k->proved = proved(s, k);
		k->session = k->reader = 0;
		k->lane = s->lane;
		k->gone_wall = m->wall;
	} else if (has_reader) {
		memory_timers_end(m->town, k->n);
		memory_acls_end(m->town, k->n);
		memory_leave_all(m->town, k);
		k->has_ended = true;
		k->session = 0;
	} else {
		memory_socket_forget(m->town, k);
	}
}

void
memory_sockets_go(struct memory *m, struct mem_session *s, const char *reason,
    bool keep, bool has_reader)
{
	struct mem_socket *k, *next;

	for (k = m->town->sockets; k != NULL; k = next) {
		next = k->hh.next;
		if (k->session == s->n)
			socket_go(m, s, k, reason, keep, has_reader);
		else if (k->reader == s->n && !has_reader)
			memory_socket_free(m->town, k);
	}
}

void
memory_op_disconnect(struct memory *m, struct store_op *op)
{
	struct mem_socket *k = memory_socket_get(m->town, *op->u.disconnect.socket);
	const char *reason = op->u.disconnect.reason;
	struct mem_session *s;
	bool is_root;

	if (k == NULL) {
		op->rc = RC_GONE;
		return;
	}
	is_root = slice_is(k->nsp, "/");        /* k may be freed below */
	if (k->session == 0) {
		memory_socket_forget(m->town, k);
		return;
	}
	s = memory_session_get(m->town, k->session);
	if (!op->u.disconnect.silent)
		memory_tell(m, s->n, RECORD_DISCONNECT, k->nsp, SLICE_NONE);
	socket_go(m, s, k, reason, false, !op->u.disconnect.silent);
	s->row.version++;
	changed_add(&m->changed, s->n);
	if (op->u.disconnect.engine || (!op->u.disconnect.silent &&
	    (s->row.traits & SESSION_ROOT_IS_ALL) != 0 && is_root))
		memory_session_end_orderly(m, s, reason, false);
}

void
memory_op_socket_set(struct memory *m, struct store_op *op)
{
	struct mem_socket *k = memory_socket_get(m->town, *op->u.socket_set.socket);
	struct slice user = op->u.socket_set.user;
	struct mem_session *s;

	if (k == NULL || k->session == 0) {
		if (!memory_refresh_bye(m, *op->u.socket_set.socket,
		    op->u.socket_set.data, user) && k == NULL)
			op->rc = RC_GONE;
	}
	if (k == NULL)
		return;
	if (op->u.socket_set.data.p != NULL) {
		memory_disown(&k->data);
		k->data = memory_own(op->u.socket_set.data);
	}
	if (user.p != NULL && !slice_eq(user, k->user)) {
		if (k->user.n > 0)
			memory_leave(m->town, k,
			    channel_key(m->arena, CHANNEL_USER, k->nsp, k->user));
		memory_disown(&k->user);
		k->user = user.n > 0 ? memory_own(user) : SLICE_NONE;
		if (user.n > 0)
			memory_join(m->town, k,
			    channel_key(m->arena, CHANNEL_USER, k->nsp, user));
		changed_add(&m->changed, k->session);
	}
	if ((s = memory_session_get(m->town, k->session)) != NULL)
		s->row.version++;
}

/* ---- coming back ------------------------------------------------------------------ */

static int64_t
missed(const struct memory *m, const struct mem_socket *k, int64_t offset)
{
	const struct record *r;
	int64_t seq, n = 0;

	for (seq = offset + 1; seq <= m->town->seq; seq++) {
		r = memory_record(m->town, seq);
		n += r->kind == RECORD_EVENT && (r->flags & RECORD_VOLATILE) == 0 &&
		    memory_hears(k, r);
	}
	return n;
}

/* The seq of its CONNECT: its first interval begins behind it. */
static int64_t
connect_seq(const struct mem_socket *k)
{
	int64_t first = INT64_MAX;
	size_t i;

	for (i = 0; i < k->n_intervals; i++)
		if (k->intervals[i].from < first)
			first = k->intervals[i].from;
	return first - 1;
}

/* NULL: it cannot be recovered.  An offset of 0 becomes that of its CONNECT. */
static struct mem_socket *
find_recoverable(struct memory *m, struct slice nsp, struct slice pid,
    int64_t *offset, int64_t max_replay)
{
	struct mem_socket *k = socket_by_pid(m->town, nsp, pid);
	int64_t has, wall = clock_wall(m->store.clock);

	if (k == NULL || m->conf.recovery_ms <= 0 ||
	    (k->session == 0 && k->gone_wall + m->conf.recovery_ms <= wall))
		return NULL;
	if (*offset == 0)
		*offset = connect_seq(k);
	has = k->session == 0 ? k->proved :
	    proved(memory_session_get(m->town, k->session), k);
	if (*offset >= 0 && *offset < has)
		*offset = has;
	if (*offset < m->town->floor - 1 || *offset > m->town->seq ||
	    missed(m, k, *offset) > max_replay)
		return NULL;
	return k;
}

static void
replay_add(struct mem_session *s, const struct replay *replay)
{
	s->replays = mem_resize(s->replays, (s->n_replays + 1) * sizeof(*replay));
	s->replays[s->n_replays++] = *replay;
}

void
memory_op_recover(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town, op->u.recover.session);
	struct slice nsp = op->u.recover.nsp;
	int64_t offset = op->u.recover.offset;
	struct replay replay;
	struct mem_socket *k;
	bool was_told;

	if (s == NULL || s->row.closing) {
		op->rc = RC_GONE;
		return;
	}
	if (memory_socket_in(m->town, s->n, nsp) != NULL) {
		op->rc = RC_CLASH;
		return;
	}
	k = find_recoverable(m, nsp, op->u.recover.pid, &offset,
	    op->u.recover.max_replay);
	if (k == NULL) {
		op->rc = RC_NONE;
		return;
	}
	if (k->session != 0)
		memory_session_end(m, memory_session_get(m->town, k->session),
		    "transport close", '1', true);
	was_told = !memory_task_unbye(m, k->n);
	socket_enter(k, s);
	if (s->lane == s->n)
		s->lane = k->lane;
	memory_lane_until(m, s->lane, 0);
	memory_disown(&k->info);
	k->live_from = memory_tell(m, s->n, RECORD_CONNECT, nsp, op->u.recover.answer);
	replay = (struct replay){ .socket = k->n, .pos = offset,
		.back = offset, .upto = k->live_from };
	replay_add(s, &replay);
	changed_add(&m->changed, s->n);
	op->u.recover.socket_r = k->n;
	if (was_told && store_leaves_bye(&m->store, k->nsp, k->user))
		memory_task_add_return(m, op);
}

/* ---- looking ---------------------------------------------------------------------- */

void
memory_socket_row(const struct town *town, const struct mem_socket *k,
    struct arena *arena, struct socket_row *row_r)
{
	struct mem_session *s = memory_session_get((struct town *)town, k->session);

	memset(row_r, 0, sizeof(*row_r));
	row_r->n = k->n;
	row_r->session = k->session;
	memcpy(row_r->id, k->id, sizeof(row_r->id));
	memcpy(row_r->pid, k->pid, sizeof(row_r->pid));
	row_r->nsp = arena_dup(arena, k->nsp);
	row_r->user = arena_dup(arena, k->user);
	row_r->data = arena_dup(arena, k->data);
	row_r->info = arena_dup(arena, s == NULL ? k->info : s->row.info);
	row_r->sid = s == NULL ? SLICE_NONE : arena_dup(arena, slice_str(s->row.sid));
	row_r->connected_wall = k->connected_wall;
	row_r->gone_wall = k->gone_wall;
	row_r->generation = k->generation;
	row_r->transport = k->transport;
}

static enum rc
row_of(const struct town *town, const struct mem_socket *k, struct arena *arena,
    struct socket_row *row_r)
{
	if (k == NULL)
		return RC_NONE;
	memory_socket_row(town, k, arena, row_r);
	return RC_OK;
}

enum rc
memory_socket(struct store *store, uint64_t session, struct slice nsp,
    struct arena *arena, struct socket_row *row_r)
{
	struct town *town = memory_of(store)->town;

	return row_of(town, memory_socket_in(town, session, nsp), arena, row_r);
}

enum rc
memory_socket_id(struct store *store, struct slice nsp, struct slice id,
    struct arena *arena, struct socket_row *row_r)
{
	struct town *town = memory_of(store)->town;
	struct mem_socket *k;

	for (k = town->sockets; k != NULL; k = k->hh.next)
		if (!k->has_ended && slice_is(id, k->id) && slice_eq(nsp, k->nsp))
			break;
	return row_of(town, k, arena, row_r);
}

enum rc
memory_socket_n(struct store *store, uint64_t n, struct arena *arena,
    struct socket_row *row_r)
{
	struct town *town = memory_of(store)->town;

	return row_of(town, memory_socket_get(town, n), arena, row_r);
}

enum rc
memory_recoverable(struct store *store, struct slice nsp, struct slice pid,
    int64_t offset, int64_t max_replay, struct arena *arena,
    struct socket_row *row_r)
{
	struct memory *m = memory_of(store);

	return row_of(m->town, find_recoverable(m, nsp, pid, &offset, max_replay),
	    arena, row_r);
}
