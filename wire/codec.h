/*
 * codec.h - a generation's bytes, behind one small interface
 *
 * A codec turns a request body into engine frames, frames into neutral packets
 * (through an assembler that waits for attachments, if need be over several
 * requests), and neutral packets into the bytes of a response.  It knows
 * neither sessions nor HTTP nor sockets, and it does not log.
 *
 * One file per generation (wire/eio4.c); codec_of() finds it.  What several
 * generations share (wire/sio.c, wire/scan.c) is no part of the interface.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_CODEC_H
#define WIRE_CODEC_H

#include "base/rc.h"
#include "wire/packet.h"

struct buf;
struct arena;

enum frame_type {
	FRAME_OPEN, FRAME_CLOSE, FRAME_PING, FRAME_PONG, FRAME_MESSAGE,
	FRAME_UPGRADE, FRAME_NOOP
};

/* One engine packet.  A binary message has is_binary and the decoded bytes. */
struct frame {
	enum frame_type type;
	bool is_binary;
	struct slice data;
};

struct wire_limits {
	unsigned max_packets;           /* engine packets per payload */
	unsigned max_attachments;       /* per packet */
	unsigned max_depth;             /* of JSON */
	size_t max_payload;             /* bytes: of attachments being collected, too */
	size_t max_name;                /* bytes of the name of a namespace, event or room */
};

/*
 * Collects a packet whose attachments are still to come.  Its state is bytes,
 * so that it can lie in the store between two requests.
 */
struct assembler {
	struct slice header;            /* text of the packet; absent: nothing open */
	unsigned due;                   /* attachments still missing */
	struct slice attachments;       /* packed, so far */
	size_t room;                    /* the assembler's own: free bytes behind them */
};
#define ASSEMBLER_INIT { SLICE_NONE, 0, SLICE_NONE, 0 }

/* state absent or empty: nothing open.  RC_BAD_INPUT: damaged. */
enum rc assembler_load(struct assembler *a, struct slice state);
/* Appends the state; nothing when nothing is open. */
void    assembler_save(const struct assembler *a, struct buf *out);

/* How a generation behaves, where that is more than bytes (doc/generations.md). */
struct traits {
	bool client_pings;      /* the client pings and the server answers */
	bool joins_root;        /* the server connects "/" in the handshake, unasked;
	                         * other namespaces wait for it */
	bool ignores_strangers; /* a packet for a namespace not joined is ignored and
	                         * a second CONNECT answered again; else they end
	                         * the session */
	bool has_recovery;      /* pid and offset */
	bool has_binary;        /* else packet_write() makes JSON of attachments */
	bool mends_text;        /* what is no UTF-8 in a POST reads as U+FFFD; else it
	                         * ends the session */
	int overlap_status;     /* HTTP, of two polls or two POSTs at once */
	bool answers_options;   /* HTTP, OPTIONS with a sid: 200; else 500 */

	/* The clients before 1.0. */
	bool speaks_early;      /* the client does not wait for the answer to its CONNECT:
	                         * what it says before it is heard behind it */
	int poll_ms;            /* an idle poll is answered after so long; 0: it
	                         * waits for a ping */
	bool quiet_polls;       /* no heartbeats while it polls */
	int stream_beat_ms;     /* heartbeats of a WebSocket and of an answer that goes
	                         * on; 0, or more than pingInterval: so often */
	bool polls_on;          /* of two polls the newer takes over, and what was
	                         * lost is said again; else two end the session, and
	                         * so does its client when it has lost something */
	bool root_is_all;       /* who must leave "/" has lost the session */
	bool greets_in_poll;    /* what the handshake's "/" is answered comes with
	                         * the first poll, and a refusal refuses the handshake;
	                         * else both stand in the handshake */
	bool refuses_handshake; /* when the application does not let it into "/" */
	bool plain_close;       /* a close packet goes without a noop before it, and
	                         * answers the client's own, too */
	bool takes_over;        /* a WebSocket has its session's address and no probe */
	bool t_is_time;         /* `t` is a time, which two requests may share: no
	                         * resend is known by it */
};

/* Why a request is refused, over HTTP. */
enum refusal {
	REFUSAL_TRANSPORT,      /* unknown, or not offered */
	REFUSAL_SID,            /* unknown session */
	REFUSAL_METHOD,         /* a handshake is a GET */
	REFUSAL_REQUEST,        /* another transport or generation */
	REFUSAL_FORBIDDEN,      /* its page may not */
	REFUSAL_VERSION,        /* a generation that is off or not built */
	REFUSAL_HANDSHAKE,      /* the application does not let it in */
	REFUSAL_HANDLER,        /* the application failed */
	REFUSAL__COUNT
};

/* An answer that goes on: its type, what it begins with, and what stands around
 * each payload. */
struct stream_form {
	const char *type, *head, *before, *after;
	bool is_script;         /* the payload is a string in a script */
};

/* How a generation before 1.0 words what is not a payload. */
struct manners {
	const char *post_type, *post_text;      /* a POST was taken */
	bool takes_any_post;    /* also of a session that is unknown */
	bool refuses_by_status; /* also a page that waits for a script */
	bool posts_forms;       /* XMLHttpRequest, too, not only JSONP */
	const char *jsonp_open, *jsonp_middle;  /* around the index; ");" ends it */
	struct { int status; const char *text; } refusals[REFUSAL__COUNT];
	const struct stream_form *htmlfile, *multipart; /* NULL: not known */
	/* The payload out of a form body; from_page: a page's form sent it, which
	 * changes line ends, not XMLHttpRequest.  RC_NONE: there is none. */
	enum rc (*form_read)(struct buf *payload, struct slice form, bool from_page);
};

/* What a codec's payload is made for. */
enum codec_form {
	FORM_TEXT,
	FORM_OCTETS,                    /* application/octet-stream */
	FORM_MESSAGES,                  /* to be cut into WebSocket messages only */
	FORM__COUNT
};

struct codec {
	const char *name;               /* "eio4", as in the option `generations` */
	enum generation generation;
	struct traits traits;
	const struct manners *manners;  /* NULL: Engine.IO */

	/* The same generation in another form; NULL: it has no such form (messages:
	 * they are cut off a text).  A payload has one form throughout.  Of
	 * `messages` there are only the verbs that write, and message_next(). */
	const struct codec *octets, *messages;
	enum codec_form form;           /* this one's */

	/* For clients that say EIO=2, where something differs; NULL: the same. */
	const struct codec *eio2;

	/*
	 * Cuts the next engine packet off *rest.  RC_OK; RC_NONE at the end, which
	 * is where *rest is absent: a body of no bytes must come as an empty
	 * slice (p set), for that is a mistake.  RC_BAD_INPUT ends the session
	 * (an empty payload, a bad packet type, a trailing separator, bad base64
	 * ...).  Decoded binary lies in the arena.  The caller counts to
	 * max_packets.
	 */
	enum rc (*frame_next)(struct slice *rest, struct arena *arena,
	    struct frame *frame_r);

	/*
	 * Gives a message frame, as clients send them, to the assembler.  RC_OK:
	 * *packet_r is whole (its slices lie in the frame, the assembler's state
	 * or the arena); RC_AGAIN: no packet from this frame, go on with the next
	 * one (attachments are due, or it is one that the generation ignores);
	 * RC_BAD_INPUT: ends the session.  After RC_AGAIN the assembler's slices
	 * lie in frame and arena: save it before they go.
	 */
	enum rc (*packet_next)(struct assembler *a, const struct frame *frame,
	    const struct wire_limits *limits, struct arena *arena,
	    struct packet *packet_r);

	/*
	 * Appends a packet to a payload, separator and attachments included.  An
	 * empty out starts the payload.  offset: the recovery offset that is
	 * written as an additional last argument of an EVENT; absent: none.
	 */
	void (*packet_write)(struct buf *out, const struct packet *packet,
	    struct slice offset);

	/* Appends an engine packet: open (data: the JSON; its `upgrades` are what is
	 * offered), close, ping, pong, noop. */
	void (*frame_write)(struct buf *out, enum frame_type type, struct slice data);

	/* Cuts what is one WebSocket message off a payload that the verbs above
	 * made; a binary one is decoded into the arena.  False at the end.  NULL
	 * (this and the next): the generation is not offered on WebSocket. */
	bool (*message_next)(struct slice *rest, struct arena *arena,
	    bool *is_binary_r, struct slice *data_r);

	/* Appends such a message to a payload, of `octets` only. */
	void (*message_add)(struct buf *payload, bool is_binary, struct slice data);

	/* Whether a text message is no more than a close, ping, pong or noop.  NULL:
	 * nobody streams in this generation. */
	enum frame_type (*message_type)(struct slice data, bool from_client);

	/* The engine packet that a WebSocket message is; one that says nothing is a
	 * noop.  RC_BAD_INPUT as frame_next().  NULL: a text message may hold several,
	 * for frame_next(), and a binary one says nothing. */
	enum rc (*message_read)(bool is_binary, struct slice data,
	    struct arena *arena, struct frame *frame_r);

	/* Appends a binary message as a text message, for clients that said b64.
	 * NULL: there is no such form. */
	void (*message_text)(struct buf *out, struct slice binary);

	/* What codec_join() does when both sides hold something. */
	void (*join)(struct buf *out, struct slice piece);
};

/* NULL when that generation is not built. */
const struct codec *codec_of(enum generation generation);
/* By its name; NULL when there is none. */
const struct codec *codec_named(struct slice name);

/*
 * Joins two payloads of one generation that packet_write() made, each of one or
 * more packets: what was encoded once for all recipients is appended to a
 * recipient's own payload.  Either side may be empty.
 */
void codec_join(const struct codec *codec, struct buf *out, struct slice piece);

extern const struct codec codec_v0;
extern const struct codec codec_v1;
extern const struct codec codec_eio3;
extern const struct codec codec_eio4;

#endif
