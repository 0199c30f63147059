/*
 * worker.h - who is alive, and how to wake them
 *
 * A worker is a locked byte of `workers.lock`: the kernel frees it, whatever
 * kills the process.  Beside each byte lies a slot that tells which incarnation
 * of that number holds it, so a claim names its holder in one number and a new
 * process with an old number is not taken for its predecessor.
 *
 * Must stay true:
 *   - a holder is alive as long as its process, no longer
 *   - a wake-up is a hint: nothing is lost when it is
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STORE_WORKER_H
#define STORE_WORKER_H

#include <sys/types.h>

#include "base/rc.h"
#include "base/slice.h"

struct workers;

/* Number and incarnation in one; 0: nobody. */
typedef int64_t holder;
enum { WORKERS_MAX = 4095, HOLDER_SHIFT = 12 };

/* dir is lent for life; files are made for owner.  RC_BAD_STATE: locks do not
 * work here; error_r says it (yours). */
enum rc workers_open(int dir, const char *path, uid_t owner,
    struct workers **w_r, char **error_r);
void workers_close(struct workers **w);

/* Becomes a worker, at the first call.  RC_IO, RC_TOO_BIG: error_r (yours). */
enum rc worker_begin(struct workers *w, char **error_r);
holder worker_self(const struct workers *w);    /* 0: not yet */
unsigned worker_number(holder h);
int  worker_fd(const struct workers *w);        /* -1: not yet */
void worker_take(struct workers *w);            /* what waits on the descriptor */
bool worker_is_alive(struct workers *w, holder h);
/* It did not leave in order.  That is known for two minutes. */
bool worker_was_killed(struct workers *w, holder h);

/* Whether this worker holds claims: others may want to wake it. */
void worker_say_busy(struct workers *w, bool busy);
/* Numbers of all other workers that said so; how many, at most max. */
size_t workers_busy(struct workers *w, unsigned *numbers_r, size_t max);

/* This worker takes sessions over; whether a living one does. */
void worker_offer_sockets(struct workers *w);
bool workers_have_sockets(struct workers *w);

/* One byte without meaning; never blocks. */
void worker_wake(struct workers *w, unsigned number);

bool worker_is_alone(struct workers *w);        /* a hint: others come and go */

/* The byte of the one process that checkpoints. */
bool worker_duty_take(struct workers *w);
void worker_duty_drop(struct workers *w);

/* fcntl locks of an open file description where there are such; one byte. */
int lock_byte(int fd, int64_t at, bool wait);   /* 0; -1: errno */
int unlock_byte(int fd, int64_t at);
bool byte_is_held(int fd, int64_t at);          /* by somebody else */

/* Opens or makes a file of the store with the store's mode and owner. */
int store_file_open(int dir, const char *name, uid_t owner);

#endif
