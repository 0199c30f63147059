/*
 * rc.c - the names of the return codes
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>

#include "base/rc.h"
#include "base/slice.h"

static const char *const names[] = {
	[RC_OK]        = "ok",
	[RC_NONE]      = "none",
	[RC_AGAIN]     = "again",
	[RC_CLASH]     = "clash",
	[RC_GONE]      = "gone",
	[RC_BAD_INPUT] = "bad-input",
	[RC_BAD_STATE] = "bad-state",
	[RC_TOO_BIG]   = "too-big",
	[RC_NOMEM]     = "no-memory",
	[RC_IO]        = "io",
};
static_assert(N_ELEMENTS(names) == RC_IO + 1, "a return code has no name");

const char *
rc_name(enum rc rc)
{
	return (unsigned)rc < N_ELEMENTS(names) ? names[rc] : "unknown";
}
