/*
 * stream.h - a TCP connection on the loop: reads, a queue, a deadline, an end
 *
 * What flows over it is its user's business (HTTP, WebSocket), who may change
 * while it lives.  One buffer serves all reads of the process; what is written
 * in a turn leaves together at its end, in streams_flush().  With TLS all this is
 * about what is said; what is on the wire shows nowhere.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_STREAM_H
#define WS_STREAM_H

#include <sys/queue.h>
#include <uv.h>

#include "base/slice.h"
#include "ws/out.h"

struct stream;
struct tls;
struct tls_link;

/* What a stream waits for; each has its time, the same for all. */
enum lane {
	LANE_NONE,              /* for nothing that must come soon */
	LANE_HEAD,              /* a request's head */
	LANE_BODY,              /* the next piece of a body */
	LANE_IDLE,              /* the next request */
	LANE_FIRST,             /* the first one, of who came just before we left */
	LANE_POLICY,            /* the rest of a Flash film's question */
	LANE_CLOSE,             /* the answer to a close frame */
	LANE_APP,               /* the application's next word */
	LANE_WRITE,             /* the peer takes nothing */
	LANE_LINGER,            /* the peer's end, after ours */
	LANE__COUNT
};

/* Called from the loop.  A stream may be closed or finished inside all of them;
 * it lives until closed(). */
struct stream_user {
	/* Bytes came.  They may be changed in place and are gone afterwards. */
	void (*read)(struct stream *stream, char *p, size_t n);
	/* The peer will send no more, or the connection broke.  Once. */
	void (*ended)(struct stream *stream);
	/* All that was queued has left. */
	void (*written)(struct stream *stream);
	/* What it waited for did not come in time. */
	void (*late)(struct stream *stream, enum lane lane);
	/* It is closed, by whomever.  Once, the last call, never from within
	 * another one. */
	void (*closed)(struct stream *stream);
};

struct stream {
	uv_tcp_t tcp;                   /* first */
	struct streams *streams;
	const struct stream_user *user;
	void *arg;                      /* the user's own */
	struct out out;                 /* not encrypted */
	struct tls_link *tls;           /* NULL: none */
	TAILQ_ENTRY(stream) link, lane_link, dirty_link;
	uint64_t deadline;              /* of its lane; uv_now() */
	uint8_t lane, lane_before;      /* before it stopped taking what we write */
	bool is_dirty, is_writing, is_finishing, has_ended, is_closing;
	bool is_paused, is_full;        /* full: has read its share of this turn */
	bool is_connecting;             /* stream_connect(): not answered yet */
};
TAILQ_HEAD(stream_list, stream);

/* All streams of a process. */
struct streams {
	uv_loop_t *loop;
	char *in;                       /* what all of them read into */
	char *plain;                    /* what it says, with TLS; NULL until needed */
	uint64_t lane_ms[LANE__COUNT];
	struct stream_list lanes[LANE__COUNT], all, dirty;
	struct spool spool;
	size_t count;
	size_t flush_max;               /* that are written to in one turn */
};

void streams_init(struct streams *streams, uv_loop_t *loop,
    const uint64_t lane_ms[LANE__COUNT], size_t flush_max);
void streams_fini(struct streams *streams);     /* after all are closed */

/* What was queued leaves, for flush_max streams and some ms at most.  true: there is
 * more to do at once; let the loop look at its sockets first. */
bool streams_flush(struct streams *streams);

/* Calls late() where it is due; in how many ms to call again (INT64_MAX: never). */
void    streams_late(struct streams *streams);
int64_t streams_wait(const struct streams *streams);

/* NULL: accept failed.  tls: NULL for none. */
struct stream *stream_accept(struct streams *streams, uv_stream_t *listener,
    struct tls *tls, const struct stream_user *user, void *arg);

/* A connection to somebody else, in the making: what is written meanwhile waits.
 * One that fails ends (ended()), or is closed, with is_connecting still true.
 * NULL: no descriptor, or no way there. */
struct stream *stream_connect(struct streams *streams,
    const struct sockaddr *address, const struct stream_user *user, void *arg);

/* Queues bytes: copied, or where they are. */
void stream_write(struct stream *stream, struct slice head, struct slice body);
void stream_add(struct stream *stream, struct span span);

/* From now on it waits for this. */
void stream_lane(struct stream *stream, enum lane lane);

/* Stops and goes on with reading.  While it is paused no end is noticed. */
void stream_pause(struct stream *stream, bool is_paused);

/* All that was queued leaves, then our end; what still comes is thrown away
 * until the peer's end. */
void stream_finish(struct stream *stream);

/* Now.  What was queued is lost. */
void stream_close(struct stream *stream);

/* The peer's address as text: "127.0.0.1", "::1". */
bool stream_peer(const struct stream *stream, char text_r[46]);

#endif
