/*
 * session_kit.h - several processes on one store, without sockets
 *
 * Each struct kit_process is an engine; they share a memory store and a clock
 * that stands still until it is turned.  A request is an exchange whose answer
 * is kept in its struct kit_request.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_SESSION_KIT_H
#define TESTS_SESSION_KIT_H

#include "base/buf.h"
#include "base/clock.h"
#include "session/app.h"
#include "session/engine.h"
#include "store/store.h"
#include "tests/t.h"

enum { KIT_PROCESSES = 3 };

struct kit {
	struct clock_fake clock;
	struct store *stores[KIT_PROCESSES];
	struct store *store;            /* of the first */
	struct engine *engines[KIT_PROCESSES];
	struct engine_conf conf;
	const struct codec *codec;      /* of the clients that speak from now on */
	bool wants_text;                /* they do */
	struct slice upgrades;          /* offered by a handshake; absent: none */
	struct slice without;           /* while nobody serves WebSockets */
	bool refuses_root;              /* the application does */
	char greeting[512];             /* of the last handshake */
	bool has_rules;                 /* "/" and its room red have presence, mail, history */
	int calls;                      /* of the application */
	char last_reason[64];           /* of the last disconnect */
	char last_timer[64];
	char last_answers[256];
	char last_auth[256];            /* of the last CONNECT */
};

struct kit_request {
	struct exchange x;
	bool is_done;
	char body[4096];
	size_t body_n;
};

void kit_init(struct kit *kit);
void kit_init_on(struct kit *kit, const char *driver, const char *path);
void kit_fini(struct kit *kit);
/* conf was changed: all processes begin anew with it, before they have served. */
void kit_configure(struct kit *kit);
/* A process ends. */
void kit_leave(struct kit *kit, int i);

/* Turns every process until nothing is left to do. */
void kit_settle(struct kit *kit);
void kit_pass(struct kit *kit, int64_t ms);     /* the clock, then settle */

/* A session's sid in sid_r[24]; through process i. */
void kit_open(struct kit *kit, int i, char *sid_r);
void kit_poll(struct kit *kit, int i, const char *sid, const char *t,
    struct kit_request *request);
/* Posts and settles; the answer. */
enum answer kit_post(struct kit *kit, int i, const char *sid, const char *body);
enum answer kit_post_octets(struct kit *kit, int i, const char *sid,
    struct slice body);
/* Polls and settles: what came, or "" when it is parked (it is then cancelled). */
const char *kit_read(struct kit *kit, int i, const char *sid);
/* A session with a socket in the root namespace. */
void kit_connect(struct kit *kit, int i, char *sid_r);

#endif
