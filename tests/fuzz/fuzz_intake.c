/*
 * fuzz_intake.c - any bytes on a FastCGI connection
 *
 * What must hold: it makes no difference in which pieces the bytes come, or
 * whether they came before they were asked for; what is called whole was read
 * as far as it says; and libfcgi, which reads the same bytes from a file, finds
 * the same variables and the same body in them.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <fastcgi.h>
#include <fcgiapp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/arrival.h"
#include "fcgi/environment.h"
#include "fcgi/records.h"
#include "http/http.h"
#include "tests/fuzz/fuzz.h"

#define BEGIN "\1\1\0\7\0\10\0\0\0\1\0\0\0\0\0\0"
#define KEEP "\1\1\0\7\0\10\0\0\0\1\1\0\0\0\0\0"
#define PARAMS "\1\4\0\7\0\43\5\0\16\4REQUEST_METHODPOST\13\2REQUEST_URI/a" \
	"\0\0\0\0\0\1\4\0\7\0\0\0\0"
#define END "\1\5\0\7\0\0\0\0"
#define ABORT "\1\2\0\7\0\0\0\0"
#define VALUES "\1\11\0\0\0\21\0\0\17\0FCGI_MPXS_CONNS"

const struct slice fuzz_seeds[] = {
	SLICE(BEGIN PARAMS END),
	SLICE(BEGIN PARAMS "\1\5\0\7\0\5\3\0helloxxx" END),
	SLICE(KEEP PARAMS "\1\5\0\7\0\5\0\0hello\1\5\0\7\0\5\0\0world" END
	    BEGIN PARAMS END),
	SLICE(BEGIN "\1\4\0\7\0\4\0\0\4\3NA\1\4\0\7\0\5\0\0MEval"
	    "\1\4\0\7\0\0\0\0" END),
	SLICE(BEGIN "\1\4\0\7\0\10\0\0\377\377\377\376\377\377\377\376"
	    "\1\4\0\7\0\0\0\0" END),
	SLICE(KEEP PARAMS ABORT KEEP PARAMS END ABORT KEEP PARAMS END),
	SLICE(VALUES KEEP VALUES PARAMS VALUES END),
	SLICE("\1\1\0\7\0\10\0\0\0\2\1\0\0\0\0\0" KEEP PARAMS END),
	SLICE(KEEP "\1\1\0\10\0\10\0\0\0\1\1\0\0\0\0\0" PARAMS END),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE(BEGIN), SLICE(KEEP), SLICE(PARAMS), SLICE(END), SLICE(ABORT),
	SLICE("\1\5\0\7\0\1\0\0x"), SLICE("\1\4\0\7"), SLICE("\1\5\0\7"),
	SLICE("\200\0\0\1"), SLICE("\377\377\377\376"), SLICE("\0\0\0\0"),
	SLICE(VALUES), SLICE("\1\77\0\0\0\0\0\0"),
	SLICE("\1\1\0\7\0\10\0\0\0\3\1\0\0\0\0\0"), SLICE_NONE
};

enum { MAX_BODY = 16 };

/* All that came of a connection's bytes, as text to compare. */
static void
story_add(struct buf *story, const struct arrived *arrived)
{
	struct http_request request;
	bool fits = environment_read_params(arrived->params, &request);

	FUZZ_MUST(arrived->body.n <= MAX_BODY);
	buf_printf(story, "id=%u keep=%d big=%d fits=%d ", arrived->id,
	    arrived->keep, arrived->too_big, fits);
	pack_add(story, arrived->params);
	pack_add(story, arrived->body);
}

/* From a real connection; at most `piece` bytes are there at a time. */
static enum rc
converse(struct slice input, size_t piece, struct buf *story)
{
	struct arrival a = { .bytes = BUF_INIT };
	struct arrived arrived;
	struct buf reply = BUF_INIT;
	enum rc rc = RC_AGAIN;
	int fds[2];

	FUZZ_MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	while (rc == RC_AGAIN && input.n > 0) {
		FUZZ_MUST(write(fds[1], input.p,
		    piece < input.n ? piece : input.n) > 0);
		input = slice_skip(input, piece);
		do {
			rc = arrival_read(&a, fds[0], MAX_BODY, &reply, &arrived);
			if (rc == RC_OK) {
				story_add(story, &arrived);
				arrival_release();
			}
		} while (rc == RC_OK);
	}
	buf_printf(story, " %s ", rc_name(rc));
	pack_add(story, buf_slice(&reply));
	arrival_fini(&a);
	buf_free(&reply);
	close(fds[0]);
	close(fds[1]);
	return rc;
}

/* Its names and values; libfcgi's strings end at a zero byte. */
static void
variables_compare(char **envp, struct slice params)
{
	struct slice name, value;
	struct buf line = BUF_INIT;

	for (; pair_cut(&params, &name, &value); envp++) {
		buf_reset(&line);
		buf_add(&line, name);
		buf_char(&line, '=');
		buf_add(&line, value);
		buf_char(&line, '\0');
		FUZZ_MUST(*envp != NULL && strcmp(*envp, line.p) == 0);
	}
	FUZZ_MUST(*envp == NULL);
	buf_free(&line);
}

/* libfcgi 2.4.2 loses its place behind a BEGIN_REQUEST, or an end of the
 * parameters, that has padding. */
static bool
twin_would_stumble(struct slice records)
{
	struct fcgi_record r;

	for (; fcgi_record_read(records, &r); records = slice_skip(records, r.size))
		if ((r.type == FCGI_BEGIN_REQUEST || r.content.n == 0) &&
		    r.size > FCGI_HEADER_LEN + r.content.n)
			return true;
	return false;
}

/* The twin: libfcgi reads the records of one request. */
static void
twin_read(struct slice records, struct slice params, struct slice body)
{
	FCGX_Request twin;
	char got[MAX_BODY + 1];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	FUZZ_MUST(fd != -1 && write(fd, records.p, records.n) ==
	    (ssize_t)records.n && lseek(fd, 0, SEEK_SET) == 0);
	FCGX_InitRequest(&twin, -1, 0);
	twin.ipcFd = fd;
	twin.keepConnection = 1;
	FCGX_Detach(&twin);
	FUZZ_MUST(FCGX_Accept_r(&twin) == 0);
	FUZZ_MUST(strcmp(twin.envp[0], "FCGI_ROLE=RESPONDER") == 0);   /* its own */
	variables_compare(twin.envp + 1, params);
	FUZZ_MUST(FCGX_GetStr(got, sizeof(got), twin.in) == (int)body.n &&
	    memcmp(got, body.p, body.n) == 0);
	twin.ipcFd = -1;
	FCGX_Free(&twin, 0);
	close(fd);
}

static void
first_request(struct slice input)
{
	struct intake in = { .at = 0 };
	struct buf bytes = BUF_INIT, reply = BUF_INIT, params = BUF_INIT,
	    body = BUF_INIT;
	struct http_request request;
	struct slice names, content, records;

	buf_add(&bytes, input);
	if (input.n > 0 && intake_walk(&in, &bytes, MAX_BODY, &reply) == RC_OK) {
		names = intake_params(&in, buf_slice(&bytes), &params);
		content = intake_body(&in, buf_slice(&bytes), &body);
		FUZZ_MUST(names.n == in.params && content.n == in.body);
		records = slice_head(buf_slice(&bytes), in.at);
		if (environment_read_params(names, &request) &&
		    !twin_would_stumble(records))
			twin_read(records, names, content);
	}
	buf_free(&bytes);
	buf_free(&reply);
	buf_free(&params);
	buf_free(&body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct buf once = BUF_INIT, pieces = BUF_INIT;
	static bool is_ready;

	if (!is_ready) {
		FCGX_Init();
		signal(SIGPIPE, SIG_IGN);
		is_ready = true;
	}
	first_request(input);
	FUZZ_MUST(converse(input, size, &once) == converse(input, 7, &pieces));
	FUZZ_MUST(slice_eq(buf_slice(&once), buf_slice(&pieces)));
	intake_is_abort(input, 7);
	buf_free(&once);
	buf_free(&pieces);
	return 0;
}
