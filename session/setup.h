/*
 * setup.h - from the configuration to an open store and an engine
 *
 * Every door begins with these two calls.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SESSION_SETUP_H
#define SESSION_SETUP_H

#include <stddef.h>

#include "base/rc.h"

struct app;
struct clock;
struct conf;
struct engine;
struct store;

/* As store_open(), with what the configuration says. */
enum rc setup_store(const struct conf *conf, const struct clock *clock,
    struct store **store_r, char **error_r);

/* max_parked: how many polls this process may hold (0: no limit). */
struct engine *setup_engine(const struct conf *conf, struct store *store,
    const struct app *app, const struct clock *clock, size_t max_parked);

#endif
