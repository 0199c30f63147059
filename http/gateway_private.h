/*
 * gateway_private.h - what the files of this folder share
 *
 * A request's whole memory while it waits is one struct http_private: a parked
 * poll must stay small, so nothing of the door's request is needed after
 * http_serve() has returned, except a POST's body.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_GATEWAY_PRIVATE_H
#define HTTP_GATEWAY_PRIVATE_H

#include "base/buf.h"
#include "http/error.h"
#include "http/http.h"
#include "http/origin.h"
#include "http/peer.h"
#include "http/query.h"
#include "http/route.h"
#include "session/engine.h"
#include "session/live.h"

/* What backends want to know of a request; texts of the configuration. */
struct speaker_wants {
	const char **headers;           /* names, blanks between */
	size_t n;
	bool cookies, any;              /* any: there is a backend */
};

/* The API, if it was opened: gateway.c knows no more of it. */
struct api;
struct api_call;
struct api_ops {
	void (*serve)(struct http_private *own, struct slice verb);
	void (*cancel)(struct http_private *own);
	void (*close)(struct api *api);
};

struct gateway {
	const struct conf *conf;
	struct engine *engine;          /* NULL: broken */
	char *broken, *detail;
	struct slice *resources;        /* slices of conf->resource */
	size_t n_resources;
	bool has_polling, has_jsonp, has_websocket, has_flashsocket;
	const struct codec *codecs[GENERATION__COUNT];  /* NULL: off, or not built */
	struct origin_rules origins;
	struct peers trusted;
	struct speaker_wants wants;
	struct api *api;                /* NULL: there is none */
	const struct api_ops *api_ops;
	size_t max_parked;              /* 0: no limit */
	size_t n_polls;                 /* that the engine has, parked or not yet */
	struct buf path_scratch, query_scratch; /* of the request in hand */
	unsigned long refused;          /* since the last line in the log */
	int64_t refused_logged;         /* boot ms */
};

/* What the engine is asked for, and so what its answer means here. */
enum purpose {
	PURPOSE_GREET,          /* handshake */
	PURPOSE_POLL,
	PURPOSE_POST,
	PURPOSE_OCTETS,         /* a POST that closes its session: 400 */
	PURPOSE_LEAVE,          /* a POST in the place of one that says goodbye: 200,
	                         * empty, whatever the session is */
	/* only whether the sid is known: probe_serve() */
	PURPOSE_MISMATCH,       /* known: code 3 */
	PURPOSE_METHOD,         /* known: 500, empty */
	PURPOSE_OPTIONS,        /* known: 200, empty */
	PURPOSE_NOTHING,        /* known: "ok", a JSONP form without d */
	PURPOSE_TOO_BIG,        /* known: 413, empty */
	PURPOSE__COUNT
};

#define SCRIPT_TYPE "text/javascript; charset=UTF-8"

enum { SID_MAX = 32, T_MAX = 23, INDEX_MAX = 16 };

struct http_private {
	struct exchange exchange;
	struct gateway *gateway;
	struct http_exchange *x;
	struct live *live;              /* http_upgrade(): to be filled in */
	enum purpose purpose;
	const struct codec *codec;      /* of the generation that speaks; NULL: none */
	bool is_pending;                /* the engine has it */
	bool is_streaming;              /* its answer was begun */
	const struct stream_form *form; /* of an answer that goes on; NULL: none */
	int64_t began, beat_at;         /* boot ms: of its first heartbeat without an
	                                 * echo; 0: none */
	bool is_head, is_jsonp, is_upgrade;
	bool takes_gzip, takes_deflate;
	enum cors cors;
	char *cors_origin;              /* what may be echoed; NULL: nothing */
	const char *cache;              /* Cache-Control, if not no-store */
	struct buf extra;               /* more header lines */
	struct buf said;                /* who speaks */
	struct api_call *api_call;      /* the API has it; NULL: no */
	struct buf memory;              /* info of a handshake, payload of a form */
	char sid[SID_MAX], t[T_MAX], index[INDEX_MAX];
	size_t index_n;
};

/* speaker.c: who speaks, into exchange.says; for what is said and for handshakes. */
void speaker_init(struct speaker_wants *wants, const struct conf *conf);
void speaker_fini(struct speaker_wants *wants);
void speaker_take(struct http_private *own);

/* word.c: words of an option, between blanks, tabs or commas. */
bool word_next(struct slice *rest, struct slice *word_r);
bool word_has(const char *words, const char *word);

/* gateway.c: the host that the client named; may this page talk to us (sets
 * what CORS headers the answer gets). */
struct slice gateway_host(const struct http_private *own);
enum origin_verdict gateway_origin(struct http_private *own);
/* A page of another origin asks what it may send. */
void preflight_serve(struct http_private *own);

/* dress.c: sends body (which is emptied) with all headers that belong to it. */
void dress_send(struct http_private *own, int status, const char *type,
    struct buf *body);
/* The same for an answer that goes on, up to what begins it. */
void dress_begin(struct http_private *own, const char *type, struct buf *body);
void dress_text(struct http_private *own, int status, const char *type,
    const char *text);
/* Reads Accept-Encoding, method and Upgrade of the request. */
void dress_prepare(struct http_private *own);

/* exchange.c: fills in the exchange; false: the sid is none and that was
 * answered.  answer_done() is its done(). */
bool exchange_prepare(struct http_private *own, const struct query *query,
    enum purpose purpose);
void answer_done(struct exchange *exchange);
void answer_word(struct http_private *own, enum answer answer);
/* Asks only whether the sid is known; purpose says what is answered then. */
void probe_serve(struct http_private *own, const struct query *query,
    enum purpose purpose);

/* The engine has it, or no more. */
void exchange_begin(struct http_private *own);
void exchange_end(struct http_private *own);

/* The answer to a handshake gets the cookie of the option `cookie`. */
void cookie_add(struct http_private *own);

/* Whether there is no place for this purpose (POLL, GREET); then that was
 * answered. */
bool lot_is_full(struct http_private *own, enum purpose purpose);

/* greet.c, poll.c, post.c: hand the request to the engine. */
void greet_serve(struct http_private *own, const struct query *query);
/* The door will, and this is what it needs. */
void greet_live(struct http_private *own, const struct query *query);
/* The same for a session that is to be taken over. */
void take_over_live(struct http_private *own, const struct query *query);
void poll_serve(struct http_private *own, const struct query *query);
void post_serve(struct http_private *own, const struct query *query);

/* gateway.c: the codec of the generation that the query names; NULL: it is off. */
const struct codec *gateway_codec(const struct gateway *g,
    const struct query *query);

/* eio.c: what is addressed to the mount itself. */
void eio_serve(struct http_private *own, const struct query *query,
    enum origin_verdict verdict);

/* old.c: paths of the clients before 1.0. */
void old_serve(struct http_private *own, const struct route_found *found);
/* A transport by the name that these clients have for it; OLD__NONE: there is
 * none of that name, or it is not offered. */
enum old_transport {
	OLD_POLLING, OLD_JSONP, OLD_WEBSOCKET, OLD_HTMLFILE, OLD_MULTIPART, OLD__NONE
};
enum old_transport old_transport(const struct http_private *own,
    struct slice name);
/* Appends what is offered, a JSON array in their order of preference. */
void old_transports(const struct http_private *own, bool with_sockets,
    struct buf *out);
/* What its JSONP index may be: digits, else 0. */
struct slice old_index(struct slice index);
/* POST was taken, in its generation's words. */
void post_taken(struct http_private *own);

/* stream.c: GET begins an answer that goes on, with a handshake or a poll; POST
 * says something to it. */
void stream_serve(struct http_private *own, const struct query *query,
    const struct stream_form *form);
/* The client hung up: its session ends. */
void stream_leave(struct http_private *own);
/* What done() is for this request. */
void (*exchange_way(const struct http_private *own))(struct exchange *);

/* v0.c: /TRANSPORT/... */
void v0_serve(struct http_private *own, const struct route_found *found,
    const struct query *query);
/* v1.c: /1/... */
void v1_serve(struct http_private *own, const struct route_found *found,
    const struct query *query);

/* client.c, status.c */
void client_serve(struct http_private *own, const struct route_found *found);
void status_serve(struct http_private *own, const struct query *query);
bool status_wanted(const struct http_private *own, const struct query *query);
void status_broken(struct http_private *own);

/* info.c: JSON about the request, for handlers. */
void info_write(struct buf *out, const struct http_private *own,
    const struct query *query);

#endif
