/*
 * inline.c - binary values for generations that have none
 *
 * Clients before 1.0 know JSON only.  A binary value reaches them as an object
 * with one member, {"_base64":"AAEC"}, which no client's library makes by itself.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/json.h"
#include "wire/inline_private.h"

static bool
attachment_get(struct slice attachments, int64_t i, struct slice *data_r)
{
	while (pack_next(&attachments, data_r))
		if (i-- == 0)
			return true;
	return false;
}

static bool
placeholder_find(struct slice object, struct slice attachments,
    struct slice *data_r)
{
	struct slice num = json_member(object, "num");
	int64_t i;

	return json_kind(json_member(object, "_placeholder")) == JSON_TRUE &&
	    num.p != NULL && json_int(num, &i) && i >= 0 &&
	    attachment_get(attachments, i, data_r);
}

static void value_write(struct buf *out, struct slice value,
    struct slice attachments);

static void
array_write(struct buf *out, struct slice value, struct slice attachments)
{
	struct slice item;
	char before = '[';

	for (json_open(&value); json_next(&value, &item); before = ',') {
		buf_char(out, before);
		value_write(out, item, attachments);
	}
	buf_str(out, before == '[' ? "[]" : "]");
}

static void
object_write(struct buf *out, struct slice value, struct slice attachments)
{
	struct slice key, item;
	char before = '{';

	if (placeholder_find(value, attachments, &item)) {
		buf_str(out, "{\"_base64\":\"");
		base64_encode(out, item);
		buf_str(out, "\"}");
		return;
	}
	for (json_open(&value); json_next_member(&value, &key, &item); before = ',') {
		buf_char(out, before);
		buf_add(out, key);
		buf_char(out, ':');
		value_write(out, item, attachments);
	}
	buf_str(out, before == '{' ? "{}" : "}");
}

/* As deep as the scan of what came in has let it be. */
static void
value_write(struct buf *out, struct slice value, struct slice attachments)
{
	switch (json_kind(value)) {
	case JSON_ARRAY:
		array_write(out, value, attachments);
		break;
	case JSON_OBJECT:
		object_write(out, value, attachments);
		break;
	default:
		buf_add(out, value);
	}
}

void
inline_write(struct buf *out, struct slice data, struct slice attachments)
{
	if (attachments.n == 0)
		buf_add(out, data);
	else
		value_write(out, data, attachments);
}
