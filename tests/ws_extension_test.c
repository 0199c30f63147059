/*
 * ws_extension_test.c - permessage-deflate: what is offered, what is answered
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "tests/t.h"
#include "ws/extension.h"
#include "ws/request.h"

static struct extension got;

/* The header line that answers these, "" for none. */
static const char *
answer(const struct extension_conf *conf, const char *lines)
{
	static char text[512];
	struct buf head = BUF_INIT, out = BUF_INIT;
	struct request request;
	const char *fault;

	buf_printf(&head, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", lines);
	T_EQ(request_parse(buf_slice(&head), &request, &fault), 0);
	extension_choose(&request, conf, &got);
	extension_write(&out, &got);
	snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(buf_slice(&out)));
	buf_free(&head);
	buf_free(&out);
	return text;
}

static const struct extension_conf forgetful = { true, 13, false };
static const struct extension_conf mindful = { true, 13, true };
static const struct extension_conf off = { false, 13, true };

#define LINE "Sec-WebSocket-Extensions: "
#define YES LINE "permessage-deflate"
#define BOTH_FORGET "; server_no_context_takeover; client_no_context_takeover"
#define OFFER(parameters) YES parameters "\r\n"

static void
nothing_is_answered_to_who_offers_nothing(void)
{
	T_STR(answer(&forgetful, ""), "");
	T_STR(answer(&forgetful, LINE "x-webkit-deflate-frame\r\n"), "");
	T_EQ(got.our_window, 0);
	T_STR(answer(&off, OFFER("")), "");
}

static void
by_default_both_sides_forget(void)
{
	T_STR(answer(&forgetful, OFFER("")), OFFER(BOTH_FORGET));
	T_EQ(got.our_window, 13);
	T_EQ(got.their_window, 15);
	T_OK(!got.we_remember && !got.they_remember);
	T_STR(answer(&forgetful, OFFER("; client_max_window_bits")),
	    OFFER(BOTH_FORGET));
}

static void
who_may_remember_does_unless_it_was_asked_not_to(void)
{
	T_STR(answer(&mindful, OFFER("")), OFFER(""));
	T_OK(got.we_remember && got.they_remember);
	T_EQ(got.their_window, 15);
	T_STR(answer(&mindful, OFFER("; server_no_context_takeover")),
	    OFFER("; server_no_context_takeover"));
	T_OK(!got.we_remember && got.they_remember);
	T_STR(answer(&mindful, OFFER("; client_no_context_takeover")),
	    OFFER("; client_no_context_takeover"));
	T_STR(answer(&mindful, OFFER("; client_max_window_bits")),
	    OFFER("; client_max_window_bits=13"));
	T_STR(answer(&mindful, OFFER("; client_max_window_bits=10")),
	    OFFER("; client_max_window_bits=10"));
	T_EQ(got.their_window, 10);
}

static void
our_window_is_as_small_as_was_asked(void)
{
	T_STR(answer(&forgetful, OFFER("; server_max_window_bits=10")),
	    OFFER(BOTH_FORGET "; server_max_window_bits=10"));
	T_EQ(got.our_window, 10);
	T_STR(answer(&forgetful, OFFER("; server_max_window_bits=\"15\"")),
	    OFFER(BOTH_FORGET "; server_max_window_bits=13"));
	/* zlib has no window of 8 bits to write with. */
	T_STR(answer(&forgetful, OFFER("; server_max_window_bits=8")), "");
	T_STR(answer(&mindful, OFFER("; client_max_window_bits=8")),
	    OFFER("; client_max_window_bits=8"));
}

static void
the_first_offer_that_can_be_kept_is_taken(void)
{
	T_STR(answer(&forgetful, LINE "permessage-deflate; "
	    "server_max_window_bits=8, permessage-deflate\r\n"),
	    OFFER(BOTH_FORGET));
	T_STR(answer(&forgetful, LINE "other; a=\"x, permessage-deflate\"; b\r\n"
	    LINE " x ,, PerMessage-Deflate ; server_max_window_bits = 9 \r\n"),
	    OFFER(BOTH_FORGET "; server_max_window_bits=9"));
}

static void
what_is_not_written_as_it_must_be_is_no_offer(void)
{
	static const char *const wrong[] = {
		"; unknown", "; server_no_context_takeover=1",
		"; client_no_context_takeover=\"\"", "; server_max_window_bits",
		"; server_max_window_bits=", "; server_max_window_bits=7",
		"; server_max_window_bits=16", "; server_max_window_bits=010",
		"; server_max_window_bits=+9", "; server_max_window_bits=1e1",
		"; server_max_window_bits=\"10", "; client_max_window_bits=",
		"; client_max_window_bits=100", "; client_max_window_bits=16",
		"; client_max_window_bits; client_max_window_bits",
		"; server_no_context_takeover; server_no_context_takeover",
		"; server_max_window_bits=10; server_max_window_bits=10", ";",
		" x", "=1",
	};
	char line[256];
	size_t i;

	for (i = 0; i < N_ELEMENTS(wrong); i++) {
		snprintf(line, sizeof(line), YES "%s\r\n", wrong[i]);
		T_STR(answer(&mindful, line), "");
	}
}

int
main(void)
{
	T_RUN(nothing_is_answered_to_who_offers_nothing);
	T_RUN(by_default_both_sides_forget);
	T_RUN(who_may_remember_does_unless_it_was_asked_not_to);
	T_RUN(our_window_is_as_small_as_was_asked);
	T_RUN(the_first_offer_that_can_be_kept_is_taken);
	T_RUN(what_is_not_written_as_it_must_be_is_no_offer);
	return t_end();
}
