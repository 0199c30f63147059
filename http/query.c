/*
 * query.c - the parameters of a request, percent-decoded
 *
 * A query is decoded as node does it for the reference: pieces between '&', the
 * first '=' ends a name, '+' is a blank, a '%' that starts no escape is a '%'.
 * Unknown names are skipped without a copy; they are the application's and stay
 * in the raw text.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/slice.h"
#include "http/query.h"

#define NAME(literal) { literal, sizeof(literal) - 1 }
static const struct {
	struct slice name;
	size_t offset;
} names[] = {
	{ NAME("EIO"),       offsetof(struct query, eio) },
	{ NAME("transport"), offsetof(struct query, transport) },
	{ NAME("sid"),       offsetof(struct query, sid) },
	{ NAME("t"),         offsetof(struct query, t) },
	{ NAME("j"),         offsetof(struct query, j) },
	{ NAME("b64"),       offsetof(struct query, b64) },
	{ NAME("key"),       offsetof(struct query, key) },
	{ NAME("i"),         offsetof(struct query, i) },
	{ NAME("jsonp"),     offsetof(struct query, jsonp) },
	{ NAME("disconnect"), offsetof(struct query, disconnect) },
};

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void
percent_decode(struct buf *out, struct slice s, bool plus)
{
	size_t i;
	int high, low;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && s.n - i > 2 && (high = hex(s.p[i + 1])) >= 0 &&
		    (low = hex(s.p[i + 2])) >= 0) {
			buf_char(out, (char)(high << 4 | low));
			i += 2;
		} else {
			buf_char(out, plus && s.p[i] == '+' ? ' ' : s.p[i]);
		}
	}
}

static bool
is_plain(struct slice s)
{
	return slice_find(s, '%') == s.n && slice_find(s, '+') == s.n;
}

/* s itself, or its decoded text in scratch (which has room and does not move). */
static struct slice
decoded(struct slice s, struct buf *scratch)
{
	size_t from = scratch->n;

	if (is_plain(s))
		return s;
	percent_decode(scratch, s, true);
	return slice_of(scratch->p + from, scratch->n - from);
}

static struct slice *
field_of(struct query *query, struct slice name)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_eq(name, names[i].name))
			return (struct slice *)(void *)((char *)query + names[i].offset);
	return NULL;
}

/* Cuts the next "name=value" off; false: that was the last.  Without '=' there
 * is no value. */
static bool
pair_cut(struct slice *rest, struct slice *name_r, struct slice *value_r)
{
	const char *p, *end, *equals = NULL;

	if (rest->p == NULL)
		return false;
	end = rest->p + rest->n;
	for (p = rest->p; p < end && *p != '&'; p++)
		if (*p == '=' && equals == NULL)
			equals = p;
	*value_r = equals == NULL ? SLICE_NONE :
	    slice_of(equals + 1, (size_t)(p - equals - 1));
	*name_r = slice_of(rest->p, (size_t)((equals == NULL ? p : equals) - rest->p));
	*rest = p == end ? SLICE_NONE : slice_of(p + 1, (size_t)(end - p - 1));
	return true;
}

void
query_read(struct slice raw, struct buf *scratch, struct query *query_r)
{
	struct slice rest = raw, value, name, *field;
	bool plain = is_plain(raw);     /* nearly always: nothing to decode */

	*query_r = (struct query){ .raw = raw };
	if (raw.p == NULL)
		return;
	/* Decoding never makes longer: no slice into scratch is ever moved. */
	buf_reserve(scratch, 2 * raw.n + 1);
	while (pair_cut(&rest, &name, &value)) {
		if (!plain)
			name = decoded(name, scratch);
		if ((field = field_of(query_r, name)) == NULL || field->p != NULL)
			continue;
		*field = value.p == NULL ? SLICE("") :
		    plain ? value : decoded(value, scratch);
	}
}
