/*
 * stream.c - an answer that goes on for as long as its client listens
 *
 * Every piece is a record of its own that is sent at once; whether it also leaves
 * the web server at once is that one's affair, so streams are offered only where
 * somebody has said so (`streams`).  What the web server does not take is kept, up
 * to `stream_buffer` bytes.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <sys/epoll.h>

#include "base/conf.h"
#include "fcgi/door_private.h"
#include "fcgi/records.h"

/* Behind what waits already, or at once. */
static bool
put(struct connection *c, struct slice bytes)
{
	ssize_t n = 0;

	if (c->out.n == 0 && (n = connection_send(c, bytes)) == -1)
		return false;
	buf_add(&c->out, slice_skip(bytes, (size_t)n));
	if (c->out.n > 0)
		connection_watch(c, EPOLLOUT | EPOLLRDHUP);
	return (int64_t)c->out.n <= c->door->house.conf->stream_buffer;
}

static bool
stream_begin(struct http_exchange *x)
{
	struct connection *c = x->door;
	struct door *door = c->door;

	connection_enter(c, CONNECTION_STREAMING);
	buf_reset(&door->content);
	buf_reset(&door->answer);
	response_write(&door->content, &x->response);
	fcgi_record_part(&door->answer, c->id, buf_slice(&door->content));
	return put(c, buf_slice(&door->answer));
}

static bool
stream_extend(struct http_exchange *x, struct slice piece)
{
	struct connection *c = x->door;
	struct door *door = c->door;

	buf_reset(&door->answer);
	fcgi_record_part(&door->answer, c->id, piece);
	return put(c, buf_slice(&door->answer));
}

static void
stream_close(struct http_exchange *x)
{
	struct connection *c = x->door;
	struct door *door = c->door;

	http_finish(door->house.gateway, x);
	buf_free(&c->body);
	connection_enter(c, CONNECTION_WRITING);
	buf_reset(&door->answer);
	fcgi_record_close(&door->answer, c->id);
	put(c, buf_slice(&door->answer));
	/* More than it takes is not worth waiting for. */
	if (c->out.n == 0)
		connection_done(c);
	else if ((int64_t)c->out.n > door->house.conf->stream_buffer)
		connection_close(c);
}

const struct http_stream_ops connection_stream = {
	stream_begin, stream_extend, stream_close
};
