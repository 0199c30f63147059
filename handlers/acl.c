/*
 * acl.c - who may send which events, checked before the application is asked
 *
 * Lists of the store are remembered until the store says that some list has
 * changed: an event costs a few looks into a hash table, and where nobody ever
 * made a list only the question for the version.
 *
 * Must stay true:
 *   - a list that cannot be read allows nothing; nor does anything while it is
 *     not known whether there are lists
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "handlers/acl.h"
#include "handlers/pattern.h"
#include "handlers/section.h"
#include "handlers/selector.h"

enum { REMEMBERED_MAX = 4096 };

struct acl_rule {
	const char *nsp, *allow, *anonymous, *deny;
	struct acl_rule *next;
};

/* A list of the store, or that there is none. */
struct remembered {
	bool is_there;
	struct slice key, names;        /* in memory[] */
	UT_hash_handle hh;
	char memory[];
};

struct acl {
	struct acl_rule *rules;
	struct remembered *lists;
	const struct store *store;      /* whose lists these are */
	int64_t version;
};

/* ---- what is remembered ---------------------------------------------------------- */

static void
forget(struct acl *acl)
{
	struct remembered *r, *next;

	HASH_ITER(hh, acl->lists, r, next) {
		HASH_DEL(acl->lists, r);
		free(r);
	}
}

static struct remembered *
remember(struct acl *acl, struct slice key, struct slice names)
{
	struct remembered *r = mem_alloc(sizeof(*r) + key.n + names.n);

	if (HASH_COUNT(acl->lists) >= REMEMBERED_MAX)
		forget(acl);
	memcpy(r->memory, key.p, key.n);
	if (names.n > 0)
		memcpy(r->memory + key.n, names.p, names.n);
	r->key = slice_of(r->memory, key.n);
	r->names = slice_of(r->memory + key.n, names.n);
	r->is_there = names.p != NULL;
	HASH_ADD_KEYPTR(hh, acl->lists, r->key.p, r->key.n, r);
	return r;
}

/* NULL: the store could not say. */
static const struct remembered *
list_get(struct acl *acl, const struct app_call *call, struct slice key)
{
	struct remembered *r;
	struct acl_row row;

	HASH_FIND(hh, acl->lists, key.p, key.n, r);
	if (r != NULL)
		return r;
	switch (store_acl(call->store, key, call->arena, &row)) {
	case RC_OK:
		return remember(acl, key, row.names);
	case RC_NONE:
		return remember(acl, key, SLICE_NONE);
	default:
		return NULL;
	}
}

/* ---- deciding ------------------------------------------------------------------------ */

static bool
names_match(struct slice names, struct slice name)
{
	struct slice pattern;

	while (pack_next(&names, &pattern))
		if (pattern_matches(pattern, name))
			return true;
	return false;
}

/* RC_OK: a list of the store decided.  RC_NONE: there is none. */
static enum rc
ask_store(struct acl *acl, const struct app_call *call, struct slice name,
    bool *allowed_r)
{
	static const enum channel_kind kinds[] = { CHANNEL_ROOM, CHANNEL_USER, CHANNEL_NSP };
	const struct slice names[] = { call->id, call->user, SLICE("") };
	const struct remembered *list;
	size_t i;

	*allowed_r = false;
	for (i = 0; i < N_ELEMENTS(kinds); i++) {
		if (kinds[i] != CHANNEL_NSP && names[i].n == 0)
			continue;
		list = list_get(acl, call, channel_key(call->arena, kinds[i], call->nsp,
		    names[i]));
		if (list == NULL)
			return RC_OK;
		if (list->is_there) {
			*allowed_r = names_match(list->names, name);
			return RC_OK;
		}
	}
	return RC_NONE;
}

static const struct acl_rule *
rule_find(const struct acl *acl, struct slice nsp)
{
	const struct acl_rule *rule;

	for (rule = acl->rules; rule != NULL; rule = rule->next)
		if (pattern_matches(slice_str(rule->nsp), nsp))
			return rule;
	return NULL;
}

bool
acl_allows(struct acl *acl, const struct app_call *call, struct slice name)
{
	const struct acl_rule *rule = rule_find(acl, call->nsp);
	int64_t version = store_acl_version(call->store);
	const char *allow;
	bool allowed;

	if (version < 0)
		return false;
	if (version != acl->version || call->store != acl->store) {
		forget(acl);
		acl->version = version;
		acl->store = call->store;
	}
	if (rule != NULL && rule->deny != NULL && pattern_list_matches(rule->deny, name))
		return false;
	if (version != 0 && ask_store(acl, call, name, &allowed) == RC_OK)
		return allowed;
	if (rule == NULL)
		return true;
	allow = call->user.n == 0 && rule->anonymous != NULL ? rule->anonymous :
	    rule->allow;
	return allow == NULL || pattern_list_matches(allow, name);
}

/* ---- saying whose list, and what is in it ------------------------------------------------ */

enum rc
acl_target(struct arena *arena, struct slice text, struct effect *effect_r)
{
	struct selector who;
	struct slice name = SLICE_NONE;

	effect_r->self = false;
	effect_r->name = SLICE("");
	effect_r->of = CHANNEL_NSP;
	if (slice_is(text, "nsp"))
		return RC_OK;
	effect_r->of = CHANNEL_ROOM;
	if ((effect_r->self = slice_is(text, "me")))
		return RC_OK;
	if (!slice_starts(text, SLICE("id:")) && !slice_starts(text, SLICE("user:")))
		return RC_BAD_INPUT;
	if (selector_parse(arena, text, SLICE_NONE, &who, NULL) != RC_OK)
		return RC_BAD_INPUT;
	if (who.users.n > 0 && who.rooms.n == 0) {
		effect_r->of = CHANNEL_USER;
		pack_next(&who.users, &name);
	} else if (who.rooms.n > 0 && who.users.n == 0) {
		pack_next(&who.rooms, &name);
	}
	effect_r->name = name;
	return name.n > 0 && who.users.n == 0 && (effect_r->of == CHANNEL_USER ||
	    who.rooms.n == 0) ? RC_OK : RC_BAD_INPUT;
}

void
acl_names_write(struct buf *out, struct slice names)
{
	const char *between = "[";
	struct slice name;

	while (pack_next(&names, &name)) {
		buf_str(out, between);
		json_quote(out, name);
		between = ",";
	}
	buf_str(out, *between == '[' ? "[]" : "]");
}

struct slice
acl_names(struct arena *arena, struct slice words)
{
	struct buf packed = BUF_INIT;
	struct slice word, names;

	while (slice_cut(&words, ' ', &word))
		if (word.n > 0)
			pack_add(&packed, word);
	names = packed.n == 0 ? SLICE("") : arena_dup(arena, buf_slice(&packed));
	buf_free(&packed);
	return names;
}

/* ---- the rules --------------------------------------------------------------------------- */

static enum rc
read_allow(void *rule, const char *value)
{
	((struct acl_rule *)rule)->allow = value;
	return RC_OK;
}

static enum rc
read_anonymous(void *rule, const char *value)
{
	((struct acl_rule *)rule)->anonymous = value;
	return RC_OK;
}

static enum rc
read_deny(void *rule, const char *value)
{
	((struct acl_rule *)rule)->deny = value;
	return RC_OK;
}

static const struct section_row rows[] = {
	{ "allow",     read_allow,     "patterns of event names", false },
	{ "anonymous", read_anonymous, "patterns of event names", false },
	{ "deny",      read_deny,      "patterns of event names", false },
};

enum rc
acl_new(const struct conf *conf, struct acl **acl_r, char **error_r)
{
	struct acl *acl = mem_alloc(sizeof(*acl));
	struct acl_rule **end = &acl->rules;
	const struct conf_section *section;
	enum rc rc = RC_OK;

	*acl_r = NULL;
	*error_r = NULL;
	for (section = conf->sections; rc == RC_OK && section != NULL;
	    section = section->next) {
		if (strcmp(section->kind, "acl") != 0)
			continue;
		*end = mem_alloc(sizeof(**end));
		(*end)->nsp = section->words;
		if ((rc = section_namespace(conf, section, true, error_r)) == RC_OK)
			rc = section_read(conf, section, rows, N_ELEMENTS(rows), *end,
			    error_r);
		end = &(*end)->next;
	}
	if (rc == RC_OK) {
		*acl_r = acl;
		acl = NULL;
	}
	acl_free(&acl);
	return rc;
}

void
acl_free(struct acl **acl)
{
	struct acl_rule *rule;

	if (*acl == NULL)
		return;
	forget(*acl);
	while ((rule = (*acl)->rules) != NULL) {
		(*acl)->rules = rule->next;
		free(rule);
	}
	free(*acl);
	*acl = NULL;
}
