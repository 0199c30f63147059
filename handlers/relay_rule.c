/*
 * relay_rule.c - reads a section of relay.h into a rule
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/conf.h"
#include "base/mem.h"
#include "handlers/relay_private.h"

enum { RATE_MAX = 1000000 };

static enum rc
fault(const struct conf *conf, unsigned line, char **error_r, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*error_r = mem_printf("%s:%u: %s", conf->path == NULL ? "configuration" :
	    conf->path, line, text);
	return RC_BAD_INPUT;
}

static enum rc
read_subscribe(struct relay_rule *rule, const char *value)
{
	rule->subscribe = value;
	return RC_OK;
}

static enum rc
read_publish(struct relay_rule *rule, const char *value)
{
	rule->publish = value;
	return RC_OK;
}

static enum rc
read_events(struct relay_rule *rule, const char *value)
{
	rule->events = value;
	return RC_OK;
}

static enum rc
read_rate(struct relay_rule *rule, const char *value)
{
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
read_keep(struct relay_rule *rule, const char *value)
{
	struct slice rest = slice_str(value), count;

	if (!slice_cut(&rest, '/', &count) || rest.p == NULL ||
	    !slice_int64(slice_trim(count), &rule->keep_count) ||
	    conf_parse_time(slice_trim(rest), &rule->keep_ms) != RC_OK ||
	    rule->keep_count < 1 || rule->keep_ms < 1)
		return RC_BAD_INPUT;
	return RC_OK;
}

static enum rc
read_echo(struct relay_rule *rule, const char *value)
{
	rule->echo = strcmp(value, "yes") == 0 || strcmp(value, "on") == 0;
	if (rule->echo || strcmp(value, "no") == 0 || strcmp(value, "off") == 0)
		return RC_OK;
	return RC_BAD_INPUT;
}

static enum rc
read_users(struct relay_rule *rule, const char *value)
{
	rule->only_users = strcmp(value, "named") == 0;
	return rule->only_users || strcmp(value, "any") == 0 ? RC_OK : RC_BAD_INPUT;
}

static const struct row {
	const char *name;
	enum rc (*read)(struct relay_rule *rule, const char *value);
	const char *form;
	bool needs_publish;
} rows[] = {
	{ "subscribe", read_subscribe, "patterns of room names", false },
	{ "publish",   read_publish,   "patterns of room names", false },
	{ "events",    read_events,    "event names",            true },
	{ "rate",      read_rate,      "a number and /s, /m or /h: 10/s", true },
	{ "keep",      read_keep,      "a number and a time: 100 / 1h", true },
	{ "echo",      read_echo,      "yes or no",              true },
	{ "users",     read_users,     "any or named",           false },
};

static const struct row *
row_find(const char *name)
{
	size_t i;

	for (i = 0; i < N_ELEMENTS(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static enum rc
read_line(const struct conf *conf, const struct conf_line *line,
    struct relay_rule *rule, unsigned *seen, const struct conf_line **late,
    char **error_r)
{
	const struct row *row = row_find(line->name);
	unsigned bit;

	if (row == NULL)
		return fault(conf, line->line, error_r, "[relay] has no '%s'; it has "
		    "subscribe, publish, events, rate, keep, echo and users", line->name);
	bit = 1u << (row - rows);
	if (*seen & bit)
		return fault(conf, line->line, error_r, "'%s' a second time in this "
		    "section", line->name);
	*seen |= bit;
	if (*slice_trim(slice_str(line->value)).p == '\0' ||
	    row->read(rule, line->value) != RC_OK)
		return fault(conf, line->line, error_r, "%s = %s: must be %s", line->name,
		    line->value, row->form);
	if (row->needs_publish)
		*late = line;
	return RC_OK;
}

enum rc
relay_rule_read(const struct conf *conf, const struct conf_section *section,
    struct relay_rule *rule_r, char **error_r)
{
	const struct conf_line *line, *late = NULL;
	unsigned seen = 0;
	enum rc rc = RC_OK;

	*rule_r = (struct relay_rule){ .nsp = section->words, .line = section->line };
	if (section->words == NULL || section->words[0] != '/' ||
	    strpbrk(section->words, " \t") != NULL)
		return fault(conf, section->line, error_r, "[relay] needs one namespace "
		    "that begins with '/': [relay /chat] or [relay /team-*]");
	for (line = section->lines; rc == RC_OK && line != NULL; line = line->next)
		rc = read_line(conf, line, rule_r, &seen, &late, error_r);
	if (rc == RC_OK && late != NULL && rule_r->publish == NULL)
		rc = fault(conf, late->line, error_r, "'%s' means nothing without "
		    "'publish'", late->name);
	return rc;
}
