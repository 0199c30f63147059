/*
 * query.h - the parameters that this house knows
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include "base/slice.h"

struct buf;

/* Absent: not in the query.  Of a repeated name the first counts. */
struct query {
	struct slice raw;               /* all of it, as it came */
	struct slice eio, transport, sid, t, j, b64, key;
	struct slice i, jsonp, disconnect;      /* of 0.7 to 0.9 */
};

/* The slices lie in raw or in scratch, which must live as long. */
void query_read(struct slice raw, struct buf *scratch, struct query *query_r);

/* Appends s with %XX decoded, once; what is no escape stays.  plus: '+' is a
 * blank. */
void percent_decode(struct buf *out, struct slice s, bool plus);

#endif
