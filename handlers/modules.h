/*
 * modules.h - the modules that the configuration names, compiled in or loaded
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_MODULES_H
#define HANDLERS_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"
#include "handlers/siogate.h"

struct conf;
struct modules;

/* Compiled in by `configure --with-modules=...` (a generated table). */
struct builtin_module {
	const char *name;
	const struct sio_module *module;
};
extern const struct builtin_module builtin_modules[];
extern const size_t builtin_modules_count;

/* Finds the modules, loads none.  RC_BAD_INPUT: one is not there; error_r is one
 * sentence (yours, to free). */
enum rc modules_new(const struct conf *conf, struct modules **modules_r,
    char **error_r);
void    modules_free(struct modules **modules);

/* Loads what is not loaded.  RC_BAD_INPUT: error_r says which and why (yours, to
 * free). */
enum rc modules_load(struct modules *modules, char **error_r);

/* In the order of the configuration, each namespace of a module by itself.  Start
 * with *i 0 and at NULL, then hand in what came out; NULL at the end. */
const struct sio_module *modules_next(const struct modules *modules, size_t *i,
    const struct sio_module *at);

#endif
