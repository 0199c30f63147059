/*
 * selector.h - who is meant: one grammar for modules, relay, command and HTTP
 *
 *   *                everybody in the namespace
 *   me               the own socket
 *   room:NAME  user:NAME  id:ID          the union of these
 *   -me  -room:NAME  -user:NAME  -id:ID  but not these
 *   nsp:/NAME        in another namespace
 *
 * Words with blanks between; names are percent-encoded where they hold blanks,
 * '%' or control characters.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_SELECTOR_H
#define HANDLERS_SELECTOR_H

#include "base/rc.h"
#include "base/slice.h"

struct arena;
struct buf;
struct selector;

/*
 * Slices of the result lie in the arena.  own_id absent: there is no own socket
 * ("me" is an error, "-me" excludes nobody).  An nsp that was not said is absent.
 * RC_NONE: nobody is meant (empty text).  RC_BAD_INPUT: *error_r is a sentence
 * (yours, to free; error_r may be NULL).
 */
enum rc selector_parse(struct arena *arena, struct slice text,
    struct slice own_id, struct selector *selector_r, char **error_r);

/* Whether the text names the own socket with a word "me", and nothing but. */
bool selector_names_me(struct slice text, bool *only_r);

/* Writes a name so that it can stand in a selector. */
void selector_quote(struct buf *out, struct slice name);

#endif
