/*
 * policy.c - what a Flash film asks before it opens a WebSocket
 *
 * Flash may connect only where a policy lets its page's domain in.  It asks on
 * port 843, or on the port that the page's film named (10843 was usual), then on
 * the port of the WebSocket itself: 22 bytes and a NUL, answered by XML and a NUL.
 * No HTTP request begins with a "<", so the question may come where HTTP does.
 *
 * A policy opens a socket to a film, not a session: what a film then says is
 * WebSocket, whose Origin it can choose.  So it names domains and ports, and
 * everybody only where the administrator wrote "*".
 *
 * Must stay true: a connection can make us keep no byte (a port of its own) or
 * 22 (where HTTP is spoken), and not for longer than flash_time.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "ws/door_private.h"
#include "ws/policy.h"

static const char question[] = "<policy-file-request/>";       /* and its NUL */

bool
policy_is_asked(struct slice data, size_t *taken_r)
{
	size_t n = data.n < sizeof(question) ? data.n : sizeof(question);

	*taken_r = n == sizeof(question) ? n : 0;
	return n > 0 && memcmp(data.p, question, n) == 0;
}

void
policy_write(struct buf *out, const char *flash_policy)
{
	struct slice rest = slice_str(flash_policy), word, domain;

	buf_str(out, "<?xml version=\"1.0\"?>\n"
	    "<!DOCTYPE cross-domain-policy SYSTEM "
	    "\"http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd\">\n"
	    "<cross-domain-policy>\n");
	while (slice_cut(&rest, ' ', &word)) {
		if (word.n == 0)
			continue;
		slice_cut(&word, ':', &domain);
		buf_printf(out, "<allow-access-from domain=\"%.*s\" "
		    "to-ports=\"%.*s\"/>\n", SLICE_ARGS(domain), SLICE_ARGS(word));
	}
	buf_str(out, "</cross-domain-policy>\n");
	buf_char(out, '\0');
}

/* ---- a port of its own -------------------------------------------------------- */

struct asker {
	struct door *door;
	size_t n;                       /* of the question, so far */
	bool is_answered;
};

static void
asker_answer(struct asker *asker, struct stream *stream)
{
	struct buf policy = BUF_INIT;

	asker->is_answered = true;
	policy_write(&policy, asker->door->conf->flash_policy);
	stream_write(stream, buf_slice(&policy), SLICE_NONE);
	stream_finish(stream);
	buf_free(&policy);
}

static void
on_read(struct stream *stream, char *p, size_t n)
{
	struct asker *asker = stream->arg;
	size_t want = sizeof(question) - asker->n;

	if (asker->is_answered)
		return;
	want = n < want ? n : want;
	if (memcmp(p, question + asker->n, want) != 0) {
		stream_close(stream);
		return;
	}
	asker->n += want;
	if (asker->n == sizeof(question))
		asker_answer(asker, stream);
}

static void
on_ended(struct stream *stream)
{
	struct asker *asker = stream->arg;

	if (!asker->is_answered)
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
	(void)lane;
	stream_close(stream);
}

static void
on_closed(struct stream *stream)
{
	free(stream->arg);
}

static const struct stream_user asker_user = {
	on_read, on_ended, on_written, on_late, on_closed
};

void
policy_accept(struct listener *listener)
{
	struct door *door = listener->door;
	struct asker *asker = mem_alloc(sizeof(*asker));
	struct stream *stream;

	asker->door = door;
	stream = stream_accept(&door->streams, (uv_stream_t *)&listener->uv, NULL,
	    &asker_user, asker);
	if (stream == NULL)
		free(asker);
	else
		stream_lane(stream, LANE_POLICY);
}
