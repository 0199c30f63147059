/*
 * relay_rule.c - reads a section of relay.h into a rule
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/conf.h"
#include "base/mem.h"
#include "handlers/relay_private.h"
#include "handlers/rooms.h"
#include "handlers/section.h"

enum { RATE_MAX = 1000000 };

static enum rc
read_subscribe(void *rule, const char *value)
{
	((struct relay_rule *)rule)->subscribe = value;
	return RC_OK;
}

static enum rc
read_publish(void *rule, const char *value)
{
	((struct relay_rule *)rule)->publish = value;
	return RC_OK;
}

static enum rc
read_events(void *rule, const char *value)
{
	((struct relay_rule *)rule)->events = value;
	return RC_OK;
}

static enum rc
read_rate(void *arg, const char *value)
{
	struct relay_rule *rule = arg;
	struct slice rest = slice_str(value), count;

	if (!slice_cut(&rest, '/', &count) || rest.p == NULL ||
	    !slice_int64(slice_trim(count), &rule->rate) || rule->rate < 1 ||
	    rule->rate > RATE_MAX)
		return RC_BAD_INPUT;
	rest = slice_trim(rest);
	if (slice_is(rest, "s"))
		rule->rate_us = 1000000;
	else if (slice_is(rest, "m"))
		rule->rate_us = 60 * 1000000LL;
	else if (slice_is(rest, "h"))
		rule->rate_us = 3600 * 1000000LL;
	else
		return RC_BAD_INPUT;
	return RC_OK;
}

static enum rc
read_keep(void *arg, const char *value)
{
	struct relay_rule *rule = arg;

	return rooms_keep_parse(value, &rule->keep_count, &rule->keep_ms);
}

static enum rc
read_echo(void *rule, const char *value)
{
	return section_flag(value, &((struct relay_rule *)rule)->echo);
}

static enum rc
read_users(void *arg, const char *value)
{
	struct relay_rule *rule = arg;

	rule->only_users = strcmp(value, "named") == 0;
	return rule->only_users || strcmp(value, "any") == 0 ? RC_OK : RC_BAD_INPUT;
}

enum { SUBSCRIBE, PUBLISH, EVENTS, RATE, KEEP, ECHO_BACK, USERS };

static const struct section_row rows[] = {
	[SUBSCRIBE] = { "subscribe", read_subscribe, "patterns of room names", false },
	[PUBLISH] =   { "publish",   read_publish,   "patterns of room names", false },
	[EVENTS] =    { "events",    read_events,    "event names", false },
	[RATE] =      { "rate",      read_rate,      "a number and /s, /m or /h: 10/s", false },
	[KEEP] =      { "keep",      read_keep,      "a number and a time: 100 / 1h", false },
	[ECHO_BACK] = { "echo",      read_echo,      "yes or no", false },
	[USERS] =     { "users",     read_users,     "any or named", false },
};

/* Lines that say how something is published. */
#define OF_PUBLISH (1u << EVENTS | 1u << RATE | 1u << KEEP | 1u << ECHO_BACK)

/* The first of those lines; NULL: none is there. */
static const struct conf_line *
line_find(const struct conf_section *section, unsigned which)
{
	const struct conf_line *line;
	size_t i;

	for (line = section->lines; line != NULL; line = line->next)
		for (i = 0; i < N_ELEMENTS(rows); i++)
			if ((which & 1u << i) != 0 && strcmp(line->name, rows[i].name) == 0)
				return line;
	return NULL;
}

enum rc
relay_rule_read(const struct conf *conf, const struct conf_section *section,
    struct relay_rule *rule_r, char **error_r)
{
	const struct conf_line *late;
	enum rc rc;

	*rule_r = (struct relay_rule){ .nsp = section->words, .line = section->line };
	if ((rc = section_namespace(conf, section, false, error_r)) == RC_OK)
		rc = section_read(conf, section, rows, N_ELEMENTS(rows), rule_r, error_r);
	late = line_find(section, OF_PUBLISH);
	if (rc == RC_OK && rule_r->publish == NULL && late != NULL)
		rc = section_fault(conf, late->line, error_r, "'%s' means nothing without "
		    "'publish'", late->name);
	return rc;
}
