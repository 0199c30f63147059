/*
 * session_wire.h - connections of an engine that keep what they are sent
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_SESSION_WIRE_H
#define TESTS_SESSION_WIRE_H

#include "session/live.h"
#include "tests/session_kit.h"

/* A connection that keeps what it is sent: messages with a bar between. */
struct wire {
	struct live live;
	enum answer answer;
	bool is_closed, is_stuck;
	char got[2048];
};

static struct kit kit;

/* What is refused is the door's again, which may free it at once: here it is wiped. */
enum { WIPED = 0xee };

static inline void
wire_opened(struct live *live, enum answer answer)
{
	((struct wire *)live->door)->answer = answer;
	if (answer != ANSWER_PAYLOAD)
		memset(live, WIPED, sizeof(*live));
}

static inline bool
wire_send(struct live *live, struct parcel *parcel)
{
	struct wire *wire = live->door;
	size_t i;

	if (wire->is_stuck)
		return false;
	for (i = 0; i < parcel->n; i++)
		snprintf(wire->got + strlen(wire->got), sizeof(wire->got) - strlen(wire->got),
		    "%s%s%.*s", wire->got[0] == '\0' ? "" : "|",
		    parcel->messages[i].is_binary ? "binary:" : "",
		    SLICE_ARGS(parcel->messages[i].data));
	return true;
}

static inline void
wire_close(struct live *live)
{
	((struct wire *)live->door)->is_closed = true;
}

static const struct live_door door = { wire_opened, wire_send, wire_close };

static inline void
wire_open(struct wire *wire, int i)
{
	memset(wire, 0, sizeof(*wire));
	wire->live.codec = kit.codec;
	wire->live.info = SLICE("{}");
	wire->live.ops = &door;
	wire->live.door = wire;
	engine_live_open(kit.engines[i], &wire->live);
	kit_settle(&kit);
	T_EQ(wire->answer, ANSWER_PAYLOAD);
	T_OK(strncmp(wire->got, "0{\"sid\":\"", 9) == 0);
	wire->got[0] = '\0';
}

static inline void
wire_say(struct wire *wire, const char *text)
{
	engine_live_message(wire->live.engine, &wire->live, false, slice_str(text));
}

/* In the root namespace; the answer to CONNECT is in got_r when wanted. */
static inline void
wire_connect(struct wire *wire, int i, char *got_r)
{
	wire_open(wire, i);
	wire_say(wire, "40");
	kit_settle(&kit);
	T_OK(strncmp(wire->got, "40{\"sid\":\"", 10) == 0);
	if (got_r != NULL)
		strcpy(got_r, wire->got);
	wire->got[0] = '\0';
}

#endif
