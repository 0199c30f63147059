/*
 * call.h - one function of a module, called under watch
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_CALL_H
#define HANDLERS_CALL_H

#include "base/rc.h"
#include "base/slice.h"
#include "handlers/siogate.h"

struct app_call;
struct effects;

struct call_conf {
	unsigned max_depth;     /* of JSON that a function gives */
	int64_t handler_time;   /* ms; 0: no limit */
};

/*
 * Offers the call to a module whose namespace it is.  RC_OK: effects were added.
 * RC_NONE: the module has no function for it.  RC_BAD_INPUT: the function failed
 * (logged); none of its effects was added.  A failed connect is refused instead.
 */
enum rc call_module(const struct call_conf *conf, const struct sio_module *module,
    const struct app_call *call, struct effects *effects);

/* The function for a call: for events, that of the name or (catch_all) of "*".
 * NULL: none. */
sio_fn *call_find(const struct sio_module *module, const struct app_call *call,
    bool catch_all);

/* Whether a connect was refused. */
bool call_is_refused(const struct effects *effects);

#endif
