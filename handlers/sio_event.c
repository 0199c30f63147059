/*
 * sio_event.c - what happened: the getters of siogate.h
 *
 * Slices become C strings in the call's arena, each once.  Absent things read
 * as "null" where JSON is promised and as "" elsewhere, so that a function can
 * be written without looking for NULL.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/json.h"
#include "handlers/sio_private.h"

static const char *
text_get(const struct sio *sio, enum sio_text which, struct slice s,
    const char *absent)
{
	const char **text = &sio->state->texts[which];

	if (*text == NULL)
		*text = s.p == NULL ? absent : arena_str(sio->arena, s);
	return *text;
}

const char *
sio_nsp(const struct sio *sio)
{
	return text_get(sio, SIO_TEXT_NSP, sio->call->nsp, "/");
}

const char *
sio_id(const struct sio *sio)
{
	return text_get(sio, SIO_TEXT_ID, sio->call->id, "");
}

const char *
sio_name(const struct sio *sio)
{
	return text_get(sio, SIO_TEXT_NAME, sio->call->name, "");
}

const char *
sio_args(const struct sio *sio)
{
	return text_get(sio, SIO_TEXT_ARGS, sio->call->args, "[]");
}

const char *
sio_auth(const struct sio *sio)
{
	return text_get(sio, SIO_TEXT_AUTH, sio->call->auth, "null");
}

const char *
sio_reason(const struct sio *sio)
{
	if (sio->reason != NULL)
		return sio->reason;
	return text_get(sio, SIO_TEXT_REASON, sio->call->reason, "");
}

const char *
sio_context(const struct sio *sio)
{
	return text_get(sio, SIO_TEXT_CONTEXT, sio->call->context, "");
}

const char *
sio_data(const struct sio *sio)
{
	return text_get(sio, SIO_TEXT_DATA, sio->call->data, "null");
}

const char *
sio_user(const struct sio *sio)
{
	return text_get(sio, SIO_TEXT_USER, sio->call->user, "");
}

bool
sio_is_recovered(const struct sio *sio)
{
	return sio->call->is_return;
}

bool
sio_wants_ack(const struct sio *sio)
{
	return sio->call->wants_ack;
}

bool
sio_timed_out(const struct sio *sio)
{
	return sio->call->timeout;
}

int64_t
sio_expected(const struct sio *sio)
{
	return sio->call->expected;
}

/* ---- arguments --------------------------------------------------------- */

const char *
sio_arg(const struct sio *sio, unsigned i)
{
	struct slice arg = sio_element(sio->call->args, i);

	return arg.p == NULL ? "null" : arena_str(sio->arena, arg);
}

const char *
sio_arg_string(const struct sio *sio, unsigned i)
{
	struct slice arg = sio_element(sio->call->args, i);

	return arg.p == NULL ? NULL : sio_text(sio, arena_str(sio->arena, arg));
}

int64_t
sio_arg_int(const struct sio *sio, unsigned i, int64_t dflt)
{
	struct slice arg = sio_element(sio->call->args, i);
	int64_t v;

	return arg.p != NULL && json_int(arg, &v) ? v : dflt;
}

unsigned
sio_arg_count(const struct sio *sio)
{
	struct slice rest = sio->call->args, item;
	unsigned n = 0;

	if (rest.n == 0)
		return 0;
	json_open(&rest);
	while (json_next(&rest, &item))
		n++;
	return n;
}

const char *
sio_args_from(const struct sio *sio, unsigned i)
{
	struct slice first = sio_element(sio->call->args, i);
	struct slice args = sio->call->args;

	if (first.p == NULL)
		return "[]";
	return arena_str(sio->arena, arena_printf(sio->arena, "[%.*s",
	    (int)(args.p + args.n - first.p), first.p));
}

static struct slice
pack_item(struct slice packed, unsigned i)
{
	struct slice one;

	while (pack_next(&packed, &one))
		if (i-- == 0)
			return one;
	return SLICE_NONE;
}

struct slice
sio_attachments(const struct sio *sio, unsigned answer)
{
	struct slice all = sio->call->attachments;

	if (sio->call->kind == APP_ACK)
		return pack_item(all, answer);
	return answer == 0 ? all : SLICE_NONE;
}

const void *
sio_answer_attachment(const struct sio *sio, unsigned answer, unsigned num,
    size_t *size_r)
{
	struct slice one = pack_item(sio_attachments(sio, answer), num);

	*size_r = one.n;
	return one.p;
}

const void *
sio_attachment(const struct sio *sio, unsigned num, size_t *size_r)
{
	return sio_answer_attachment(sio, 0, num, size_r);
}

/* ---- the client ---------------------------------------------------------- */

const char *
sio_info(const struct sio *sio, const char *what)
{
	struct slice info = sio->call->info, value;

	if (info.n == 0 || json_kind(info) != JSON_OBJECT)
		return NULL;
	if (strcmp(what, "headers") == 0)
		return NULL;
	value = json_member(info, what);
	if (value.p == NULL) {
		struct slice headers = json_member(info, "headers");

		if (headers.p == NULL || json_kind(headers) != JSON_OBJECT)
			return NULL;
		value = json_member(headers, what);
	}
	return value.p == NULL ? NULL : sio_text(sio, arena_str(sio->arena, value));
}
