/*
 * sio_acl.c - access lists from a module
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "handlers/acl.h"
#include "handlers/sio_private.h"

/* false: the call has failed. */
static bool
target_read(struct sio *sio, const char *caller, const char *of, struct effect *target)
{
	if (acl_target(sio->arena, arena_dup(sio->arena, slice_str(of)), target) == RC_OK)
		return true;
	sio_fail(sio, "%s: '%s' is not nsp, me, user:NAME or id:ID", caller,
	    of == NULL ? "" : of);
	return false;
}

static void
change(struct sio *sio, const char *caller, const char *of, enum acl_verb verb,
    const char *names)
{
	struct effect target = { .kind = EFFECT_ACL }, *e;

	if (!target_read(sio, caller, of, &target))
		return;
	sio->state->open = NULL;
	e = effects_add(sio->effects, sio->arena, EFFECT_ACL);
	e->of = target.of;
	e->self = target.self;
	e->name = target.name;
	e->verb = verb;
	if (names != NULL)
		e->data = acl_names(sio->arena, slice_str(names));
	e->context = arena_printf(sio->arena, "module %s, socket %s, user %s",
	    sio->module->name, sio_id(sio), sio_user(sio));
}

void
sio_acl_set(struct sio *sio, const char *of, const char *names)
{
	change(sio, "sio_acl_set", of, ACL_SET, names);
}

void
sio_acl_add(struct sio *sio, const char *of, const char *names)
{
	change(sio, "sio_acl_add", of, ACL_ADD, names == NULL ? "" : names);
}

void
sio_acl_remove(struct sio *sio, const char *of, const char *names)
{
	change(sio, "sio_acl_remove", of, ACL_REMOVE, names == NULL ? "" : names);
}

const char *
sio_acl(struct sio *sio, const char *of)
{
	struct effect target = { .kind = EFFECT_ACL };
	const struct app_call *call = sio->call;
	struct buf out = BUF_INIT;
	struct acl_row row;
	const char *text;
	enum rc rc;

	if (!target_read(sio, "sio_acl", of, &target))
		return "null";
	rc = store_acl(call->store, channel_key(sio->arena, target.of, call->nsp,
	    target.self ? call->id : target.name), sio->arena, &row);
	if (rc != RC_OK && rc != RC_NONE)
		sio_fail(sio, "sio_acl: the store says %s", rc_name(rc));
	if (rc != RC_OK)
		return "null";
	acl_names_write(&out, row.names);
	text = arena_str(sio->arena, buf_slice(&out));
	buf_free(&out);
	return text;
}
