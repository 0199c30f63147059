/*
 * session_live_test.c - sessions on a connection, beside polling ones
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

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

static void
wire_opened(struct live *live, enum answer answer)
{
	((struct wire *)live->door)->answer = answer;
}

static bool
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

static void
wire_close(struct live *live)
{
	((struct wire *)live->door)->is_closed = true;
}

static const struct live_door door = { wire_opened, wire_send, wire_close };

static void
wire_open(struct wire *wire, int i)
{
	memset(wire, 0, sizeof(*wire));
	wire->live.codec = codec_of(GENERATION_EIO4);
	wire->live.info = SLICE("{}");
	wire->live.ops = &door;
	wire->live.door = wire;
	engine_live_open(kit.engines[i], &wire->live);
	kit_settle(&kit);
	T_EQ(wire->answer, ANSWER_PAYLOAD);
	T_OK(strncmp(wire->got, "0{\"sid\":\"", 9) == 0);
	wire->got[0] = '\0';
}

static void
wire_say(struct wire *wire, const char *text)
{
	engine_live_message(wire->live.engine, &wire->live, false, slice_str(text));
}

/* In the root namespace; the answer to CONNECT is in got_r when wanted. */
static void
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

static void
an_event_on_a_connection_is_acknowledged_there(void)
{
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_say(&a, "421[\"echo\",1]");
	wire_say(&a, "422[\"echo\",2]");
	kit_settle(&kit);
	T_STR(a.got, "431[1]|432[2]");
	engine_live_end(kit.engines[0], &a.live);
	kit_settle(&kit);
	T_STR(kit.last_reason, "transport close");
	kit_fini(&kit);
}

static void
what_is_said_in_one_turn_keeps_its_order_beyond_one_post(void)
{
	struct wire a;
	char text[32];
	int i;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	for (i = 1; i <= 300; i++) {
		snprintf(text, sizeof(text), "42%s[\"count\"]", i == 300 ? "0" : "");
		wire_say(&a, text);
	}
	kit_settle(&kit);
	T_STR(a.got, "430[300]");
	T_EQ(engine_live_waiting(&a.live), 0);
	kit_fini(&kit);
}

static void
connections_and_polls_hear_the_same_room(void)
{
	struct wire a, b;
	char sid[24];

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_connect(&b, 1, NULL);
	kit_connect(&kit, 2, sid);
	kit_post(&kit, 2, sid, "42[\"broadcast\",\"x\"]");
	T_OK(strncmp(a.got, "42[\"broadcast\",\"x\",", 19) == 0);
	T_STR(b.got, a.got);
	T_STR(kit_read(&kit, 0, sid), a.got);
	kit_fini(&kit);
}

static void
binary_travels_in_messages_of_its_own(void)
{
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_say(&a, "451-[\"broadcast\",{\"_placeholder\":true,\"num\":0}]");
	engine_live_message(kit.engines[0], &a.live, true, SLICE("raw"));
	kit_settle(&kit);
	T_OK(strncmp(a.got, "451-[\"broadcast\",{\"_placeholder\":true,\"num\":0},", 46) == 0);
	T_OK(strstr(a.got, "|binary:raw") != NULL);
	kit_fini(&kit);
}

static void
pings_are_answered_or_the_connection_ends(void)
{
	struct wire a;
	int i;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	for (i = 0; i < 3; i++) {
		kit_pass(&kit, 25000);
		T_STR(a.got, "2");
		a.got[0] = '\0';
		wire_say(&a, "3");
		kit_settle(&kit);
	}
	T_OK(!a.is_closed);
	kit_pass(&kit, 25000);
	kit_pass(&kit, 20100);
	kit_pass(&kit, 1000);
	T_OK(a.is_closed);
	T_STR(kit.last_reason, "ping timeout");
	kit_fini(&kit);
}

static void
a_hard_disconnect_says_so_and_closes(void)
{
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_say(&a, "42[\"kick hard\"]");
	kit_settle(&kit);
	T_STR(a.got, "41");
	T_OK(a.is_closed);
	kit_fini(&kit);
}

static void
a_protocol_error_closes(void)
{
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_say(&a, "42/other,[\"x\"]");
	kit_settle(&kit);
	T_OK(a.is_closed);
	kit_fini(&kit);
}

static void
a_slow_reader_is_let_go(void)
{
	struct wire a;
	char sid[24];

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	kit_connect(&kit, 1, sid);
	a.is_stuck = true;
	kit_post(&kit, 1, sid, "42[\"broadcast\"]");
	T_STR(kit.last_reason, "transport close");
	kit_fini(&kit);
}

static void
what_no_pong_proved_is_said_again_to_a_recovered_client(void)
{
	struct wire a, b;
	char got[256], id[24], pid[24], auth[128], sid[24];

	kit_init(&kit);
	wire_connect(&a, 0, got);
	T_EQ(sscanf(got, "40{\"sid\":\"%20[^\"]\",\"pid\":\"%20[^\"]", id, pid), 2);
	kit_connect(&kit, 1, sid);
	kit_post(&kit, 1, sid, "42[\"broadcast\",1]");
	T_OK(strstr(a.got, "broadcast") != NULL);
	engine_live_end(kit.engines[0], &a.live);       /* it never arrived */
	kit_settle(&kit);
	wire_open(&b, 2);
	snprintf(auth, sizeof(auth), "40{\"pid\":\"%s\"}", pid);
	wire_say(&b, auth);
	kit_settle(&kit);
	T_OK(strncmp(b.got, "42[\"broadcast\",1,", 17) == 0);
	T_OK(strstr(strstr(b.got, "|40{"), id) != NULL);
	kit_fini(&kit);
}

static void
draining_closes_connections_and_keeps_them_recoverable(void)
{
	struct store_stats stats;
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	engine_drain(kit.engines[0]);
	kit_settle(&kit);
	T_OK(a.is_closed);
	T_EQ(store_stats(kit.store, &stats), RC_OK);
	T_EQ(stats.gone, 1);
	kit_fini(&kit);
}

int
main(void)
{
	T_RUN(an_event_on_a_connection_is_acknowledged_there);
	T_RUN(what_is_said_in_one_turn_keeps_its_order_beyond_one_post);
	T_RUN(connections_and_polls_hear_the_same_room);
	T_RUN(binary_travels_in_messages_of_its_own);
	T_RUN(pings_are_answered_or_the_connection_ends);
	T_RUN(a_hard_disconnect_says_so_and_closes);
	T_RUN(a_protocol_error_closes);
	T_RUN(a_slow_reader_is_let_go);
	T_RUN(what_no_pong_proved_is_said_again_to_a_recovered_client);
	T_RUN(draining_closes_connections_and_keeps_them_recoverable);
	return t_end();
}
