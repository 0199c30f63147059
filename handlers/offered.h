/*
 * offered.h - the functions that modules may call
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_OFFERED_H
#define HANDLERS_OFFERED_H

#include <stddef.h>

struct offered {
	const char *name;
	void (*fn)(void);
};
extern const struct offered offered[];
extern const size_t offered_count;

#endif
