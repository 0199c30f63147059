/*
 * fake_engine.h - an engine that says what the test told it to say
 *
 * Linked instead of the session floor.  It knows one session and answers in
 * engine_turn(), never before.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_FAKE_ENGINE_H
#define TESTS_FAKE_ENGINE_H

#include "session/engine.h"

struct engine {
	char sid[24];                   /* of the known session, and of the next one */
	enum answer answer;             /* to polls and posts of that session */
	enum answer refusal;            /* to handshakes, unless it is ANSWER_NONE */
	struct slice payload;           /* to polls and handshakes */
	bool holds;                     /* polls stay parked */
	/* what it was asked */
	struct exchange *first;         /* waiting */
	unsigned opens, polls, posts, cancels, lost;
	struct buf body, info, t, upgrades, without;
	bool is_octets, wants_text;
	bool gives_octets;
	bool replaces, is_alive, drains;        /* what a poll is told */
	unsigned leaves, echoes;        /* of posts */
	int64_t hold_ms;                /* of the last poll */
	enum generation generation;
	unsigned tallies[TALLY__COUNT];
};

void fake_engine_init(struct engine *engine, const char *sid);
void fake_engine_fini(struct engine *engine);

#endif
