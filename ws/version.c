/*
 * version.c - which versions of the WebSocket protocol are built in
 *
 * A version is a row here and its name in base/conf_options.c; taking the old ones
 * out is deleting these and hixie.c.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/slice.h"
#include "ws/version.h"

/* The first one that takes a request has it. */
static const struct version *const versions[] = {
	&version_hixie76,
	&version_hixie75,
	&version_rfc6455,
};

static bool
is_named(struct slice names, const char *name)
{
	struct slice word;

	while (slice_cut(&names, ' ', &word))
		if (slice_is(word, name))
			return true;
	return false;
}

const struct version *
version_of(const struct request *request, const char *names)
{
	size_t i;

	for (i = 0; i < N_ELEMENTS(versions); i++)
		if (is_named(slice_str(names), versions[i]->name) &&
		    versions[i]->is_asked(request))
			return versions[i];
	return NULL;
}
