/*
 * fuzz_intake.c - any bytes on a FastCGI connection
 *
 * What must hold: it makes no difference in which pieces the bytes come; what
 * is called whole was read as far as it says; and the real libfcgi reads it to
 * its end without waiting, from the connection at once as from the pieces.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/adopt.h"
#include "fcgi/environment.h"
#include "http/http.h"
#include "tests/fuzz/fuzz.h"

#define BEGIN "\1\1\0\7\0\10\0\0\0\1\0\0\0\0\0\0"
#define PARAMS "\1\4\0\7\0\43\5\0\16\4REQUEST_METHODPOST\13\2REQUEST_URI/a" \
	"\0\0\0\0\0\1\4\0\7\0\0\0\0"
#define END "\1\5\0\7\0\0\0\0"

const struct slice fuzz_seeds[] = {
	SLICE(BEGIN PARAMS END),
	SLICE(BEGIN PARAMS "\1\5\0\7\0\5\3\0helloxxx" END),
	SLICE(BEGIN PARAMS "\1\5\0\7\0\5\0\0hello\1\5\0\7\0\5\0\0world" END
	    BEGIN PARAMS END),
	SLICE(BEGIN "\1\4\0\7\0\4\0\0\4\3NA\1\4\0\7\0\5\0\0MEval"
	    "\1\4\0\7\0\0\0\0" END),
	SLICE(BEGIN "\1\4\0\7\0\10\0\0\377\377\377\376\377\377\377\376"
	    "\1\4\0\7\0\0\0\0" END),
	SLICE(BEGIN PARAMS "\1\2\0\7\0\0\0\0"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE(BEGIN), SLICE(PARAMS), SLICE(END), SLICE("\1\5\0\7\0\1\0\0x"),
	SLICE("\1\4\0\7"), SLICE("\1\5\0\7"), SLICE("\1\2\0\7\0\0\0\0"),
	SLICE("\200\0\0\1"), SLICE("\377\377\377\376"), SLICE("\0\0\0\0"),
	SLICE("\1\11\0\0\0\0\0\0"), SLICE_NONE
};

enum { MAX_BODY = 16 };

/* Walks the input in pieces of n bytes. */
static enum rc
walk(struct slice input, size_t n, struct intake *in, struct buf *bytes)
{
	enum rc rc = RC_AGAIN;

	while (rc == RC_AGAIN && input.n > 0) {
		buf_add(bytes, slice_head(input, n));
		input = slice_skip(input, n);
		rc = intake_walk(in, bytes, MAX_BODY);
		FUZZ_MUST(in->at <= bytes->n && in->body <= MAX_BODY);
	}
	return rc;
}

/* From a real connection; at most `piece` bytes are there at a time. */
static enum rc
adopt(struct slice input, size_t piece, struct buf *body)
{
	struct adopt a = { .bytes = BUF_INIT };
	struct adopted adopted;
	struct http_request request;
	enum rc rc = RC_AGAIN;
	int fds[2];

	FUZZ_MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	while (rc == RC_AGAIN && input.n > 0) {
		FUZZ_MUST(write(fds[1], input.p,
		    piece < input.n ? piece : input.n) > 0);
		input = slice_skip(input, piece);
		rc = adopt_read(&a, &fds[0], MAX_BODY, body, &adopted);
	}
	if (rc == RC_OK) {
		environment_read(adopted.envp, &request);
		adopt_release();
	}
	adopt_fini(&a);
	close(fds[1]);
	if (fds[0] != -1)
		close(fds[0]);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct intake once = { .at = 0 }, pieces = { .at = 0 };
	struct buf bytes = BUF_INIT, again = BUF_INIT;
	struct buf body = BUF_INIT, body_again = BUF_INIT;
	static bool is_ready;
	enum rc rc;

	if (!is_ready) {
		adopt_init();
		signal(SIGPIPE, SIG_IGN);
		is_ready = true;
	}
	rc = walk(input, size, &once, &bytes);
	FUZZ_MUST(walk(input, 3, &pieces, &again) == rc);
	if (rc == RC_OK) {
		FUZZ_MUST(once.at == pieces.at && once.body == pieces.body &&
		    once.too_big == pieces.too_big);
		rc = adopt(input, size, &body);
		FUZZ_MUST(adopt(input, 7, &body_again) == rc);
		FUZZ_MUST(slice_eq(buf_slice(&body), buf_slice(&body_again)));
		FUZZ_MUST(rc != RC_OK || body.n == once.body);
	}
	intake_is_abort(input, 7);
	buf_free(&bytes);
	buf_free(&again);
	buf_free(&body);
	buf_free(&body_again);
	return 0;
}
