/*
 * chunked.c - a body that comes in chunks (RFC 9112, 7.1)
 *
 * Extensions and trailers are read over.  Lines end in CR LF and in nothing
 * else: proxies that see another end would see another request behind it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "ws/chunked.h"

enum {
	AT_SIZE,                /* before the first digit */
	IN_SIZE,
	IN_EXTENSION,
	AFTER_SIZE,             /* LF must come */
	IN_DATA,
	AFTER_DATA,             /* CR must come */
	AFTER_DATA_CR,          /* LF must come */
	AT_TRAILER,             /* a line begins */
	IN_TRAILER,
	AFTER_TRAILER,          /* LF must come */
	AT_END                  /* LF must come, then it is over */
};
enum { LINE_MAX_SIZE = 1024, TRAILERS_MAX_SIZE = 8192 };

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum rc
size_char(struct chunked *c, char byte)
{
	int value = digit(byte);

	if (value >= 0) {
		if (c->left >> 59 != 0)
			return RC_TOO_BIG;
		c->left = c->left << 4 | (uint64_t)value;
		c->state = IN_SIZE;
	} else if (c->state == AT_SIZE) {
		return RC_BAD_INPUT;
	} else if (byte == '\r') {
		c->state = AFTER_SIZE;
	} else if (byte == ';' || byte == ' ' || byte == '\t') {
		c->state = IN_EXTENSION;
	} else {
		return RC_BAD_INPUT;
	}
	return RC_AGAIN;
}

static enum rc
line_begin(struct chunked *c, char byte, uint8_t at, uint8_t next)
{
	if (byte != (at == AFTER_DATA ? '\r' : '\n'))
		return RC_BAD_INPUT;
	c->state = next;
	c->line = 0;
	return RC_AGAIN;
}

/* RC_OK: it was the last byte of the body. */
static enum rc
framing_char(struct chunked *c, char byte)
{
	if (++c->line > (c->state >= AT_TRAILER ? TRAILERS_MAX_SIZE : LINE_MAX_SIZE))
		return RC_BAD_INPUT;
	switch (c->state) {
	case AT_SIZE:
	case IN_SIZE:
		return size_char(c, byte);
	case IN_EXTENSION:
		if (byte == '\n' || byte == '\0')
			return RC_BAD_INPUT;
		if (byte == '\r')
			c->state = AFTER_SIZE;
		return RC_AGAIN;
	case AFTER_SIZE:
		return line_begin(c, byte, AFTER_SIZE,
		    c->left > 0 ? IN_DATA : AT_TRAILER);
	case AFTER_DATA:
		return line_begin(c, byte, AFTER_DATA, AFTER_DATA_CR);
	case AFTER_DATA_CR:
		return line_begin(c, byte, AFTER_DATA_CR, AT_SIZE);
	case AT_TRAILER:
	case IN_TRAILER:
		if (byte == '\n' || byte == '\0')
			return RC_BAD_INPUT;
		if (byte == '\r')
			c->state = c->state == AT_TRAILER ? AT_END : AFTER_TRAILER;
		else
			c->state = IN_TRAILER;
		return RC_AGAIN;
	case AFTER_TRAILER:
		c->state = AT_TRAILER;
		return byte == '\n' ? RC_AGAIN : RC_BAD_INPUT;
	default:
		return byte == '\n' ? RC_OK : RC_BAD_INPUT;
	}
}

enum rc
chunked_read(struct chunked *c, struct slice *data, size_t limit,
    struct buf *out)
{
	enum rc rc = RC_AGAIN;
	size_t n;

	while (rc == RC_AGAIN && data->n > 0) {
		if (c->state != IN_DATA) {
			rc = framing_char(c, data->p[0]);
			*data = slice_skip(*data, 1);
			if (rc == RC_AGAIN && c->state == IN_DATA &&
			    (out->n > limit || c->left > limit - out->n))
				rc = RC_TOO_BIG;
			continue;
		}
		n = c->left < data->n ? (size_t)c->left : data->n;
		buf_add(out, slice_head(*data, n));
		*data = slice_skip(*data, n);
		if ((c->left -= n) == 0) {
			c->state = AFTER_DATA;
			c->line = 0;
		}
	}
	return rc;
}
