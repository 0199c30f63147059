/*
 * post_private.h - a payload being decided: what post.c and connect.c share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SESSION_POST_PRIVATE_H
#define SESSION_POST_PRIVATE_H

#include "session/app.h"
#include "session/live_private.h"

/* A socket of this session as it will be after the packets so far. */
struct view {
	struct slice nsp;
	bool is_connected;
	bool is_asking;                 /* its CONNECT waits to be answered */
	uint64_t n;                     /* when it was there before this POST */
	const uint64_t *socket;         /* &n, or the result of its OP_CONNECT */
	struct slice id, data, user;
	struct view *next;
};

struct post {
	struct engine *e;
	struct exchange *x;
	struct session_row row;
	struct store_op *gate;
	struct view *views;
	struct assembler assembler;
	unsigned n_frames;
	int64_t n_joined;               /* namespaces, by this POST */
	int64_t inbox_n, inbox_bytes;   /* of what waits for a later answer */
	bool changed, pong, pinged;
	const uint64_t *opened;         /* a handshake: the session's number-to-be */
	struct buf greeting;            /* of a handshake */
	const char *closing;            /* reason; NULL: the session goes on */
	char answer;                    /* digit for a parked poll then */
};

/* The session ends when the payload is decided; the first reason counts. */
void post_close(struct post *post, const char *reason, char answer);
/* What it says cannot be understood, or not here. */
void post_garbled(struct post *post);

struct view *view_get(struct post *post, struct slice nsp);
struct app_call view_call(struct post *post, struct view *view,
    enum app_call_kind kind);
/* What the application asked for, behind gate. */
void view_apply(struct post *post, struct view *view, struct slice ack_id,
    struct store_op *gate, const struct effects *effects);

/* ---- connect.c ---- */

/* Its client waits for the answer to its CONNECT. */
bool view_is_asking(struct post *post, struct view *view);

/* Appends what is said to the session itself; the record, to be completed. */
struct record *post_tell(struct post *post, enum record_kind kind, struct slice nsp);
/* What the application said to a new socket. */
struct admission {
	enum answer verdict;            /* OK, REFUSED, FAILED */
	bool is_later;                  /* it will say */
	struct slice auth;
	struct slice message, data;     /* of a refusal; data may be absent */
	struct effects effects;
};
/* Gives view an id and asks; auth may be absent.  Nothing is in the turn yet. */
void connect_ask(struct post *post, struct view *view, struct slice auth,
    struct admission *admission_r);
/* The socket is made, or its client is told why not. */
void connect_enter(struct post *post, struct view *view,
    const struct admission *admission);
void on_connect(struct post *post, const struct packet *packet);

#endif
