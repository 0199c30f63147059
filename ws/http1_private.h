/*
 * http1_private.h - an HTTP connection, as taking and answering share it
 *
 * http1.c takes requests off the connection, serve.c answers them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_HTTP1_PRIVATE_H
#define WS_HTTP1_PRIVATE_H

#include "base/buf.h"
#include "http/http.h"
#include "ws/door_private.h"

struct app_call;
struct live_socket;
struct part;
struct request;

/* A request that is being served. */
struct service {
	struct http_exchange x;
	struct http1 *h;                /* NULL: the connection has gone */
	struct buf body;
	struct live_socket *upgrade;    /* NULL: a plain request */
	bool is_serving, is_done;       /* http_serve() runs; respond() was called */
};

struct http1 {
	struct door *door;
	struct listener *listener;      /* where it came from */
	struct stream *stream;
	struct buf in;                  /* not taken yet */
	size_t looked;                  /* where to look on for a head's end */
	struct part *part;              /* NULL: between requests, or in a head */
	struct service *service;        /* NULL: none is served here */
	struct app_call *app;           /* NULL: none is at the application */
	TAILQ_ENTRY(http1) waiting_link;
	unsigned minor;                 /* of the request in hand */
	struct receipt receipt;         /* of the last answer */
	bool keep;                      /* after it, the connection */
	bool is_waiting;                /* in door->waiting */
	bool is_over;                   /* no further request is taken */
	bool is_taking;
	bool had_request;
	char peer[46];
};

/* http1.c: whether no request can be taken now. */
bool http1_is_busy(const struct http1 *h);
/* There may be something to take, in the next turn. */
void http1_wait(struct http1 *h);
/* The request in hand is answered: the next one, or the end. */
void http1_next(struct http1 *h);

/* serve.c: the request in hand, and its body (taken). */
void serve_request(struct http1 *h, const struct request *request,
    struct buf *body, bool is_too_big);
/* Whether this one goes to the application; then its body need not be whole. */
bool serve_passes_on(const struct http1 *h, const struct request *request);
/* Bytes that belong to a request though none of its headers says so. */
size_t serve_behind(const struct http1 *h, const struct request *request);
void serve_pass_on(struct http1 *h, const struct request *request);
/* Of an answer without a length. */
void serve_piece(struct http1 *h, struct slice piece);
void serve_last_piece(struct http1 *h);
/* One sentence; headers: more lines, or none. */
void serve_text(struct http1 *h, int status, struct slice headers,
    const char *text);
/* The connection is closed: nobody wants the answer. */
void serve_forget(struct http1 *h);

#endif
