/*
 * hixie.c - WebSockets as browsers had them before RFC 6455
 *
 * draft-hixie-thewebsocketprotocol-75 (Chrome 4, Safari 5.0) has no key: whoever can
 * make a browser send the right headers has a WebSocket.  -76 (Safari 5.0.1 to 5.1,
 * Opera 11, Flash films of 2010 to 2012) has two keys in headers, each a number
 * hidden among letters and blanks, and eight bytes behind the head; the MD5 of the
 * three proves that a WebSocket server has read them.  It does not keep old proxies
 * from taking what follows for requests and answers, which is why browsers switched
 * it off in December 2010, and why `ws_versions` names neither.
 *
 * A message is 00, UTF-8, FF; FF 00 ends it (76).  There are no fragments, pings,
 * binary messages, masks or close codes.  The drafts also know frames that are to be
 * thrown away, which no client sent: they end the connection here.
 *
 * Must stay true, as for frame.c:
 *   - how the input is cut never shows in the events
 *   - after an error, a close frame or a stop nothing is read
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "ws/extension.h"
#include "ws/frame.h"
#include "ws/request.h"
#include "ws/upgrade.h"
#include "ws/version.h"

enum {
	KEY_SIZE = 8, MD5_SIZE = 16,
	BYTE_TEXT = 0x00, BYTE_END = 0xff,
	BYTE_CLOSE = 0x00               /* behind a BYTE_END that ends no text */
};

/* ---- the handshake ------------------------------------------------------------- */

static bool
is_76(const struct request *request)
{
	return request_header_count(request, "Sec-WebSocket-Version") == 0 &&
	    request_header_count(request, "Sec-WebSocket-Key") == 0 &&
	    request_header_count(request, "Sec-WebSocket-Key1") > 0;
}

static bool
is_75(const struct request *request)
{
	return request_header_count(request, "Sec-WebSocket-Version") == 0 &&
	    request_header_count(request, "Sec-WebSocket-Key") == 0 &&
	    request_header_count(request, "Sec-WebSocket-Key1") == 0;
}

/* What is wrong with a request of either draft; NULL: nothing. */
static const char *
request_fault(const struct request *request)
{
	if (!request_has_word(request, "Connection", "upgrade"))
		return "Not an upgrade: \"Upgrade: WebSocket\" and \"Connection: "
		    "Upgrade\" belong together; a proxy may have taken one away";
	if (request->is_chunked || request->length > 0)
		return "An upgrade has no body";
	if (request_header_count(request, "Host") != 1 ||
	    request_header_count(request, "Origin") > 1 ||
	    request_header_count(request, "Sec-WebSocket-Protocol") > 1 ||
	    !slice_starts(request->target, SLICE("/")))
		return "A WebSocket of this age needs a path, one Host, and not more "
		    "than one Origin and Sec-WebSocket-Protocol";
	return NULL;
}

/* The digits of a key are a multiple of the number of its blanks. */
static bool
key_number(struct slice key, unsigned char number_r[4])
{
	uint64_t number = 0;
	uint32_t blanks = 0;
	size_t i;

	for (i = 0; i < key.n; i++) {
		blanks += key.p[i] == ' ';
		if (key.p[i] < '0' || key.p[i] > '9')
			continue;
		number = number * 10 + (uint64_t)(key.p[i] - '0');
		if (number > UINT32_MAX)
			return false;
	}
	if (blanks == 0 || number % blanks != 0)
		return false;
	number /= blanks;
	for (i = 0; i < 4; i++)
		number_r[i] = (unsigned char)(number >> 8 * (3 - i));
	return true;
}

/* Line for line as browsers look at it: the place and the origin must be what they
 * asked for. */
static void
answer_write(struct buf *out, const struct handshake *handshake,
    const char *phrase, const char *prefix)
{
	const struct request *request = handshake->request;
	struct slice origin = request_header(request, "Origin");
	struct slice protocol = request_header(request, "Sec-WebSocket-Protocol");

	if (protocol.p == NULL)
		protocol = request_header(request, "WebSocket-Protocol");
	buf_printf(out, "HTTP/1.1 101 %s Handshake\r\n"
	    "Upgrade: WebSocket\r\nConnection: Upgrade\r\n", phrase);
	if (origin.n > 0)
		buf_printf(out, "%sWebSocket-Origin: %.*s\r\n", prefix,
		    SLICE_ARGS(origin));
	buf_printf(out, "%sWebSocket-Location: ws%s://%.*s%.*s\r\n", prefix,
	    handshake->is_secure ? "s" : "",
	    SLICE_ARGS(request_header(request, "Host")), SLICE_ARGS(request->target));
	if (protocol.n > 0)
		buf_printf(out, "%sWebSocket-Protocol: %.*s\r\n", prefix,
		    SLICE_ARGS(protocol));
	buf_str(out, "\r\n");
}

static int
answer_76(const struct handshake *handshake, struct buf *out,
    struct extension *extension_r, const char **fault_r)
{
	const struct request *request = handshake->request;
	unsigned char proof[4 + 4 + KEY_SIZE], digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	*extension_r = (struct extension){ 0 };
	if ((*fault_r = request_fault(request)) != NULL)
		return 400;
	if (handshake->behind.n != KEY_SIZE ||
	    request_header_count(request, "Sec-WebSocket-Key1") != 1 ||
	    request_header_count(request, "Sec-WebSocket-Key2") != 1 ||
	    !key_number(request_header(request, "Sec-WebSocket-Key1"), proof) ||
	    !key_number(request_header(request, "Sec-WebSocket-Key2"), proof + 4)) {
		*fault_r = "Sec-WebSocket-Key1 and Sec-WebSocket-Key2 are not numbers "
		    "as hixie-76 hides them";
		return 400;
	}
	memcpy(proof + 8, handshake->behind.p, KEY_SIZE);
	if (EVP_Digest(proof, sizeof(proof), digest, &n, EVP_md5(), NULL) != 1 ||
	    n != MD5_SIZE) {
		*fault_r = "MD5 is not to be had";
		return 500;
	}
	answer_write(out, handshake, "WebSocket Protocol", "Sec-");
	buf_add(out, slice_of((const char *)digest, MD5_SIZE));
	return 0;
}

static int
answer_75(const struct handshake *handshake, struct buf *out,
    struct extension *extension_r, const char **fault_r)
{
	*extension_r = (struct extension){ 0 };
	if ((*fault_r = request_fault(handshake->request)) != NULL)
		return 400;
	answer_write(out, handshake, "Web Socket Protocol", "");
	return 0;
}

/* ---- reading -------------------------------------------------------------------- */

/* The first byte of a frame, and the second of a close frame: reader->op is
 * BYTE_END between the two. */
static enum rc
byte_read(struct frame_reader *r, unsigned char byte,
    const struct frame_events *events, void *arg)
{
	if (r->op == BYTE_END) {
		if (byte != BYTE_CLOSE)
			return frame_fail(r, CLOSE_PROTOCOL, "unknown frame");
		r->is_over = true;
		events->close(arg, CLOSE_NONE, SLICE_NONE);
		return RC_GONE;
	}
	if (byte != BYTE_TEXT && byte != BYTE_END)
		return frame_fail(r, CLOSE_PROTOCOL, "unknown frame");
	r->op = byte;
	r->is_open = byte == BYTE_TEXT;
	return RC_OK;
}

static enum rc
text_end(struct frame_reader *r, struct slice last,
    const struct frame_events *events, void *arg)
{
	bool go_on;

	if (r->utf8 != 0)
		return frame_fail(r, CLOSE_BAD_TEXT, "text ends inside a character");
	r->is_open = false;
	go_on = events->message(arg, FRAME_OP_TEXT,
	    r->message.n > 0 ? buf_slice(&r->message) : last);
	buf_free(&r->message);
	r->is_over = !go_on;
	return RC_OK;
}

/* Returns in *taken_r what belongs to the message in hand, its end included. */
static enum rc
text_read(struct frame_reader *r, char *p, size_t n, size_t limit, size_t *taken_r,
    const struct frame_events *events, void *arg)
{
	const char *end = memchr(p, BYTE_END, n);
	struct slice piece = slice_of(p, end == NULL ? n : (size_t)(end - p));

	*taken_r = piece.n + (end != NULL);
	if (piece.n > limit || piece.n > limit - r->message.n)
		return frame_fail(r, CLOSE_TOO_BIG, "the message is too big");
	if (!utf8_feed(&r->utf8, piece))
		return frame_fail(r, CLOSE_BAD_TEXT, "text is not UTF-8");
	if (end == NULL || r->message.n > 0)
		buf_add(&r->message, piece);
	return end == NULL ? RC_OK : text_end(r, piece, events, arg);
}

static enum rc
hixie_read(struct frame_reader *r, char *p, size_t n, size_t limit,
    const struct frame_events *events, void *arg)
{
	enum rc rc = RC_OK;
	size_t taken;

	if (r->is_over)
		return RC_GONE;
	for (; rc == RC_OK && n > 0 && !r->is_over; p += taken, n -= taken) {
		taken = 1;
		if (r->is_open)
			rc = text_read(r, p, n, limit, &taken, events, arg);
		else
			rc = byte_read(r, (unsigned char)*p, events, arg);
	}
	return rc;
}

/* ---- writing --------------------------------------------------------------------- */

/* Whoever has binary messages for it says them as text (version->has_binary). */
static void
hixie_rewrite(struct buf *out, struct slice frames)
{
	struct slice text;
	size_t n;

	for (; frames.n > 0; frames = slice_skip(frames, n)) {
		n = frame_whole(frames, &text);
		assert((frames.p[0] & 0x0f) == FRAME_OP_TEXT);
		buf_char(out, (char)BYTE_TEXT);
		buf_add(out, text);
		buf_char(out, (char)BYTE_END);
	}
}

static void
close_write_76(struct buf *out, unsigned code, struct slice reason)
{
	(void)code;
	(void)reason;
	buf_char(out, (char)BYTE_END);
	buf_char(out, (char)BYTE_CLOSE);
}

static void
close_write_75(struct buf *out, unsigned code, struct slice reason)
{
	(void)out;
	(void)code;
	(void)reason;
}

const struct version version_hixie76 = {
	.name = "hixie-76",
	.behind = KEY_SIZE,
	.answers_close = true,
	.is_asked = is_76,
	.answer = answer_76,
	.read = hixie_read,
	.rewrite = hixie_rewrite,
	.close_write = close_write_76,
};

const struct version version_hixie75 = {
	.name = "hixie-75",
	.is_asked = is_75,
	.answer = answer_75,
	.read = hixie_read,
	.rewrite = hixie_rewrite,
	.close_write = close_write_75,
};
