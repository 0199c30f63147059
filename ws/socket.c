/*
 * socket.c - a WebSocket: messages over a stream, and its end
 *
 * Who closes first sends a close frame and reads on, past whatever the peer had
 * on its way, until the peer's close frame comes or the time is over.  Who breaks
 * a rule is told which one, and not waited for.
 *
 * Must stay true:
 *   - ended() is called once, when the stream is closed at the latest
 *   - after our close frame nothing is queued; after the peer's nothing is read
 *   - a socket's memory goes when its stream is closed, never in a callback
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "ws/deflate.h"
#include "ws/extension.h"
#include "ws/frame.h"
#include "ws/packed.h"
#include "ws/socket.h"
#include "ws/stream.h"
#include "ws/version.h"

struct socket {
	struct stream *stream;
	const struct socket_limits *limits;
	const struct version *version;
	const struct socket_user *user;
	void *arg;
	struct frame_reader reader;
	struct extension extension;
	struct deflate_own *own;        /* NULL where nobody remembers */
	uint16_t code;                  /* of the first close frame */
	bool is_closing;                /* ours is queued */
	bool is_over;                   /* no message is handed on */
};

void *
socket_arg(const struct socket *s)
{
	return s->arg;
}

/* ---- writing ------------------------------------------------------------------- */

struct span
socket_encode(struct streams *streams, bool is_binary, struct slice data)
{
	char head[FRAME_HEAD_MAX];
	size_t n = frame_head(head, is_binary ? FRAME_OP_BINARY : FRAME_OP_TEXT,
	    data.n);

	return spool_add(&streams->spool, slice_of(head, n), data);
}

static void
close_queue(struct socket *s, unsigned code, struct slice reason)
{
	struct buf frame = BUF_INIT;

	if (s->is_closing)
		return;
	s->is_closing = true;
	if (s->code == 0)
		s->code = (uint16_t)code;
	s->version->close_write(&frame, code, reason);
	stream_write(s->stream, buf_slice(&frame), SLICE_NONE);
	buf_free(&frame);
}

static void
tell_refused(struct socket *s, unsigned code)
{
	if (s->user->refused != NULL)
		s->user->refused(s, code);
}

/* The queue is over its limit: what is in it still leaves if the peer takes it in
 * time, and says why there is no more. */
static void
slow_close(struct socket *s)
{
	log_warn("ws", "slow reader closed waiting=%zu", s->stream->out.bytes);
	tell_refused(s, CLOSE_AGAIN_LATER);
	s->is_over = true;
	close_queue(s, CLOSE_AGAIN_LATER, SLICE("too slow"));
	stream_finish(s->stream);
}

/* The same messages as another version of the protocol says them. */
static struct span
span_rewrite(struct socket *s, struct span span)
{
	struct buf out = BUF_INIT;

	s->version->rewrite(&out, slice_of(span.chunk->bytes + span.at, span.n));
	span = spool_add(&s->stream->streams->spool, buf_slice(&out), SLICE_NONE);
	buf_free(&out);
	return span;
}

bool
socket_add(struct socket *s, struct span span)
{
	if (!s->is_closing && s->stream->out.bytes > s->limits->out)
		slow_close(s);
	if (s->is_closing || s->stream->is_closing)
		return false;
	if (s->extension.our_window != 0)
		span = packed_get(s->limits->packed, &s->stream->streams->spool,
		    &s->extension, &s->own, span);
	else if (s->version->rewrite != NULL)
		span = span_rewrite(s, span);
	stream_add(s->stream, span);
	return true;
}

void
socket_close(struct socket *s, unsigned code, struct slice reason)
{
	if (s->is_closing)
		return;
	s->is_over = true;
	close_queue(s, code, reason);
	socket_pause(s, false);
	if (s->version->answers_close)
		stream_lane(s->stream, LANE_CLOSE);
	else
		stream_finish(s->stream);
}

size_t
socket_backlog(const struct socket *s)
{
	return s->stream->out.bytes;
}

void
socket_pause(struct socket *s, bool is_paused)
{
	stream_pause(s->stream, is_paused && !s->is_over);
}

/* ---- reading ---------------------------------------------------------------------- */

static bool
on_message(void *arg, enum frame_op op, struct slice data)
{
	struct socket *s = arg;

	if (!s->is_over)
		s->user->message(s, op == FRAME_OP_BINARY, data);
	return !s->stream->is_closing;
}

static bool
on_ping(void *arg, struct slice data)
{
	struct socket *s = arg;
	char head[FRAME_HEAD_MAX];
	size_t n = frame_head(head, FRAME_OP_PONG, data.n);

	if (!s->is_closing)
		socket_add(s, spool_add(&s->stream->streams->spool,
		    slice_of(head, n), data));
	return !s->stream->is_closing;
}

static bool
on_pong(void *arg, struct slice data)
{
	(void)data;
	return !((struct socket *)arg)->stream->is_closing;
}

static void
on_close(void *arg, unsigned code, struct slice reason)
{
	struct socket *s = arg;

	(void)reason;
	s->is_over = true;
	if (s->code == 0)
		s->code = (uint16_t)code;
	close_queue(s, code, SLICE_NONE);
	stream_finish(s->stream);
}

static enum rc
on_unpack(void *arg, struct slice data, size_t limit, struct slice *plain_r)
{
	struct socket *s = arg;

	return deflate_unpack(s->limits->packed->deflate, &s->extension, &s->own,
	    data, limit, plain_r);
}

static const struct frame_events events = {
	on_message, on_ping, on_pong, on_close, on_unpack
};

void
socket_feed(struct socket *s, char *p, size_t n)
{
	enum rc rc = s->version->read(&s->reader, p, n, s->limits->message, &events, s);

	if (rc != RC_BAD_INPUT && rc != RC_TOO_BIG)
		return;
	log_debug("ws", "websocket refused code=%u: %s", s->reader.close_code,
	    frame_fault(&s->reader));
	tell_refused(s, s->reader.close_code);
	s->is_over = true;
	close_queue(s, s->reader.close_code, slice_str(frame_fault(&s->reader)));
	stream_finish(s->stream);
}

/* ---- the stream -------------------------------------------------------------------- */

static void
on_read(struct stream *stream, char *p, size_t n)
{
	socket_feed(stream->arg, p, n);
}

static void
on_ended(struct stream *stream)
{
	struct socket *s = stream->arg;

	s->is_over = true;
	stream_close(stream);
}

static void
on_written(struct stream *stream)
{
	(void)stream;
}

static void
on_late(struct stream *stream, enum lane lane)
{
	(void)lane;             /* the peer's close frame */
	stream_close(stream);
}

static void
on_closed(struct stream *stream)
{
	struct socket *s = stream->arg;

	s->is_over = true;
	s->is_closing = true;
	s->user->ended(s, s->code == 0 ? CLOSE_NONE : s->code);
	frame_reader_fini(&s->reader);
	deflate_own_free(&s->own);
	free(s);
}

static const struct stream_user socket_stream_user = {
	on_read, on_ended, on_written, on_late, on_closed
};

struct socket *
socket_start(struct stream *stream, const struct socket_limits *limits,
    const struct version *version, const struct extension *extension,
    const struct socket_user *user, void *arg)
{
	struct socket *s = mem_alloc(sizeof(*s));

	s->stream = stream;
	s->limits = limits;
	s->version = version;
	s->user = user;
	s->arg = arg;
	s->extension = *extension;
	frame_reader_init(&s->reader);
	s->reader.takes_packed = extension->our_window != 0;
	stream->user = &socket_stream_user;
	stream->arg = s;
	stream_lane(stream, LANE_NONE);
	return s;
}
