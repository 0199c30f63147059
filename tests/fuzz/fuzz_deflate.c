/*
 * fuzz_deflate.c - whatever is offered, and whatever claims to be compressed
 *
 * What must hold: an answer names only windows that may be named; what comes out
 * of compressed bytes stays below the limit, also from a reader that remembers
 * what harm was tried before; what we compress is read as what it was.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "tests/fuzz/fuzz.h"
#include "ws/deflate.h"
#include "ws/extension.h"
#include "ws/request.h"

enum { LIMIT = 5000 };

const struct slice fuzz_seeds[] = {
	SLICE("permessage-deflate"),
	SLICE("permessage-deflate; client_max_window_bits"),
	SLICE("permessage-deflate; server_max_window_bits=10; "
	    "client_max_window_bits=\"12\", permessage-deflate; "
	    "server_no_context_takeover; client_no_context_takeover"),
	SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00"),
	SLICE("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"),
	SLICE("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
	SLICE("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"),
	SLICE("\xf2\x00\x11\x00\x00"),
	SLICE("\x4a\x4c\x1c\x05\xa3\x21\x30\x1a\x02\xc3\x3d\x04\x00"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("permessage-deflate"), SLICE("; "), SLICE(","), SLICE("="), SLICE("\""),
	SLICE("server_max_window_bits=8"), SLICE("client_max_window_bits=9"),
	SLICE("server_no_context_takeover"), SLICE("client_no_context_takeover"),
	SLICE("\x00\x00\xff\xff"), SLICE("\x01\x00\x00\xff\xff"), SLICE("\x03\x00"),
	SLICE("\xf2"), SLICE("\xf3"), SLICE_NONE
};

static void
offer(struct slice text, bool may_remember)
{
	struct extension_conf conf = { true, 12, may_remember };
	struct request request = { .n_headers = 1 };
	struct buf out = BUF_INIT;
	struct extension e;

	request.headers[0].name = SLICE("Sec-WebSocket-Extensions");
	request.headers[0].value = text;
	extension_choose(&request, &conf, &e);
	extension_write(&out, &e);
	if (e.our_window == 0) {
		FUZZ_MUST(out.n == 0 && !e.we_remember && !e.they_remember);
	} else {
		FUZZ_MUST(e.our_window >= 9 && e.our_window <= 12);
		FUZZ_MUST(e.their_window >= 8 && e.their_window <= 15);
		FUZZ_MUST(may_remember || (!e.we_remember && !e.they_remember));
		FUZZ_MUST(slice_ends(buf_slice(&out), SLICE("\r\n")));
	}
	buf_free(&out);
}

static void
unpack(struct deflate *deflate, const struct extension *e, struct slice data)
{
	struct deflate_own *own = NULL;
	struct slice plain;
	int i;

	for (i = 0; i < 2; i++) {
		if (deflate_unpack(deflate, e, &own, data, LIMIT, &plain) != RC_OK)
			FUZZ_MUST(plain.n == 0);
		FUZZ_MUST(plain.n <= LIMIT);
	}
	deflate_own_free(&own);
}

static void
there_and_back(struct deflate *deflate, const struct extension *e,
    struct slice data)
{
	struct deflate_own *own = NULL;
	struct buf packed = BUF_INIT;
	struct slice plain;
	int i;

	for (i = 0; i < 2; i++) {
		buf_reset(&packed);
		if (!deflate_pack(deflate, e, &own, data, &packed))
			continue;
		FUZZ_MUST(deflate_unpack(deflate, e, &own, buf_slice(&packed),
		    data.n, &plain) == RC_OK);
		FUZZ_MUST(slice_eq(plain, data));
	}
	deflate_own_free(&own);
	buf_free(&packed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct extension extensions[] = {
		{ 12, 15, false, false, true }, { 9, 9, true, true, false },
	};
	struct slice input = slice_of((const char *)data, size);
	struct deflate *deflate = deflate_new(3);
	size_t i;

	offer(input, false);
	offer(input, true);
	for (i = 0; i < N_ELEMENTS(extensions); i++) {
		unpack(deflate, &extensions[i], input);
		there_and_back(deflate, &extensions[i], input);
	}
	deflate_free(&deflate);
	return 0;
}
