/*
 * frame.h - RFC 6455 frames: bytes in, messages out, and the other way
 *
 * The reader does no I/O.  It is handed what came, in pieces cut anywhere, and
 * calls back for every message and control frame that is complete.  The
 * pieces are unmasked in place, so a message that lies whole in one of them is
 * handed on without a copy, and an idle reader owns no memory but itself.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_FRAME_H
#define WS_FRAME_H

#include "base/buf.h"
#include "base/rc.h"
#include "base/slice.h"

enum frame_op {
	FRAME_OP_MORE = 0x0,            /* continues a message */
	FRAME_OP_TEXT = 0x1,
	FRAME_OP_BINARY = 0x2,
	FRAME_OP_CLOSE = 0x8,
	FRAME_OP_PING = 0x9,
	FRAME_OP_PONG = 0xa
};

enum {
	CLOSE_NORMAL = 1000,
	CLOSE_LEAVING = 1001,
	CLOSE_PROTOCOL = 1002,
	CLOSE_NONE = 1005,              /* never on the wire: no code was said */
	CLOSE_BAD_TEXT = 1007,
	CLOSE_TOO_BIG = 1009,
	CLOSE_AGAIN_LATER = 1013
};

/*
 * What the reader calls.  data is borrowed for the call (and may be written to).
 * false: no more, what is left of the piece is dropped; do not free the reader
 * inside a call.
 */
struct frame_events {
	bool (*message)(void *arg, enum frame_op op, struct slice data);
	bool (*ping)(void *arg, struct slice data);
	bool (*pong)(void *arg, struct slice data);
	/* code CLOSE_NONE: the peer gave none.  Nothing is read after it. */
	void (*close)(void *arg, unsigned code, struct slice reason);
	/* What a compressed message says (only with takes_packed): RC_OK, RC_TOO_BIG or
	 * RC_BAD_INPUT.  *plain_r stays until message() returns. */
	enum rc (*unpack)(void *arg, struct slice data, size_t limit,
	    struct slice *plain_r);
};

struct frame_reader {
	uint64_t left;                  /* of the frame in hand's payload */
	uint32_t utf8;                  /* utf8_feed() of the message in hand */
	uint16_t close_code;            /* why frame_read() failed */
	unsigned char mask[4];          /* mask[0] belongs to the next byte */
	unsigned char head[14];         /* of a frame whose head is cut */
	unsigned char head_n;
	unsigned char op;               /* of the frame in hand */
	unsigned char message_op;       /* of the message in hand; 0: there is none */
	bool is_final, is_open, is_over;        /* open: its payload comes */
	bool takes_packed;              /* its owner's: messages may be compressed */
	bool is_packed;                 /* the message in hand is */
	const char *fault;              /* frame_fault() */
	char *control;                  /* payload of a control frame that is cut */
	struct buf message;             /* of a message that is cut */
};

void frame_reader_init(struct frame_reader *reader);
void frame_reader_fini(struct frame_reader *reader);

/*
 * Reads a piece.  limit: bytes of a message.  RC_OK: all of it was taken, or an
 * event said stop.  RC_GONE: a close frame came, now or earlier.  RC_BAD_INPUT,
 * RC_TOO_BIG: the peer broke a rule or the limit; close_code says what to send
 * it, frame_fault() why; nothing is read after it.
 */
enum rc frame_read(struct frame_reader *reader, char *p, size_t n, size_t limit,
    const struct frame_events *events, void *arg);

/* For who reads other frames into a frame_reader: the peer broke a rule, or the limit
 * (CLOSE_TOO_BIG).  Returns what its reader returns. */
enum rc frame_fail(struct frame_reader *reader, unsigned code,
    const char *fault);

/* One sentence for a close frame's reason. */
const char *frame_fault(const struct frame_reader *reader);

/* A server's frame: final, not masked.  Returns the head's length; n bytes of
 * payload follow it. */
enum { FRAME_HEAD_MAX = 10 };
size_t frame_head(char head[FRAME_HEAD_MAX], enum frame_op op, size_t n);

/* A server's frame at the beginning of bytes: its length, and its payload. */
size_t frame_whole(struct slice bytes, struct slice *payload_r);

/* A close frame; a reason longer than 123 bytes is cut between characters.
 * code CLOSE_NONE: without a payload. */
void frame_close_write(struct buf *out, unsigned code, struct slice reason);

/* Whether a peer may send this code (RFC 6455 7.4 and IANA's list). */
bool frame_close_code_ok(unsigned code);

#endif
