/*
 * api_user.c - from outside: who may send what, who is there, where the log stands
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>

#include "base/json.h"
#include "handlers/acl.h"
#include "handlers/history.h"
#include "http/api_private.h"
#include "store/store.h"

/* ---- access lists ---------------------------------------------------------------- */

static void
list_write(struct api_call *call, const struct effect *f, struct buf *out)
{
	struct acl_row row;

	buf_str(out, "{\"names\":");
	if (store_acl(call->api->store, channel_key(&call->arena, f->of, call->nsp, f->name),
	    &call->arena, &row) != RC_OK) {
		buf_str(out, "null}");
		return;
	}
	acl_names_write(out, row.names);
	buf_printf(out, ",\"at\":%" PRId64 ",\"by\":", row.wall);
	json_quote(out, row.by);
	buf_char(out, '}');
}

static bool
acl_changes(const struct api_call *call)
{
	static const char *const verbs[] = { "set", "add", "remove", "forget" };
	size_t i;

	for (i = 0; i < N_ELEMENTS(verbs); i++)
		if (json_member(call->body, verbs[i]).p != NULL)
			return true;
	return false;
}

void
acl_serve(struct api_call *call)
{
	struct slice of = api_text(call, "of");
	struct buf out = BUF_INIT;
	struct effect target = { .kind = EFFECT_ACL };

	if (acl_changes(call)) {
		if (!api_effects(call, api_body(call, "of", "acl", "")))
			return;
		call->effects.last->context = arena_printf(&call->arena, "api %s",
		    call->token->name);
		api_go(call, false);
	} else if (of.p == NULL || acl_target(&call->arena, of, &target) != RC_OK ||
	    target.self) {
		api_refuse(call, 400, "of", "of must be nsp, user:NAME or id:ID");
	} else {
		list_write(call, &target, &out);
		api_send(call, &out);
	}
}

void
acl_answer(struct api_call *call, struct buf *out)
{
	list_write(call, call->effects.last, out);
}

/* ---- presence ----------------------------------------------------------------------- */

void
presence_serve(struct api_call *call)
{
	struct slice room = api_text(call, "room");
	struct buf out = BUF_INIT;

	buf_str(&out, "{\"users\":");
	if (presence_write(call->api->store, &call->arena, call->nsp, room.p == NULL ?
	    SLICE("") : room, api_text(call, "after"), api_limit(call), &out) != RC_OK) {
		buf_free(&out);
		api_refuse(call, 503, "store", "presence cannot be read now");
		return;
	}
	buf_char(&out, '}');
	api_send(call, &out);
}

void
seen_serve(struct api_call *call)
{
	struct slice room = api_text(call, "room"), user = api_text(call, "user");
	struct buf out = BUF_INIT;

	if (user.n == 0) {
		api_refuse(call, 400, "user", "user must be text");
		return;
	}
	buf_str(&out, "{\"seen\":");
	seen_write(call->api->store, &call->arena, call->nsp, room.p == NULL ? SLICE("") :
	    room, user, &out);
	buf_char(&out, '}');
	api_send(call, &out);
}

/* ---- acks --------------------------------------------------------------------------- */

void
questions_serve(struct api_call *call)
{
	struct buf out = BUF_INIT;
	int64_t last;

	buf_str(&out, "{\"questions\":");
	if (questions_write(call->api->store, &call->arena, call->nsp,
	    api_number(call, "after", 0), api_limit(call), &last, &out) != RC_OK) {
		buf_free(&out);
		api_refuse(call, 503, "store", "the store cannot be read now");
		return;
	}
	if (last != 0)
		buf_printf(&out, ",\"next\":%" PRId64 "}", last);
	else
		buf_str(&out, ",\"next\":null}");
	api_send(call, &out);
}

/* ---- the log ------------------------------------------------------------------------- */

/* What a page embeds, to ask later for what came after it was rendered. */
void
cursor_serve(struct api_call *call)
{
	struct buf out = BUF_INIT;
	int64_t seq = 0;

	if (store_last_seq(call->api->store, &seq) != RC_OK) {
		api_refuse(call, 503, "store", "the store cannot be read now");
		return;
	}
	buf_printf(&out, "{\"seq\":%" PRId64 "}", seq);
	api_send(call, &out);
}
