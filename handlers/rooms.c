/*
 * rooms.c - what is configured about rooms and users: history, presence, mail
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/conf.h"
#include "base/mem.h"
#include "handlers/pattern.h"
#include "handlers/rooms.h"
#include "handlers/section.h"
#include "session/app.h"

#define DAY_MS INT64_C(86400000)

struct section_rule {
	const char *nsp, *names;        /* names: of [rooms] */
	bool is_users;
	struct room_rule rule;
	struct section_rule *next;
};

struct rooms {
	struct section_rule *first;
};

enum rc
rooms_keep_parse(const char *value, int64_t *count_r, int64_t *ms_r)
{
	struct slice rest = slice_str(value), count;

	if (!slice_cut(&rest, '/', &count) || rest.p == NULL ||
	    !slice_int64(slice_trim(count), count_r) ||
	    conf_parse_time(slice_trim(rest), ms_r) != RC_OK ||
	    *count_r < 1 || *ms_r < 1)
		return RC_BAD_INPUT;
	return RC_OK;
}

static enum rc
read_names(void *rule, const char *value)
{
	((struct section_rule *)rule)->names = value;
	return RC_OK;
}

static enum rc
read_keep(void *arg, const char *value)
{
	struct section_rule *s = arg;

	return rooms_keep_parse(value, &s->rule.keep_count, &s->rule.keep_ms);
}

static enum rc
read_mail(void *arg, const char *value)
{
	struct section_rule *s = arg;

	return rooms_keep_parse(value, &s->rule.mail_count, &s->rule.mail_ms);
}

static enum rc
read_presence(void *arg, const char *value)
{
	struct section_rule *s = arg;

	s->rule.has_presence = true;
	return conf_parse_time(slice_str(value), &s->rule.grace_ms);
}

static enum rc
read_event(void *arg, const char *value)
{
	struct section_rule *s = arg;

	if (strchr(value, ' ') != NULL || event_is_reserved(slice_str(value)))
		return RC_BAD_INPUT;
	s->rule.event = strcmp(value, "none") == 0 ? SLICE_NONE : slice_str(value);
	return RC_OK;
}

static enum rc
read_seen(void *arg, const char *value)
{
	return conf_parse_time(slice_str(value), &((struct section_rule *)arg)->rule.seen_ms);
}

#define PRESENCE_ROWS                                                          \
	{ "presence", read_presence, "a time, the grace of who leaves: 5s", false },   \
	{ "event", read_event, "the name of an event, or none", false },       \
	{ "seen", read_seen, "a time: 30d", false }

static const struct section_row rooms_rows[] = {
	{ "names", read_names, "patterns of room names", false },
	{ "keep", read_keep, "a number and a time: 100 / 1h", false },
	PRESENCE_ROWS,
};

static const struct section_row users_rows[] = {
	{ "mail", read_mail, "a number and a time: 100 / 7d", false },
	PRESENCE_ROWS,
};

static enum rc
rule_read(const struct conf *conf, const struct conf_section *section,
    struct section_rule *s, char **error_r)
{
	enum rc rc;

	s->nsp = section->words;
	s->rule.event = SLICE("presence");
	s->rule.seen_ms = s->is_users ? 30 * DAY_MS : 0;
	if ((rc = section_namespace(conf, section, true, error_r)) != RC_OK)
		return rc;
	if (s->is_users)
		return section_read(conf, section, users_rows, N_ELEMENTS(users_rows), s,
		    error_r);
	rc = section_read(conf, section, rooms_rows, N_ELEMENTS(rooms_rows), s, error_r);
	if (rc == RC_OK && s->names == NULL)
		rc = section_fault(conf, section->line, error_r, "[rooms] needs names: "
		    "patterns of room names");
	return rc;
}

enum rc
rooms_new(const struct conf *conf, struct rooms **rooms_r, char **error_r)
{
	struct rooms *rooms = mem_alloc(sizeof(*rooms));
	struct section_rule **end = &rooms->first;
	const struct conf_section *section;
	bool is_users;
	enum rc rc = RC_OK;

	*rooms_r = NULL;
	*error_r = NULL;
	for (section = conf->sections; rc == RC_OK && section != NULL;
	    section = section->next) {
		is_users = strcmp(section->kind, "users") == 0;
		if (!is_users && strcmp(section->kind, "rooms") != 0)
			continue;
		*end = mem_alloc(sizeof(**end));
		(*end)->is_users = is_users;
		rc = rule_read(conf, section, *end, error_r);
		end = &(*end)->next;
	}
	if (rc == RC_OK) {
		*rooms_r = rooms;
		rooms = NULL;
	}
	rooms_free(&rooms);
	return rc;
}

void
rooms_free(struct rooms **rooms)
{
	struct section_rule *s;

	if (*rooms == NULL)
		return;
	while ((s = (*rooms)->first) != NULL) {
		(*rooms)->first = s->next;
		free(s);
	}
	free(*rooms);
	*rooms = NULL;
}

bool
rooms_some(const struct rooms *rooms)
{
	return rooms->first != NULL;
}

bool
rooms_presence(const struct rooms *rooms, struct slice nsp)
{
	const struct section_rule *s;

	for (s = rooms->first; s != NULL; s = s->next)
		if (!s->is_users && s->rule.has_presence &&
		    pattern_matches(slice_str(s->nsp), nsp))
			return true;
	return false;
}

bool
rooms_rule(const struct rooms *rooms, struct slice nsp, struct slice room,
    struct room_rule *rule_r)
{
	const struct section_rule *s;

	for (s = rooms->first; s != NULL; s = s->next)
		if (s->is_users == (room.n == 0) && pattern_matches(slice_str(s->nsp), nsp) &&
		    (room.n == 0 || pattern_list_matches(s->names, room))) {
			*rule_r = s->rule;
			return true;
		}
	return false;
}
