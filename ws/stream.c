/*
 * stream.c - a TCP connection on the loop: reads, a queue, a deadline, an end
 *
 * An end is three steps: everything queued leaves, our FIN, and then the peer's
 * FIN is awaited while what it still sends is thrown away.  Closing a socket
 * with unread input resets the connection, and the answer that explains the
 * refusal would be lost with it.
 *
 * libuv reads a socket up to 32 times in a turn; one client that sends without
 * pause would hold up the others.  So a stream's share of a turn is one buffer,
 * and what is beyond waits in the kernel for the next turn.
 *
 * Must stay true:
 *   - a stream's memory goes in on_close() and nowhere else
 *   - a place that uv_write() has is not moved (no settling while is_writing)
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "ws/stream.h"
#include "ws/tls.h"

enum {
	IN_SIZE = 65536,
	PIECES = 64,                    /* of one writev */
	RECORD = 16384,                 /* of TLS, the largest */
	RECORDS = 4,                    /* encrypted before they are sent */
	FLUSH_MS = 4,                   /* before others are looked at */
	FLUSH_STEP = 16                 /* streams, before the clock is */
};

void
streams_init(struct streams *streams, uv_loop_t *loop,
    const uint64_t lane_ms[LANE__COUNT], size_t flush_max)
{
	int i;

	memset(streams, 0, sizeof(*streams));
	streams->loop = loop;
	streams->flush_max = flush_max;
	streams->in = mem_alloc(IN_SIZE);
	memcpy(streams->lane_ms, lane_ms, sizeof(streams->lane_ms));
	for (i = 0; i < LANE__COUNT; i++)
		TAILQ_INIT(&streams->lanes[i]);
	TAILQ_INIT(&streams->all);
	TAILQ_INIT(&streams->dirty);
}

void
streams_fini(struct streams *streams)
{
	spool_fini(&streams->spool);
	free(streams->in);
	free(streams->plain);
	streams->in = streams->plain = NULL;
}

/* ---- deadlines ----------------------------------------------------------------- */

void
stream_lane(struct stream *s, enum lane lane)
{
	struct streams *all = s->streams;

	if (s->is_closing)
		return;         /* no list may hold it any more */
	if (s->lane == LANE_WRITE && lane != LANE_WRITE && s->out.bytes > 0) {
		s->lane_before = (uint8_t)lane; /* once it takes again */
		return;
	}
	if (s->lane != LANE_NONE)
		TAILQ_REMOVE(&all->lanes[s->lane], s, lane_link);
	s->lane = (uint8_t)lane;
	if (lane == LANE_NONE)
		return;
	/* The loop's time: read when the loop woke up, not when it fell asleep. */
	s->deadline = uv_now(all->loop) + all->lane_ms[lane];
	TAILQ_INSERT_TAIL(&all->lanes[lane], s, lane_link);
}

void
streams_late(struct streams *streams)
{
	struct stream *s;
	int lane;

	for (lane = LANE_NONE + 1; lane < LANE__COUNT; lane++) {
		while ((s = TAILQ_FIRST(&streams->lanes[lane])) != NULL &&
		    s->deadline <= uv_now(streams->loop)) {
			stream_lane(s, LANE_NONE);
			if (lane == LANE_WRITE || lane == LANE_LINGER)
				stream_close(s);
			else
				s->user->late(s, (enum lane)lane);
		}
	}
}

int64_t
streams_wait(const struct streams *streams)
{
	uint64_t at = UINT64_MAX, now = uv_now(streams->loop);
	const struct stream *s;
	int lane;

	for (lane = LANE_NONE + 1; lane < LANE__COUNT; lane++)
		if ((s = TAILQ_FIRST(&streams->lanes[lane])) != NULL &&
		    s->deadline < at)
			at = s->deadline;
	if (at == UINT64_MAX)
		return INT64_MAX;
	return at > now ? (int64_t)(at - now) : 0;
}

/* ---- the end --------------------------------------------------------------------- */

static void
on_close(uv_handle_t *handle)
{
	struct stream *s = (struct stream *)handle;

	if (s->user != NULL)
		s->user->closed(s);
	out_fini(&s->out);
	tls_link_free(&s->tls);
	s->streams->count--;
	free(s);
}

void
stream_close(struct stream *s)
{
	if (s->is_closing)
		return;
	s->is_closing = true;
	if (s->lane != LANE_NONE)
		TAILQ_REMOVE(&s->streams->lanes[s->lane], s, lane_link);
	s->lane = LANE_NONE;
	if (s->is_dirty)
		TAILQ_REMOVE(&s->streams->dirty, s, dirty_link);
	s->is_dirty = false;
	TAILQ_REMOVE(&s->streams->all, s, link);
	uv_close((uv_handle_t *)&s->tcp, on_close);
}

/* All that was queued has left. */
static void
drained(struct stream *s)
{
	uv_os_fd_t fd;

	if (!s->is_finishing) {
		s->user->written(s);
		return;
	}
	if (s->has_ended || uv_fileno((uv_handle_t *)&s->tcp, &fd) != 0) {
		stream_close(s);
		return;
	}
	/* Not uv_shutdown(): nothing is in its queue, and this needs no memory. */
	shutdown(fd, SHUT_WR);
	stream_pause(s, false);
	stream_lane(s, LANE_LINGER);
}

static void
dirty(struct stream *s)
{
	if (s->is_dirty || s->is_closing)
		return;
	s->is_dirty = true;
	TAILQ_INSERT_TAIL(&s->streams->dirty, s, dirty_link);
}

void
stream_finish(struct stream *s)
{
	if (s->is_finishing || s->is_closing)
		return;
	s->is_finishing = true;
	if (s->lane != LANE_WRITE)
		stream_lane(s, LANE_NONE);
	dirty(s);
}

/* ---- writing ------------------------------------------------------------------------ */

void
stream_add(struct stream *s, struct span span)
{
	if (s->is_closing || s->is_finishing)
		return;
	out_add(&s->out, span);
	dirty(s);
}

void
stream_write(struct stream *s, struct slice head, struct slice body)
{
	if (!s->is_closing && !s->is_finishing)
		stream_add(s, spool_add(&s->streams->spool, head, body));
}

static unsigned
pieces_get(const struct out *out, uv_buf_t pieces[PIECES])
{
	size_t count = out_count(out), i;

	if (count > PIECES)
		count = PIECES;
	for (i = 0; i < count; i++) {
		struct slice piece = out_get(out, i);

		pieces[i] = uv_buf_init((char *)piece.p, (unsigned)piece.n);
	}
	return (unsigned)count;
}

static void stream_flush(struct stream *s);

struct write {
	uv_write_t uv;
	size_t n;
	struct buf bytes;               /* with TLS: what is written */
};

static void
on_write(uv_write_t *uv, int status)
{
	struct write *write = (struct write *)uv;
	struct stream *s = (struct stream *)uv->handle;
	size_t n = write->n;

	buf_free(&write->bytes);
	free(write);
	s->is_writing = false;
	if (s->is_closing)
		return;
	if (status != 0) {
		stream_close(s);
		return;
	}
	out_sent(&s->out, n);
	stream_lane(s, LANE_WRITE);     /* it moves: its time begins anew */
	stream_flush(s);
}

static void
wait_for_peer(struct stream *s)
{
	if (s->lane == LANE_WRITE)
		return;
	s->lane_before = s->lane;
	stream_lane(s, LANE_WRITE);
}

static void
write_begin(struct stream *s, struct write *write, const uv_buf_t *pieces,
    unsigned count)
{
	s->is_writing = true;
	if (uv_write(&write->uv, (uv_stream_t *)&s->tcp, pieces, count,
	    on_write) == 0)
		return;
	s->is_writing = false;
	buf_free(&write->bytes);
	free(write);
	stream_close(s);
}

/* The peer does not take it now: libuv waits until it does. */
static void
flush_later(struct stream *s)
{
	struct write *write = mem_alloc(sizeof(*write));
	uv_buf_t pieces[PIECES];
	unsigned count, i;

	wait_for_peer(s);
	out_settle(&s->out);
	count = pieces_get(&s->out, pieces);
	for (i = 0; i < count; i++)
		write->n += pieces[i].len;
	write_begin(s, write, pieces, count);
}

/* ---- writing with TLS ---------------------------------------------------------------- */

/* What was encrypted leaves.  false: not all of it, or the stream is closed. */
static bool
records_send(struct stream *s)
{
	struct buf *out = tls_link_out(s->tls);
	struct write *write;
	uv_buf_t piece = uv_buf_init(out->p, (unsigned)out->n);
	int n = out->n == 0 ? 0 : uv_try_write((uv_stream_t *)&s->tcp, &piece, 1);

	if (n < 0 && n != UV_EAGAIN) {
		stream_close(s);
		return false;
	}
	if ((size_t)(n < 0 ? 0 : n) == out->n) {
		buf_free(out);
		return true;
	}
	write = mem_alloc(sizeof(*write));
	write->bytes = *out;
	*out = (struct buf)BUF_INIT;
	piece = uv_buf_init(write->bytes.p + (n < 0 ? 0 : n),
	    (unsigned)write->bytes.n - (unsigned)(n < 0 ? 0 : n));
	wait_for_peer(s);
	write_begin(s, write, &piece, 1);
	return false;
}

/* A few records of what is queued.  false: the handshake goes on. */
static bool
records_make(struct stream *s)
{
	char *scratch = s->streams->plain;
	struct slice piece;
	size_t n;
	int i;

	for (i = 0; i < RECORDS && s->out.bytes > 0; i++) {
		for (n = 0; n < RECORD && s->out.bytes > 0; n += piece.n) {
			piece = slice_head(out_get(&s->out, 0), RECORD - n);
			if (n == 0 && !tls_link_write(s->tls, SLICE("")))
				return false;
			memcpy(scratch + n, piece.p, piece.n);
			out_sent(&s->out, piece.n);
		}
		if (!tls_link_write(s->tls, slice_of(scratch, n)))
			stream_close(s);
	}
	return true;
}

static void
tls_flush(struct stream *s)
{
	do {
		if (!records_send(s))
			return;
		if (!records_make(s)) {
			if (!s->is_finishing)
				return;
			out_fini(&s->out);      /* it can never be said */
		}
		if (s->out.bytes == 0 && s->is_finishing)
			tls_link_end(s->tls);
	} while (s->out.bytes > 0 || tls_link_out(s->tls)->n > 0);
	if (s->is_closing)
		return;
	if (s->lane == LANE_WRITE)
		stream_lane(s, (enum lane)s->lane_before);
	drained(s);
}

static void
stream_flush(struct stream *s)
{
	uv_buf_t pieces[PIECES];
	size_t whole = 0;
	unsigned count, i;
	int n;

	if (s->is_writing || s->is_closing)
		return;
	if (s->tls != NULL) {
		tls_flush(s);
		return;
	}
	while (s->out.bytes > 0) {
		count = pieces_get(&s->out, pieces);
		for (whole = 0, i = 0; i < count; i++)
			whole += pieces[i].len;
		n = uv_try_write((uv_stream_t *)&s->tcp, pieces, count);
		if (n < 0 && n != UV_EAGAIN) {
			stream_close(s);
			return;
		}
		if (n > 0)
			out_sent(&s->out, (size_t)n);
		if (n < 0 || (size_t)n < whole) {
			flush_later(s);
			return;
		}
	}
	if (s->lane == LANE_WRITE)
		stream_lane(s, (enum lane)s->lane_before);
	drained(s);
}

bool
streams_flush(struct streams *streams)
{
	uint64_t until = uv_hrtime() + FLUSH_MS * UINT64_C(1000000);
	struct stream *s;
	size_t i;

	for (i = 0; i < streams->flush_max; i++) {
		if ((s = TAILQ_FIRST(&streams->dirty)) == NULL)
			break;
		if (i % FLUSH_STEP == FLUSH_STEP - 1 && uv_hrtime() >= until)
			break;
		TAILQ_REMOVE(&streams->dirty, s, dirty_link);
		s->is_dirty = false;
		stream_flush(s);
	}
	spool_turn(&streams->spool);
	return !TAILQ_EMPTY(&streams->dirty);
}

/* ---- reading -------------------------------------------------------------------------- */

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct stream *s = (struct stream *)handle;

	(void)suggested;
	/* No memory: on_read() is told UV_ENOBUFS, and nothing was read. */
	*buf = s->is_full ? uv_buf_init(NULL, 0) :
	    uv_buf_init(s->streams->in, IN_SIZE);
}

static void
peer_ended(struct stream *s)
{
	s->has_ended = true;
	if (s->is_finishing && s->out.bytes == 0 && !s->is_writing)
		stream_close(s);
	else if (!s->is_finishing)
		s->user->ended(s);
	else
		uv_read_stop((uv_stream_t *)&s->tcp);
}

/* What it says is handed on in pieces as large as without TLS. */
static void
tls_take(struct stream *s, struct slice cipher)
{
	enum rc rc = RC_OK;
	size_t n;

	while (rc == RC_OK && !s->is_closing && !s->is_finishing) {
		rc = tls_link_read(s->tls, &cipher, s->streams->plain, IN_SIZE, &n);
		if (n > 0)
			s->user->read(s, s->streams->plain, n);
	}
	if (s->is_closing)
		return;
	dirty(s);               /* the handshake has something to say */
	if (rc == RC_GONE)
		peer_ended(s);
	else if (rc == RC_BAD_INPUT)
		stream_finish(s);
}

static void
on_read(uv_stream_t *uv, ssize_t n, const uv_buf_t *buf)
{
	struct stream *s = (struct stream *)uv;

	if (s->is_closing || n == 0)
		return;
	if (n == UV_ENOBUFS) {
		s->is_full = false;     /* the next turn, with another share */
		return;
	}
	if (n < 0) {
		peer_ended(s);
		return;
	}
	s->is_full = n == IN_SIZE;
	if (s->is_finishing)
		return;
	if (s->tls != NULL)
		tls_take(s, slice_of(buf->base, (size_t)n));
	else
		s->user->read(s, buf->base, (size_t)n);
}

void
stream_pause(struct stream *s, bool is_paused)
{
	if (s->is_paused == is_paused || s->is_closing)
		return;
	s->is_paused = is_paused;
	if (is_paused)
		uv_read_stop((uv_stream_t *)&s->tcp);
	else if (!s->has_ended)
		uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
}

struct stream *
stream_accept(struct streams *streams, uv_stream_t *listener,
    struct tls *tls, const struct stream_user *user, void *arg)
{
	struct stream *s = mem_alloc(sizeof(*s));

	uv_tcp_init(streams->loop, &s->tcp);
	s->streams = streams;
	s->user = user;
	s->arg = arg;
	streams->count++;
	if (uv_accept(listener, (uv_stream_t *)&s->tcp) != 0) {
		s->is_closing = true;
		s->user = NULL;
		uv_close((uv_handle_t *)&s->tcp, on_close);
		return NULL;
	}
	if (tls != NULL)
		s->tls = tls_link_new(tls);
	if (tls != NULL && streams->plain == NULL)
		streams->plain = mem_alloc(IN_SIZE);
	TAILQ_INSERT_TAIL(&streams->all, s, link);
	uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
	return s;
}

static void
on_connect(uv_connect_t *connect, int status)
{
	struct stream *s = (struct stream *)connect->handle;

	free(connect);
	if (s->is_closing)
		return;
	if (status == 0) {
		s->is_connecting = false;
		uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
		return;
	}
	s->has_ended = true;
	s->user->ended(s);
}

struct stream *
stream_connect(struct streams *streams, const struct sockaddr *address,
    const struct stream_user *user, void *arg)
{
	struct stream *s = mem_alloc(sizeof(*s));
	uv_connect_t *connect = mem_alloc(sizeof(*connect));

	uv_tcp_init(streams->loop, &s->tcp);
	s->streams = streams;
	s->user = user;
	s->arg = arg;
	s->is_connecting = true;
	streams->count++;
	if (uv_tcp_connect(connect, &s->tcp, address, on_connect) != 0) {
		free(connect);
		s->is_closing = true;
		s->user = NULL;
		uv_close((uv_handle_t *)&s->tcp, on_close);
		return NULL;
	}
	uv_tcp_nodelay(&s->tcp, 1);
	TAILQ_INSERT_TAIL(&streams->all, s, link);
	return s;
}

bool
stream_peer(const struct stream *s, char text_r[46])
{
	struct sockaddr_storage address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
	const struct in6_addr *in6 = &v6->sin6_addr;
	int n = sizeof(address);

	text_r[0] = '\0';
	if (uv_tcp_getpeername(&s->tcp, (struct sockaddr *)&address, &n) != 0)
		return false;
	if (address.ss_family == AF_INET)
		return inet_ntop(AF_INET, &v4->sin_addr, text_r, 46) != NULL;
	if (IN6_IS_ADDR_V4MAPPED(in6))
		return inet_ntop(AF_INET, in6->s6_addr + 12, text_r, 46) != NULL;
	return inet_ntop(AF_INET6, in6, text_r, 46) != NULL;
}
