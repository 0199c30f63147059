/*
 * selector.c - reads the selector grammar of selector.h
 *
 * One pass over the words; each goes into one of the packed lists of struct
 * selector.  A socket's own room is named by its id, so "me" and "id:" are rooms.
 *
 * Must stay true:
 *   - only exclusions is an error, not "everybody else": a slip of the pen must
 *     not become a broadcast
 *   - a name that cannot be decoded is an error, never another name
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "handlers/selector.h"
#include "store/store.h"

enum list { LIST_ROOMS, LIST_USERS, LIST_EXCEPT, LIST_EXCEPT_USERS, LIST__COUNT };

static const struct word {
	const char *prefix;
	enum list in, out;
} words[] = {
	{ "room:", LIST_ROOMS, LIST_EXCEPT },
	{ "id:",   LIST_ROOMS, LIST_EXCEPT },
	{ "user:", LIST_USERS, LIST_EXCEPT_USERS },
};

struct parse {
	struct buf lists[LIST__COUNT];
	struct slice nsp;
	struct slice own_id;
	struct arena *arena;
	bool all;
	char *error;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
next_word(struct slice *rest, struct slice *word_r)
{
	size_t i = 0;

	while (rest->n > 0 && is_blank(*rest->p))
		*rest = slice_skip(*rest, 1);
	while (i < rest->n && !is_blank(rest->p[i]))
		i++;
	*word_r = slice_head(*rest, i);
	*rest = slice_skip(*rest, i);
	return i > 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum rc
name_decode(struct buf *out, struct slice text)
{
	int high, low;
	size_t i;

	for (i = 0; i < text.n; i++) {
		if (text.p[i] == '\0')
			return RC_BAD_INPUT;
		if (text.p[i] != '%') {
			buf_char(out, text.p[i]);
			continue;
		}
		if (i + 2 >= text.n || (high = hex_digit(text.p[i + 1])) < 0 ||
		    (low = hex_digit(text.p[i + 2])) < 0 || (high | low) == 0)
			return RC_BAD_INPUT;
		buf_char(out, (char)(high << 4 | low));
		i += 2;
	}
	return out->n == 0 ? RC_BAD_INPUT : RC_OK;
}

static enum rc
parse_name(struct parse *p, struct slice word, struct slice name, enum list list)
{
	struct buf decoded = BUF_INIT;
	enum rc rc;

	if ((rc = name_decode(&decoded, name)) == RC_OK)
		pack_add(&p->lists[list], buf_slice(&decoded));
	else
		p->error = mem_printf("selector: the name in '%.*s' is empty or has a "
		    "bad %%XX", SLICE_ARGS(word));
	buf_free(&decoded);
	return rc;
}

static enum rc
parse_nsp(struct parse *p, struct slice word)
{
	struct slice name = slice_skip(word, 4);
	struct buf decoded = BUF_INIT;
	enum rc rc = RC_BAD_INPUT;

	if (p->nsp.p != NULL)
		p->error = mem_printf("selector: a second namespace '%.*s'",
		    SLICE_ARGS(word));
	else if (name_decode(&decoded, name) != RC_OK || decoded.p[0] != '/')
		p->error = mem_printf("selector: '%.*s' must be nsp:/NAME",
		    SLICE_ARGS(word));
	else
		rc = RC_OK;
	if (rc == RC_OK)
		p->nsp = arena_dup(p->arena, buf_slice(&decoded));
	buf_free(&decoded);
	return rc;
}

static enum rc
parse_me(struct parse *p, bool out)
{
	if (p->own_id.n > 0)
		pack_add(&p->lists[out ? LIST_EXCEPT : LIST_ROOMS], p->own_id);
	else if (!out)
		p->error = mem_strdup("selector: 'me', but there is no own socket here");
	return p->error == NULL ? RC_OK : RC_BAD_INPUT;
}

static enum rc
parse_word(struct parse *p, struct slice word)
{
	bool out = word.n > 0 && word.p[0] == '-';
	struct slice bare = slice_skip(word, out);
	size_t i;

	if (slice_is(word, "*")) {
		p->all = true;
		return RC_OK;
	}
	if (slice_is(bare, "me"))
		return parse_me(p, out);
	if (slice_starts(word, SLICE("nsp:")))
		return parse_nsp(p, word);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_starts(bare, slice_str(words[i].prefix)))
			return parse_name(p, word,
			    slice_skip(bare, strlen(words[i].prefix)),
			    out ? words[i].out : words[i].in);
	p->error = mem_printf("selector: '%.*s' is none of *, me, room:, user:, id:, "
	    "nsp: and their exclusions with '-'", SLICE_ARGS(word));
	return RC_BAD_INPUT;
}

/* The list in the arena; absent when it is empty. */
static struct slice
list_take(struct parse *p, enum list list)
{
	if (p->lists[list].n == 0)
		return SLICE_NONE;
	return arena_dup(p->arena, buf_slice(&p->lists[list]));
}

static enum rc
parse_finish(struct parse *p, struct selector *selector_r)
{
	if (!p->all && p->lists[LIST_ROOMS].n == 0 && p->lists[LIST_USERS].n == 0) {
		p->error = mem_strdup("selector: says whom not, but nobody whom "
		    "(everybody else is '* -...')");
		return RC_BAD_INPUT;
	}
	selector_r->nsp = p->nsp;
	if (!p->all) {
		selector_r->rooms = list_take(p, LIST_ROOMS);
		selector_r->users = list_take(p, LIST_USERS);
	}
	selector_r->except = list_take(p, LIST_EXCEPT);
	selector_r->except_users = list_take(p, LIST_EXCEPT_USERS);
	return RC_OK;
}

enum rc
selector_parse(struct arena *arena, struct slice text, struct slice own_id,
    struct selector *selector_r, char **error_r)
{
	struct parse p = { .own_id = own_id, .arena = arena };
	struct slice rest = text, word;
	enum rc rc = RC_NONE;
	int i;

	memset(selector_r, 0, sizeof(*selector_r));
	if (error_r != NULL)
		*error_r = NULL;

	while ((rc == RC_NONE || rc == RC_OK) && next_word(&rest, &word))
		rc = parse_word(&p, word);
	if (rc == RC_OK)
		rc = parse_finish(&p, selector_r);

	if (error_r != NULL)
		*error_r = p.error;
	else
		free(p.error);
	for (i = 0; i < LIST__COUNT; i++)
		buf_free(&p.lists[i]);
	return rc;
}

bool
selector_names_me(struct slice text, bool *only_r)
{
	struct slice rest = text, word;
	bool me = false;

	*only_r = true;
	while (next_word(&rest, &word)) {
		if (slice_is(word, "me"))
			me = true;
		else
			*only_r = false;
	}
	*only_r = *only_r && me;
	return me;
}

void
selector_quote(struct buf *out, struct slice name)
{
	size_t i;

	for (i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c <= ' ' || c == '%' || c == 0x7f)
			buf_printf(out, "%%%02X", c);
		else
			buf_char(out, (char)c);
	}
}
