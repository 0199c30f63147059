/*
 * check.h - the parts of `siogate check`
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CTL_CHECK_H
#define CTL_CHECK_H

#include "base/buf.h"
#include "ctl/command.h"

struct findings {
	struct ctl *ctl;
	struct buf json;
	int bad;
};

/* One thing was tried: says so, and counts what is bad. */
void found(struct findings *f, bool is_good, const char *what,
    const char *detail);

/* check_places.c */
void check_log(struct findings *f);
void check_listen(struct findings *f);
void check_proxies(struct findings *f);

#endif
