/*
 * acl.h - who may send which events, checked before the application is asked
 *
 * A list holds patterns of event names.  Of all lists that there are, the most
 * particular one decides: the socket's own, its user's, the namespace's, and at
 * last the configuration's:
 *
 *     [acl /chat]              # a namespace, or a pattern, or * for all
 *     allow = say join leave   # event names that may be sent (none: any)
 *     anonymous = join         # by sockets without a user (none: as allow)
 *     deny = admin-*           # never, whatever else is said here
 *
 * Lists of sockets, users and namespaces lie in the store: a module, a backend,
 * the API or `siogate acl` changes them, and the next packet in any process
 * meets the change.  doc/users.md explains it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_ACL_H
#define HANDLERS_ACL_H

#include "base/rc.h"
#include "base/slice.h"
#include "session/app.h"

struct acl;
struct buf;
struct conf;

/* RC_BAD_INPUT: error_r is "FILE:LINE: reason" (yours, to free).  conf must
 * outlive the result. */
enum rc acl_new(const struct conf *conf, struct acl **acl_r, char **error_r);
void    acl_free(struct acl **acl);

/* Whether the call's socket may send the event `name`. */
bool acl_allows(struct acl *acl, const struct app_call *call, struct slice name);

/*
 * Whose list a text means: "nsp", "me", "user:NAME" or "id:ID" (percent-encoded
 * as in selectors).  Fills in of, name and self of the effect.  RC_BAD_INPUT:
 * none of these.
 */
enum rc acl_target(struct arena *arena, struct slice text, struct effect *effect_r);

/* Packed names as a JSON array. */
void acl_names_write(struct buf *out, struct slice names);

/* Words with blanks between as packed names, in the arena; never absent. */
struct slice acl_names(struct arena *arena, struct slice words);

#endif
