/*
 * adopt.h - a request out of a connection, read by libfcgi without waiting
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FCGI_ADOPT_H
#define FCGI_ADOPT_H

#include "base/buf.h"
#include "base/rc.h"
#include "fcgi/intake.h"

/* What has arrived of a request that did not come in one piece.  Zeroed: nothing. */
struct adopt {
	struct intake intake;
	struct buf bytes;
};
void adopt_fini(struct adopt *a);

struct adopted {
	char **envp;            /* "NAME=VALUE"; until adopt_release() */
	unsigned id;
	bool keep;              /* the front wants to use the connection again */
	bool too_big;           /* the body was cut */
};

void adopt_init(void);      /* once; installs libfcgi's signal handlers */

/*
 * Takes the next request off *fd (non-blocking).  RC_OK: it is whole, its body
 * was appended to body; call adopt_release() when envp is done with.  RC_AGAIN:
 * not all of it is there, what is there was taken.  RC_GONE: the peer closed.
 * RC_BAD_INPUT: not FastCGI.  After both the caller closes *fd,
 * unless it is -1: closed already.
 */
enum rc adopt_read(struct adopt *a, int *fd, size_t max_body, struct buf *body,
    struct adopted *adopted_r);
void adopt_release(void);

#endif
