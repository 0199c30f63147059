/*
 * handlers.h - the application's side, as one struct app
 *
 * A call is offered to the relay rules of the configuration first, then to the
 * modules in the order in which the configuration names them.  Nothing is
 * loaded before the first call: an idle process stays small.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_HANDLERS_H
#define HANDLERS_HANDLERS_H

#include "base/rc.h"

struct app;
struct backends;
struct conf;
struct handlers;

/*
 * Reads the relay rules and looks whether the modules are there.  conf stays
 * yours and must outlive the result.  RC_BAD_INPUT: error_r is one sentence,
 * with file and line where there is one (yours, to free).
 */
enum rc handlers_new(const struct conf *conf, struct handlers **handlers_r,
    char **error_r);
void    handlers_free(struct handlers **handlers);

/* Borrowed while handlers lives. */
const struct app *handlers_app(struct handlers *handlers);

/* Those that are asked by HTTP; borrowed likewise. */
struct backends *handlers_backends(struct handlers *handlers);

/*
 * Loads the modules now (`siogate check`, a door at its first request).  A call
 * does it, too, but can only log why it failed.  A failed load is tried again
 * by the next call.
 */
enum rc handlers_load(struct handlers *handlers, char **error_r);

#endif
