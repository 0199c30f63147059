/*
 * relay.h - rules in the configuration for sites without a handler
 *
 * A namespace with rules lets its clients subscribe to rooms and publish to them,
 * as far as the rules allow.  One section is one rule:
 *
 *     [relay /chat]             # a namespace, or a pattern: /team-*
 *     subscribe = room-* news   # rooms that may be joined; patterns, blanks between
 *     publish = room-*          # rooms that may be published to
 *     events = message typing   # event names that may be published; none: any
 *     rate = 10/s               # of one socket, as a burst, too; /s, /m or /h
 *     keep = 100 / 1h           # history of a room: so many events, for so long
 *     echo = yes                # the sender gets it, too (default: no)
 *     users = named             # only sockets bound to a user (default: any)
 *
 * A section with no line serves a namespace whose clients only listen.  Several
 * sections may name the same namespace; the first whose patterns have the room
 * decides.  What clients emit, each answered by an ack {ok:true, ...} or
 * {ok:false, error, text}:
 *
 *     subscribe    room                   {room}
 *     unsubscribe  room                   {room}
 *     publish      room, event, args...   {room}
 *     history      room, count?, before?  {room, events:[{seq,at,event,args}]}
 *     presence     room, after?           {room, users:[{user,since}]}
 *
 * error: "refused", "not-a-user", "rate" (with retry_ms), "bad-arguments".
 * doc/relay.md explains it to those who write the section.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_RELAY_H
#define HANDLERS_RELAY_H

#include <stdbool.h>

#include "base/rc.h"
#include "base/slice.h"

struct app_call;
struct clock;
struct conf;
struct effects;
struct relay;
struct rooms;

/* rooms says where presence is kept and must outlive the result.  RC_BAD_INPUT:
 * error_r is "FILE:LINE: reason" (yours, to free). */
enum rc relay_new(const struct conf *conf, const struct clock *clock,
    const struct rooms *rooms, struct relay **relay_r, char **error_r);
void    relay_free(struct relay **relay);

bool    relay_serves(const struct relay *relay, struct slice nsp);

/* RC_NONE: no rule minds this.  RC_OK: effects were added; a refusal is one, too. */
enum rc relay_call(struct relay *relay, const struct app_call *call,
    struct effects *effects);

#endif
