/*
 * rc.h - how a call went, one closed list for all floors
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_RC_H
#define BASE_RC_H

enum rc {
	RC_OK,          /* done */
	RC_NONE,        /* nothing to do, nothing there: an outcome */
	RC_AGAIN,       /* not now, ask again: an outcome */
	RC_CLASH,       /* somebody else changed it first */
	RC_GONE,        /* it has ended */
	RC_BAD_INPUT,   /* what came from outside breaks a rule */
	RC_BAD_STATE,   /* not allowed in this state */
	RC_TOO_BIG,     /* a limit is reached */
	RC_NOMEM,
	RC_IO           /* disk, network, quota */
};

/* The code's name in lower case, for logs ("bad-input"). */
const char *rc_name(enum rc rc);

#endif
