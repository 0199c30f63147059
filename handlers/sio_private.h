/*
 * sio_private.h - one call of one module's function
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_SIO_PRIVATE_H
#define HANDLERS_SIO_PRIVATE_H

#include <stdarg.h>

#include "base/buf.h"
#include "base/mem.h"
#include "handlers/siogate.h"
#include "session/app.h"

/* C strings that were asked for, made once. */
enum sio_text {
	SIO_TEXT_NSP, SIO_TEXT_ID, SIO_TEXT_NAME, SIO_TEXT_ARGS, SIO_TEXT_AUTH,
	SIO_TEXT_REASON, SIO_TEXT_CONTEXT, SIO_TEXT_DATA, SIO_TEXT_USER,
	SIO_TEXT__COUNT
};

/* What changes during the call, apart: the getters take a const struct sio. */
struct sio_state {
	const char *texts[SIO_TEXT__COUNT];
	struct effect *open;            /* takes options: an emit, or attachments of an ack */
	bool emit_is_void;              /* the emit before was to nobody */
	bool has_acked;
	char *failure;                  /* in the arena: the call fails, and why */
};

struct sio {
	const struct app_call *call;
	const struct sio_module *module;
	struct arena *arena;            /* the call's */
	struct effects *effects;
	struct sio_state *state;
	unsigned max_depth;             /* of JSON that a function gives */
	const char *reason;             /* error hook: what went wrong; else NULL */
};

/* The call fails, with the reason in the log; the first reason stays. */
void sio_fail(const struct sio *sio, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The printf of sio_json(), into the arena; absent when it failed. */
struct slice sio_format(const struct sio *sio, const char *fmt, va_list ap);

/* The key in the store of a name that belongs to the call's namespace. */
struct slice sio_key(const struct sio *sio, const char *kind, const char *name);

/* Text that must be JSON (and an array): a slice in the arena, absent when it
 * is not: then the call has failed. */
struct slice sio_take_json(const struct sio *sio, const char *what,
    const char *json);
struct slice sio_take_array(const struct sio *sio, const char *what,
    const char *json);

/* RC_NONE: nobody; RC_BAD_INPUT: the call has failed. */
enum rc sio_select(const struct sio *sio, const char *who,
    struct selector *selector_r);

/* The i-th element of a JSON array, absent if there is none. */
struct slice sio_element(struct slice array, unsigned i);

/* The packed attachments of an event, or of one of the answers. */
struct slice sio_attachments(const struct sio *sio, unsigned answer);

/* The function that hears a timer or an ack; NULL if there is none. */
sio_fn *sio_named(const struct sio_module *module, struct slice name);

#endif
