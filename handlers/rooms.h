/*
 * rooms.h - what is configured about rooms and users: history, presence, mail
 *
 *     [rooms /chat]             # a namespace, or a pattern, or * for all
 *     names = room-* lobby      # patterns of room names; needed
 *     keep = 100 / 1h           # history: so many events, for so long
 *     presence = 5s             # who is there is told; the grace of who leaves
 *     event = presence          # by this event to the members; none: nobody is told
 *     seen = 1d                 # how long it is known when somebody left (none: not)
 *
 *     [users /chat]
 *     presence = 10s            # the same for the namespace as a whole
 *     mail = 100 / 7d           # what is said to a user who is away waits
 *
 * doc/users.md explains it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_ROOMS_H
#define HANDLERS_ROOMS_H

#include "base/rc.h"
#include "base/slice.h"

struct conf;
struct room_rule;
struct rooms;

/* RC_BAD_INPUT: error_r is "FILE:LINE: reason" (yours, to free).  conf must
 * outlive the result. */
enum rc rooms_new(const struct conf *conf, struct rooms **rooms_r, char **error_r);
void    rooms_free(struct rooms **rooms);

/* The first section that names the room; an empty name means the namespace.
 * False: there is none. */
bool    rooms_rule(const struct rooms *rooms, struct slice nsp, struct slice room,
    struct room_rule *rule_r);

/* Whether presence is kept of some rooms of the namespace. */
bool    rooms_presence(const struct rooms *rooms, struct slice nsp);

/* Whether there are any. */
bool    rooms_some(const struct rooms *rooms);

/* "100 / 1h" into a count and a time. */
enum rc rooms_keep_parse(const char *value, int64_t *count_r, int64_t *ms_r);

#endif
