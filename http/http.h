/*
 * http.h - a request and a response as plain structures
 *
 * The HTTP transports know neither FastCGI nor sockets: a door fills in a
 * request, http_serve() answers it, at once or later, through respond().
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/buf.h"
#include "base/rc.h"
#include "base/slice.h"
#include "session/engine.h"

struct conf;
struct engine;
struct gateway;
struct http_exchange;
struct live;

struct http_header {
	struct slice name, value;       /* name without regard to case */
};

/* Borrowed until http_serve() returns; the body until respond() or
 * http_cancel(). */
struct http_request {
	struct slice method;
	struct slice target;            /* raw request target: path?query, or absolute */
	struct slice script_name;       /* CGI: where we are mounted; may be absent */
	const struct http_header *headers;
	size_t n_headers;
	struct slice body;
	bool body_too_big;              /* it passed the limit, body is cut */
	struct slice remote_addr;
	struct slice host, port;        /* server's name and port as the front says */
	bool is_https;
};

struct http_response {
	int status;
	struct buf headers;             /* "Name: value\r\n" lines, no status, no end */
	struct buf body;
	bool has_body;                  /* false: HEAD, 204, 304: headers only */
};

/*
 * A response that is begun and goes on for as long as its client listens.  A door
 * that can do this fills all of them in; what is given leaves at once.
 *
 * false: the client is gone, or takes too little (the door keeps `stream_buffer`
 * bytes for it, at most): close() it.  Until then the door calls http_cancel() when
 * the client hangs up, and none of these may be called any more.
 */
struct http_stream_ops {
	/* Status, headers (no length among them) and body of x->response. */
	bool (*begin)(struct http_exchange *x);
	bool (*extend)(struct http_exchange *x, struct slice piece);
	/* That was all; x is the door's again, which calls http_finish(). */
	void (*close)(struct http_exchange *x);
};

struct http_exchange {
	/* in, the door's */
	struct http_request request;
	void (*respond)(struct http_exchange *x);       /* response is ready */
	const struct http_stream_ops *stream;           /* NULL: it cannot */
	void *door;
	/* out */
	struct http_response response;
	struct receipt receipt;         /* for http_lost() */
	/* the http floor's own */
	struct http_private *own;
};

/*
 * A gateway: configuration, engine and state of one process.  conf and engine
 * are borrowed and must outlive it.  broken: a reason code why it cannot serve
 * (engine NULL then); every request but those for the client bundle gets 503.
 * detail: the whole story, shown only to who knows `status_key`; or NULL.
 * To heal, make a new gateway.
 */
struct gateway *gateway_new(const struct conf *conf, struct engine *engine,
    const char *broken);
void gateway_detail(struct gateway *gateway, const char *detail);
/*
 * How many polls this process can hold (0: no limit; that of a new gateway).
 * Past that a poll is refused with 503; handshakes are refused a little earlier,
 * so that those who have a place keep it.
 */
void gateway_limit(struct gateway *gateway, size_t max_parked);
void gateway_free(struct gateway **gateway);

/* Whether this address is below a `resource`; a door that has something to say at
 * other addresses asks this first. */
bool http_is_ours(struct gateway *gateway, struct slice target);

/* Answers through respond(), perhaps before it returns, perhaps from a later
 * engine_turn(). */
void http_serve(struct gateway *gateway, struct http_exchange *x);

/*
 * http_serve() for a request with "Upgrade: websocket".  RC_OK: a WebSocket may
 * begin; live->codec, sid, info and wants_text are filled in (info until
 * http_finish()), and the door asks the engine.  RC_NONE: it is answered as by http_serve(); who only
 * carries the header along is served, who is refused gets the bare text.
 */
enum rc http_upgrade(struct gateway *gateway, struct http_exchange *x,
    struct live *live);
/* Whether the client came by TLS, to us or to a trusted proxy that says so. */
bool http_is_secure(const struct http_exchange *x);
/* After RC_OK: the engine refused; answers in its words. */
void http_upgrade_answer(struct gateway *gateway, struct http_exchange *x,
    enum answer answer);

/* The client is gone; respond() will not be called (or was). */
void http_cancel(struct gateway *gateway, struct http_exchange *x);

/* The response was made, but could not be written: what was in it is said again to
 * clients that wait for that.  Also after http_finish(), and not without another
 * engine_turn(). */
void http_lost(struct gateway *gateway, struct http_exchange *x);

/* Frees what the floor holds for x, the response too; after the response was
 * written, or after http_cancel().  May be called from within respond(). */
void http_finish(struct gateway *gateway, struct http_exchange *x);

/* No request was here for a while: gives back what the next one would use. */
void http_rest(void);

/* "Bad Request" for 400. */
const char *http_status_text(int status);

/* The first header of that name; absent if there is none. */
struct slice http_header_find(const struct http_header *headers, size_t n,
    const char *name);
struct slice http_header_get(const struct http_request *request, const char *name);

#endif
