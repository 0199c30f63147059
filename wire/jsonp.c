/*
 * jsonp.c - payloads inside scripts and forms
 *
 * A page that cannot use XMLHttpRequest asks with a script element and sends
 * with a form.  A form changes line ends on its way, so the client hides them:
 * a line feed becomes \n (backslash, n), and a \n that was there already
 * becomes \\n.  Nothing else is escaped, so the way back looks at n only.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "wire/form_private.h"
#include "wire/jsonp.h"

struct slice
jsonp_index(struct buf *scratch, struct slice j)
{
	size_t i;

	buf_reset(scratch);
	for (i = 0; i < j.n; i++) {
		if (j.p[i] >= '0' && j.p[i] <= '9')
			buf_char(scratch, j.p[i]);
	}
	return scratch->n == 0 ? SLICE_NONE : buf_slice(scratch);
}

void
jsonp_write(struct buf *out, struct slice index, struct slice payload)
{
	jsonp_call(out, "___eio[", index, "](", payload);
}

void
jsonp_call(struct buf *out, const char *open, struct slice index,
    const char *middle, struct slice payload)
{
	buf_reserve(out, payload.n + payload.n / 4 + index.n + 32);
	buf_str(out, open);
	buf_add(out, index);
	buf_str(out, middle);
	json_quote_script(out, payload);
	buf_str(out, ");");
}

/* An n behind backslashes: see the head of this file. */
static void
newline_undo(struct buf *out, size_t start)
{
	if (out->n == start || out->p[out->n - 1] != '\\') {
		buf_char(out, 'n');
	} else if (out->n - start >= 2 && out->p[out->n - 2] == '\\') {
		out->p[out->n - 1] = 'n';
	} else {
		out->p[out->n - 1] = '\n';
	}
}

static void
value_read(struct buf *payload, struct slice value)
{
	size_t start = payload->n;
	char c;

	buf_reserve(payload, value.n);
	while (value.n > 0) {
		c = form_char(&value);
		if (c == 'n')
			newline_undo(payload, start);
		else
			buf_char(payload, c);
	}
}

enum rc
jsonp_read(struct buf *payload, struct slice form)
{
	struct slice field, value = SLICE_NONE;
	bool found = false;
	size_t n;

	while (slice_cut(&form, '&', &field)) {
		n = slice_find(field, '=');
		if (!slice_is(slice_head(field, n), "d"))
			continue;
		if (found)
			return RC_NONE; /* two make a list, which engine.io ignores */
		found = true;
		value = slice_skip(field, n + 1);
	}
	if (!found)
		return RC_NONE;
	value_read(payload, value);
	return RC_OK;
}
