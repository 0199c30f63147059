/*
 * acl.c - what a change makes of an access list, the same for every driver
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "store/driver.h"

static bool
pack_has(struct slice packed, struct slice name)
{
	struct slice item;

	while (pack_next(&packed, &item))
		if (slice_eq(item, name))
			return true;
	return false;
}

/* Appends what is in names and neither in out nor in unless. */
static size_t
add_all(struct buf *out, struct slice names, struct slice unless)
{
	struct slice name;
	size_t n = 0;

	while (pack_next(&names, &name))
		if (!pack_has(buf_slice(out), name) && !pack_has(unless, name)) {
			pack_add(out, name);
			n++;
		}
	return n;
}

enum rc
acl_merge(struct buf *out, enum acl_verb verb, struct slice old, struct slice names)
{
	size_t n = 0;

	if (verb != ACL_SET)
		n = add_all(out, old, verb == ACL_REMOVE ? names : SLICE_NONE);
	if (verb != ACL_REMOVE)
		n += add_all(out, names, SLICE_NONE);
	return n > ACL_NAMES_MAX ? RC_TOO_BIG : RC_OK;
}
