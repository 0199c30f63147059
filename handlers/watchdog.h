/*
 * watchdog.h - a module that loops or crashes takes down one process, by name
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_WATCHDOG_H
#define HANDLERS_WATCHDOG_H

#include <stdint.h>

#include "base/slice.h"

/*
 * A call of a module begins and ends.  The names are for the log line and must
 * last until the end.  One that takes longer than limit_ms (0: no limit) ends
 * the process with status 70, unless it was the process that stood still; one
 * that crashes leaves a line before the signal does what it always did.  Calls
 * do not nest.
 */
void watchdog_begin(const char *module, struct slice event, int64_t limit_ms);
void watchdog_end(void);

#endif
