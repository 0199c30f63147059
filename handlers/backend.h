/*
 * backend.h - applications that are asked by HTTP (doc/backend.md)
 *
 * A section [backend NAMESPACE] each.  Calls run beside the process's loop: a door
 * watches one descriptor and one deadline, and lets the calls work when either is
 * due.  Nothing is loaded or opened before the first call.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_BACKEND_H
#define HANDLERS_BACKEND_H

#include "base/buf.h"
#include "base/rc.h"
#include "session/app.h"

struct arena;
struct backend;
struct backends;
struct clock;
struct conf;

/* conf must outlive it.  RC_BAD_INPUT: error_r is "FILE:LINE: reason". */
enum rc backends_new(const struct conf *conf, const struct clock *clock,
    struct backends **backends_r, char **error_r);
void    backends_free(struct backends **backends);

/* The backend that minds the call; NULL: none.  Of an event by its name, too. */
struct backend *backends_find(const struct backends *backends,
    const struct app_call *call);
bool backends_serve(const struct backends *backends, struct slice nsp);

/* As struct app_later has them. */
enum rc backend_terms(struct backend *backend, struct store *store,
    struct arena *arena, struct later_terms *terms_r);
void    backend_start(struct backend *backend, struct later *later);
enum rc backend_effects(struct later *later, size_t i, struct arena *arena,
    struct effects *effects_r);
void    backend_learn(struct later *later, bool was_good, struct arena *arena,
    struct effects *effects_r);
void    backend_end(struct later *later);

/* Becomes readable when calls can go on; -1: none was ever made. */
int     backends_fd(const struct backends *backends);
/* Boot ms when they must; INT64_MAX: never. */
int64_t backends_deadline(const struct backends *backends);
/* They go on; done() of those that are over is called. */
void    backends_work(struct backends *backends);
/* For a process without a loop: waits so long at most, then works. */
void    backends_wait(struct backends *backends, int64_t ms);

/* Asks each of them for nothing, one after the other: visit hears what came of it
 * (`siogate check`); ok: it answered, and knows the secret. */
typedef void backend_ping_fn(void *arg, const char *name, bool ok, const char *detail);
void backends_ping(struct backends *backends, const char *store_id,
    backend_ping_fn *visit, void *arg);

/* How many calls all of them may make at once; 0: there is none. */
int64_t backends_concurrency(const struct backends *backends);

#endif
