/*
 * arrival.h - a request out of a connection, without waiting
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FCGI_ARRIVAL_H
#define FCGI_ARRIVAL_H

#include "base/buf.h"
#include "base/rc.h"
#include "fcgi/intake.h"

/* What is here and not served yet: a part of a request, or what followed the
 * last one.  Zeroed: nothing. */
struct arrival {
	struct intake intake;
	struct buf bytes;
};
void arrival_fini(struct arrival *a);

/* A whole request; its slices last until arrival_release(). */
struct arrived {
	struct slice params;    /* for pair_cut() */
	struct slice body;
	unsigned id;
	bool keep;              /* the front wants to use the connection again */
	bool too_big;           /* the body was cut */
};

/*
 * Takes the next request off fd (non-blocking), or out of what is here already.
 * RC_OK: it is whole; call arrival_release() when it is done with, and before
 * anything else is read.  RC_AGAIN: not all of it is there, what is there was
 * taken.  RC_GONE: nothing more will come.  RC_BAD_INPUT: not FastCGI.  What
 * has to be said to the front (before closing, too) is appended to reply.
 */
enum rc arrival_read(struct arrival *a, int fd, size_t max_body,
    struct buf *reply, struct arrived *arrived_r);
void arrival_release(void);

#endif
