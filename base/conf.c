/*
 * conf.c - the options' values: setting, asking, freeing
 *
 * Must stay true:
 *   - a text option is never NULL, so nobody has to ask
 *   - a value that is refused changes nothing
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/conf_private.h"
#include "base/mem.h"

struct unit {
	const char *name;
	int64_t times;
};
static const struct unit time_units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	{ "d", 86400000 }, { NULL, 0 }
};
static const struct unit size_units[] = {
	{ "", 1 }, { "k", INT64_C(1) << 10 }, { "m", INT64_C(1) << 20 },
	{ "g", INT64_C(1) << 30 }, { "t", INT64_C(1) << 40 }, { NULL, 0 }
};

static enum rc
parse_unit(struct slice s, const struct unit *units, int64_t *v_r)
{
	const struct unit *u;
	size_t digits = 0;
	int64_t number;

	*v_r = 0;
	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (!slice_int64(slice_head(s, digits), &number))
		return RC_BAD_INPUT;
	s = slice_skip(s, digits);
	for (u = units; u->name != NULL; u++)
		if (slice_eq_nocase(s, slice_str(u->name)) ||
		    (s.n == 0 && number == 0)) {
			if (number > INT64_MAX / u->times)
				return RC_BAD_INPUT;
			*v_r = number * u->times;
			return RC_OK;
		}
	return RC_BAD_INPUT;
}

enum rc
conf_parse_time(struct slice s, int64_t *ms_r)
{
	return parse_unit(s, time_units, ms_r);
}

enum rc
conf_parse_size(struct slice s, int64_t *bytes_r)
{
	return parse_unit(s, size_units, bytes_r);
}

/* In the largest unit that leaves no rest. */
static void
show_unit(struct buf *out, int64_t v, const struct unit *units)
{
	const struct unit *u, *best = units;

	for (u = units; u->name != NULL && v != 0; u++)
		if (v % u->times == 0)
			best = u;
	buf_int(out, v / best->times);
	if (v != 0)
		buf_str(out, best->name);
}

static void
show_number(struct buf *out, const struct conf_option *o, int64_t v)
{
	switch (o->type) {
	case CONF_TIME:
		show_unit(out, v, time_units);
		break;
	case CONF_SIZE:
		show_unit(out, v, size_units);
		break;
	default:
		buf_int(out, v);
	}
}

void
conf_error(char **error_r, const char *fmt, ...)
{
	va_list ap;

	if (*error_r != NULL)
		return;
	va_start(ap, fmt);
	if (vasprintf(error_r, fmt, ap) == -1)
		abort();
	va_end(ap);
}

static char **
text_of(const struct conf *conf, const struct conf_option *o)
{
	return (char **)((char *)(uintptr_t)conf + o->offset);
}

static int64_t *
number_of(const struct conf *conf, const struct conf_option *o)
{
	return (int64_t *)((char *)(uintptr_t)conf + o->offset);
}

static bool *
flag_of(const struct conf *conf, const struct conf_option *o)
{
	return (bool *)((char *)(uintptr_t)conf + o->offset);
}

static bool
is_text(const struct conf_option *o)
{
	return o->type <= CONF_ADDRESS;
}

static enum rc
set_flag(struct conf *conf, const struct conf_option *o, struct slice value,
    char **why_r)
{
	static const char *const names[][2] = {
		{ "off", "on" }, { "no", "yes" }, { "false", "true" }, { "0", "1" }
	};
	size_t i;
	int v;

	for (i = 0; i < N_ELEMENTS(names); i++)
		for (v = 0; v < 2; v++)
			if (slice_is(value, names[i][v])) {
				*flag_of(conf, o) = v;
				return RC_OK;
			}
	conf_error(why_r, "write on or off");
	return RC_BAD_INPUT;
}

static enum rc
set_number(struct conf *conf, const struct conf_option *o, struct slice value,
    char **why_r)
{
	static const char *const forms[] = {
		[CONF_COUNT] = "a whole number",
		[CONF_SIZE] = "a size as 100, 16k, 1m or 2g",
		[CONF_TIME] = "a time as 500ms, 25s, 2m, 1h or 7d",
	};
	struct buf range = BUF_INIT;
	int64_t v;
	bool ok;

	switch (o->type) {
	case CONF_TIME:
		ok = conf_parse_time(value, &v) == RC_OK;
		break;
	case CONF_SIZE:
		ok = conf_parse_size(value, &v) == RC_OK;
		break;
	default:
		ok = slice_int64(value, &v);
	}
	if (ok && v >= o->min && v <= o->max) {
		*number_of(conf, o) = v;
		return RC_OK;
	}
	show_number(&range, o, o->min);
	buf_str(&range, " to ");
	show_number(&range, o, o->max);
	conf_error(why_r, "write %s, from %.*s", forms[o->type],
	    SLICE_ARGS(buf_slice(&range)));
	buf_free(&range);
	return RC_BAD_INPUT;
}

static bool
has_word(const char *words, struct slice word)
{
	struct slice rest = slice_str(words), one;

	while (slice_cut(&rest, ' ', &one))
		if (slice_eq(one, word))
			return true;
	return false;
}

static bool
words_are_allowed(const struct conf_option *o, struct slice value)
{
	struct slice word;
	int count = 0;

	while (slice_cut(&value, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (!has_word(o->words, word))
			return false;
		count++;
	}
	return count == 1 || (count > 1 && o->type == CONF_WORDS);
}

/* A socket's name must fit sockaddr_un. */
static const char *
check_address(const char *address)
{
	if (*address == '\0')
		return NULL;
	if (*address == '/')
		return strlen(address) <= 107 ? NULL :
		    "a socket's path has 107 bytes at most: choose a shorter one";
	return strchr(address, ':') != NULL ? NULL :
	    "write the path of a socket with a slash in it, or host:port";
}

static enum rc
set_text(struct conf *conf, const struct conf_option *o, struct slice value,
    const char *folder, char **why_r)
{
	const char *wrong = o->check == NULL ? NULL : o->check(value);
	char *text;

	if (o->words != NULL && !words_are_allowed(o, value)) {
		conf_error(why_r, "write %s of: %s",
		    o->type == CONF_WORD ? "one" : "one or more", o->words);
		return RC_BAD_INPUT;
	}
	if (value.n > 0 && (o->type == CONF_PATH ||
	    (o->type == CONF_ADDRESS && slice_find(value, '/') < value.n)))
		text = conf_path_absolute(value, folder);
	else
		text = mem_slicedup(value);
	if (o->type == CONF_ADDRESS)
		wrong = check_address(text);
	if (wrong != NULL) {
		conf_error(why_r, "%s", wrong);
		free(text);
		return RC_BAD_INPUT;
	}
	free(*text_of(conf, o));
	*text_of(conf, o) = text;
	return RC_OK;
}

enum rc
conf_option_set(struct conf *conf, const struct conf_option *o,
    struct slice value, const char *folder, const char *where, char **why_r)
{
	struct conf_origin *origin = &conf->origins_of[o - conf_options];
	enum rc rc;

	if (is_text(o))
		rc = set_text(conf, o, value, folder, why_r);
	else if (o->type == CONF_FLAG)
		rc = set_flag(conf, o, value, why_r);
	else
		rc = set_number(conf, o, value, why_r);
	if (rc == RC_OK) {
		free(origin->where);
		origin->where = where == NULL ? NULL : mem_strdup(where);
	}
	return rc;
}

struct conf *
conf_new(void)
{
	struct conf *conf = mem_alloc(sizeof(*conf));
	char *why = NULL;
	size_t i;

	conf->origins_of = mem_alloc(conf_options_count * sizeof(*conf->origins_of));
	for (i = 0; i < conf_options_count; i++)
		if (conf_option_set(conf, &conf_options[i],
		    slice_str(conf_options[i].dflt), NULL, NULL, &why) != RC_OK)
			abort();        /* a test holds the table to this */
	return conf;
}

static void
section_free(struct conf_section *section)
{
	struct conf_line *line;

	while ((line = section->lines) != NULL) {
		section->lines = line->next;
		free(line->name);
		free(line->value);
		free(line);
	}
	free(section->kind);
	free(section->words);
	free(section);
}

void
conf_free(struct conf **conf)
{
	struct conf *c = *conf;
	struct conf_section *section;
	size_t i;

	if (c == NULL)
		return;
	while ((section = c->sections) != NULL) {
		c->sections = section->next;
		section_free(section);
	}
	for (i = 0; i < conf_options_count; i++) {
		free(c->origins_of[i].where);
		if (is_text(&conf_options[i]))
			free(*text_of(c, &conf_options[i]));
	}
	free(c->origins_of);
	free(c->path);
	free(c);
	*conf = NULL;
}

const struct conf_option *
conf_option_find(struct slice name)
{
	size_t i;

	for (i = 0; i < conf_options_count; i++)
		if (slice_is(name, conf_options[i].name))
			return &conf_options[i];
	return NULL;
}

/* How many letters must change to make b of a (Levenshtein's distance); a large
 * number for names that are too long to be options. */
static size_t
distance(struct slice a, struct slice b)
{
	size_t row[32], i, k, corner, above;

	if (a.n >= N_ELEMENTS(row) || b.n >= N_ELEMENTS(row))
		return SIZE_MAX;
	for (k = 0; k <= b.n; k++)
		row[k] = k;
	for (i = 1; i <= a.n; i++) {
		corner = row[0];
		row[0] = i;
		for (k = 1; k <= b.n; k++) {
			above = row[k];
			corner += a.p[i - 1] != b.p[k - 1];
			if (above + 1 < corner)
				corner = above + 1;
			if (row[k - 1] + 1 < corner)
				corner = row[k - 1] + 1;
			row[k] = corner;
			corner = above;
		}
	}
	return row[b.n];
}

const struct conf_option *
conf_option_like(struct slice name)
{
	const struct conf_option *best = NULL;
	size_t i, d, least = 4;

	for (i = 0; i < conf_options_count; i++) {
		d = distance(name, slice_str(conf_options[i].name));
		if (d < least) {
			least = d;
			best = &conf_options[i];
		}
	}
	return best;
}

static void
error_unknown(char **error_r, const char *where, struct slice name)
{
	const struct conf_option *like = conf_option_like(name);

	if (like != NULL)
		conf_error(error_r, "%s: there is no option %.*s; did you mean %s?",
		    where, SLICE_ARGS(name), like->name);
	else
		conf_error(error_r, "%s: there is no option %.*s; `siogate options` "
		    "lists them", where, SLICE_ARGS(name));
}

enum rc
conf_set_named(struct conf *conf, struct slice name, struct slice value,
    const char *folder, const char *where, char **error_r)
{
	const struct conf_option *o = conf_option_find(name);
	char *why = NULL;

	if (o == NULL) {
		error_unknown(error_r, where, name);
		return RC_BAD_INPUT;
	}
	if (conf_option_set(conf, o, value, folder, where, &why) == RC_OK)
		return RC_OK;
	conf_error(error_r, "%s: %s cannot be \"%.*s\": %s", where, o->name,
	    SLICE_ARGS(value), why);
	free(why);
	return RC_BAD_INPUT;
}

enum rc
conf_set(struct conf *conf, const char *name, const char *value, char **error_r)
{
	*error_r = NULL;
	return conf_set_named(conf, slice_str(name), slice_str(value), NULL,
	    "argument", error_r);
}

const char *
conf_origin(const struct conf *conf, const char *name)
{
	const struct conf_option *o = conf_option_find(slice_str(name));
	const char *where = o == NULL ? NULL :
	    conf->origins_of[o - conf_options].where;

	return where == NULL ? "default" : where;
}

void
conf_show(const struct conf *conf, const struct conf_option *o, struct buf *out)
{
	if (is_text(o))
		buf_str(out, *text_of(conf, o));
	else if (o->type == CONF_FLAG)
		buf_str(out, *flag_of(conf, o) ? "on" : "off");
	else
		show_number(out, o, *number_of(conf, o));
}
