/*
 * request.h - the head of an HTTP/1 request, or of the answer to one
 *
 * The seam behind which the parser stands: request.c is the only file that knows
 * which one it is.  A head is parsed when it is whole, so parsing has no state.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_REQUEST_H
#define WS_REQUEST_H

#include "base/slice.h"
#include "http/http.h"

enum { REQUEST_HEADERS_MAX = 100 };

/* The slices lie in the head that was parsed; the method's is a constant. */
struct request {
	struct slice method, target;    /* as they came */
	struct http_header headers[REQUEST_HEADERS_MAX];        /* in order */
	size_t n_headers;
	unsigned minor;                 /* of HTTP/1.minor */
	bool keep_alive;                /* the client would like to say more */
	bool is_chunked, wants_continue;
	uint64_t length;                /* of the body, when it is not chunked */
};

/*
 * How long the head at the beginning of data is, with its empty line; 0: its end
 * has not come.  *looked is 0 at first and keeps where to look on when more bytes
 * came behind these.
 */
size_t request_head_end(struct slice data, size_t *looked);

/*
 * Parses a whole head.  0: it may be served.  Otherwise a status (400, 417, 431,
 * 501, 505) and one sentence; the connection is then of no more use, since
 * nobody knows where the next request begins.
 */
int request_parse(struct slice head, struct request *request_r,
    const char **fault_r);

/* The head of a response, with what a request has, too. */
struct reply {
	struct request head;            /* method and target mean nothing */
	unsigned status;
	bool has_length;
};

/* false: it is none. */
bool reply_parse(struct slice head, struct reply *reply_r);

/* The first header of that name; absent if there is none. */
struct slice request_header(const struct request *request, const char *name);

/* In how many lines it is. */
size_t request_header_count(const struct request *request, const char *name);

/* Whether a comma-separated header has this word, in any of its lines. */
bool request_has_word(const struct request *request, const char *name,
    const char *word);

#endif
