/*
 * session_json.c - what the sockets of one client connection share, for applications
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "handlers/session_json.h"
#include "store/store.h"

void
session_json(struct buf *out, struct store *store, uint64_t lane)
{
	struct arena arena = ARENA_INIT;
	struct slice key = store_lane_key(&arena, lane), data = SLICE_NONE;

	store_value(store, key, &arena, &data);
	buf_printf(out, "{\"id\":\"%016" PRIx64 "\",\"data\":",
	    siphash(store_key(store), key));
	buf_add(out, data.n > 0 ? data : SLICE("null"));
	buf_char(out, '}');
	arena_free(&arena);
}
