/*
 * wire_assembler_test.c - attachments that come over several requests
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "tests/t.h"
#include "wire/codec.h"

#define P0 "{\"_placeholder\":true,\"num\":0}"
#define P1 "{\"_placeholder\":true,\"num\":1}"
#define P2 "{\"num\":2,\"_placeholder\":true}"

static const struct wire_limits limits = { 256, 10, 64, 100, 100 };

static struct arena arena;
static struct buf store;

/* One request: the state comes from a store, the body is read, the state goes
 * back.  What came out of it is in the arena. */
static enum rc
request(struct slice body, struct packet *packet_r)
{
	struct slice rest = body;
	struct assembler a;
	struct frame frame;
	enum rc rc;

	if ((rc = assembler_load(&a, arena_dup(&arena, buf_slice(&store)))) != RC_OK)
		return rc;
	while ((rc = codec_eio4.frame_next(&rest, &arena, &frame)) == RC_OK) {
		if (frame.type != FRAME_MESSAGE)
			continue;
		rc = codec_eio4.packet_next(&a, &frame, &limits, &arena, packet_r);
		if (rc != RC_AGAIN)
			break;
	}
	buf_reset(&store);
	assembler_save(&a, &store);
	return rc == RC_NONE ? RC_AGAIN : rc;
}

static void
start(void)
{
	arena_reset(&arena);
	buf_reset(&store);
}

static void
nothing_open_is_no_state_at_all(void)
{
	struct assembler a = ASSEMBLER_INIT;

	start();
	assembler_save(&a, &store);
	T_EQ(store.n, 0);
	T_EQ(assembler_load(&a, SLICE_NONE), RC_OK);
	T_OK(a.header.p == NULL);
	T_EQ(assembler_load(&a, SLICE("")), RC_OK);
	T_OK(a.header.p == NULL);
}

static void
attachments_may_come_in_requests_of_their_own(void)
{
	struct slice rest, element;
	struct packet p;

	start();
	T_EQ(request(SLICE("453-/chat,7[\"b\"," P0 ",[" P2 "]," P1 "]"), &p),
	    RC_AGAIN);
	T_OK(store.n > 0);
	T_EQ(request(SLICE("baGk="), &p), RC_AGAIN);
	T_EQ(request(SLICE("3"), &p), RC_AGAIN);        /* a pong between is fine */
	T_EQ(request(SLICE("b\x1e" "bAAEC/w=="), &p), RC_OK);
	T_EQ(store.n, 0);

	T_EQ(p.type, PACKET_EVENT);
	T_SLICE(p.nsp, "/chat");
	T_SLICE(p.id, "7");
	T_SLICE(p.data, "[\"b\"," P0 ",[" P2 "]," P1 "]");
	T_EQ(pack_count(p.attachments), 3);
	rest = p.attachments;
	T_OK(pack_next(&rest, &element));
	T_SLICE(element, "hi");
	T_OK(pack_next(&rest, &element));
	T_EQ(element.n, 0);
	T_OK(pack_next(&rest, &element));
	T_OK(slice_eq(element, SLICE("\x00\x01\x02\xff")));
}

static void
text_in_the_next_request_is_refused_while_attachments_are_due(void)
{
	struct packet p;

	start();
	T_EQ(request(SLICE("452-[\"b\"," P0 "," P1 "]\x1e" "baGk="), &p), RC_AGAIN);
	T_EQ(request(SLICE("42[\"x\"]"), &p), RC_BAD_INPUT);
}

static void
attachments_together_stay_below_the_payload_limit(void)
{
	char body[200] = "b";
	struct packet p;

	memset(body + 1, 'A', 80);      /* 60 bytes, the limit is 100 */
	start();
	T_EQ(request(SLICE("452-[\"b\"," P0 "]"), &p), RC_AGAIN);
	T_EQ(request(slice_str(body), &p), RC_AGAIN);
	T_EQ(request(slice_str(body), &p), RC_BAD_INPUT);

	start();
	T_EQ(request(SLICE("452-[\"b\"," P0 "]"), &p), RC_AGAIN);
	T_EQ(request(slice_str(body), &p), RC_AGAIN);
	body[1 + 47] = '\0';            /* 35 bytes more, and 4 for each length */
	T_EQ(request(slice_str(body), &p), RC_OK);
	T_EQ(pack_count(p.attachments), 2);
}

static void
attachments_of_one_request_are_not_mixed_up(void)
{
	char want[] = "#0";
	struct slice rest, element;
	struct packet p;
	int i;

	start();
	T_EQ(request(SLICE("4510-[\"b\"," P0 "]\x1e" "bIzA=\x1e" "bIzE=\x1e" "bIzI="
	    "\x1e" "bIzM=\x1e" "bIzQ=\x1e" "bIzU=\x1e" "bIzY=\x1e" "bIzc=\x1e"
	    "bIzg=\x1e" "bIzk="), &p), RC_OK);
	T_EQ(pack_count(p.attachments), 10);
	rest = p.attachments;
	for (i = 0; i < 10; i++) {
		want[1] = (char)('0' + i);
		T_OK(pack_next(&rest, &element));
		T_SLICE(element, want);
	}
}

static void
a_damaged_state_is_refused(void)
{
	struct assembler a;
	struct packet p;
	struct buf whole = BUF_INIT;
	size_t n;

	start();
	T_EQ(request(SLICE("453-[\"b\"," P0 "]\x1e" "baGk="), &p), RC_AGAIN);
	buf_add(&whole, buf_slice(&store));
	T_EQ(assembler_load(&a, buf_slice(&whole)), RC_OK);
	T_EQ(a.due, 2);
	for (n = 1; n < whole.n; n++) {
		/* the cut behind the header is a state without attachments */
		if (n != 4 + 4 + a.header.n)
			T_EQ(assembler_load(&(struct assembler){ .due = 0 },
			    slice_of(whole.p, n)), RC_BAD_INPUT);
	}
	memset(whole.p, 0, 4);          /* nothing due, and yet a state */
	T_EQ(assembler_load(&a, buf_slice(&whole)), RC_BAD_INPUT);
	T_OK(a.header.p == NULL);
	buf_free(&whole);
}

int
main(void)
{
	T_RUN(nothing_open_is_no_state_at_all);
	T_RUN(attachments_may_come_in_requests_of_their_own);
	T_RUN(text_in_the_next_request_is_refused_while_attachments_are_due);
	T_RUN(attachments_together_stay_below_the_payload_limit);
	T_RUN(attachments_of_one_request_are_not_mixed_up);
	T_RUN(a_damaged_state_is_refused);
	arena_free(&arena);
	buf_free(&store);
	return t_end();
}
