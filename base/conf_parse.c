/*
 * conf_parse.c - siogate.conf and the environment, line by line
 *
 * The first mistake is reported and the rest is read all the same: a file with
 * a typing error in line 7 must not hide where its line 9 wants the log.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/conf.h"
#include "base/conf_private.h"
#include "base/mem.h"
#include "base/utf8.h"

struct reader {
	struct conf *conf;
	const char *path;
	char *folder;                   /* of path */
	unsigned line;
	struct conf_section *section;   /* the one that lines go to, or NULL */
	struct conf_section **section_end;
	struct conf_line **line_end;
	unsigned *set_on;               /* line of each option; 0: not yet */
	char **error_r;
	enum rc rc;
};

#define BAD(r, fmt, ...)                                                \
	do {                                                            \
		conf_error((r)->error_r, "%s:%u: " fmt, (r)->path,      \
		    (r)->line, __VA_ARGS__);                            \
		(r)->rc = RC_BAD_INPUT;                                 \
	} while (0)

static bool
is_name(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '_' &&
		    s.p[i] != '-' && !(s.p[i] >= '0' && s.p[i] <= '9'))
			return false;
	return s.n > 0;
}

/* Without the comment, which begins at a '#' behind a blank. */
static struct slice
without_comment(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] == '#' &&
		    (i == 0 || s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
			return slice_trim(slice_head(s, i));
	return slice_trim(s);
}

/* The value behind '=', with or without quotes; false when a quote is missing
 * or something stands behind it. */
static bool
read_value(struct slice text, struct slice *value_r)
{
	size_t end;

	text = slice_trim(text);
	if (text.n == 0 || text.p[0] != '"') {
		*value_r = without_comment(text);
		return true;
	}
	text = slice_skip(text, 1);
	end = slice_find(text, '"');
	*value_r = slice_head(text, end);
	return end < text.n && without_comment(slice_skip(text, end + 1)).n == 0;
}

static void
read_section(struct reader *r, struct slice text)
{
	struct conf_section *section;
	struct slice kind;

	text = without_comment(text);
	if (text.p[text.n - 1] != ']') {
		BAD(r, "the section \"%.*s\" does not end with ]", SLICE_ARGS(text));
		return;
	}
	text = slice_trim(slice_of(text.p + 1, text.n - 2));
	kind = slice_head(text, slice_find(text, ' '));
	if (!is_name(kind)) {
		BAD(r, "a section begins with a word in small letters, as "
		    "[relay /chat]; this one with \"%.*s\"", SLICE_ARGS(kind));
		return;
	}
	section = mem_alloc(sizeof(*section));
	section->kind = mem_slicedup(kind);
	section->words = mem_slicedup(slice_trim(slice_skip(text, kind.n)));
	section->line = r->line;
	*r->section_end = section;
	r->section_end = &section->next;
	r->section = section;
	r->line_end = &section->lines;
}

static void
read_section_line(struct reader *r, struct slice name, struct slice value)
{
	struct conf_line *line = mem_alloc(sizeof(*line));

	line->name = mem_slicedup(name);
	line->value = mem_slicedup(value);
	line->line = r->line;
	*r->line_end = line;
	r->line_end = &line->next;
}

static void
read_option(struct reader *r, struct slice name, struct slice value)
{
	const struct conf_option *o = conf_option_find(name);
	unsigned *set_on = o == NULL ? NULL : &r->set_on[o - conf_options];
	char *where;

	if (set_on != NULL && *set_on != 0) {
		BAD(r, "%s is set already, on line %u", o->name, *set_on);
		return;
	}
	where = mem_printf("%s:%u", r->path, r->line);
	if (conf_set_named(r->conf, name, value, r->folder, where,
	    r->error_r) != RC_OK)
		r->rc = RC_BAD_INPUT;
	else
		*set_on = r->line;
	free(where);
}

static void
read_line(struct reader *r, struct slice text)
{
	struct slice name, value;
	size_t equals;

	if (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	text = slice_trim(text);
	if (text.n == 0 || text.p[0] == '#')
		return;
	if (!utf8_valid(text) || slice_find(text, '\0') < text.n) {
		BAD(r, "%s", "this line is not UTF-8 text");
		return;
	}
	if (text.p[0] == '[') {
		read_section(r, text);
		return;
	}
	equals = slice_find(text, '=');
	name = slice_trim(slice_head(text, equals));
	if (equals == text.n || !is_name(name)) {
		BAD(r, "\"%.*s\" is no line of the form: name = value",
		    SLICE_ARGS(without_comment(text)));
		return;
	}
	if (!read_value(slice_skip(text, equals + 1), &value))
		BAD(r, "the value of %.*s has one quote too few or text behind "
		    "its quotes", SLICE_ARGS(name));
	else if (r->section != NULL)
		read_section_line(r, name, value);
	else
		read_option(r, name, value);
}

enum rc
conf_parse(struct conf *conf, struct slice text, const char *path, char **error_r)
{
	struct reader r = {
		.conf = conf, .path = path, .section_end = &conf->sections,
		.error_r = error_r, .rc = RC_OK
	};
	struct slice line;

	*error_r = NULL;
	while (*r.section_end != NULL)
		r.section_end = &(*r.section_end)->next;
	r.folder = conf_path_folder(path);
	r.set_on = mem_alloc(conf_options_count * sizeof(*r.set_on));
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_skip(text, 3);
	while (slice_cut(&text, '\n', &line)) {
		r.line++;
		read_line(&r, line);
	}
	free(r.set_on);
	free(r.folder);
	return r.rc;
}

/* Names of ours that are no options: what conf_find() reads, what applications are
 * told (python/, php/), and what the scripts that build and test hand to each other. */
static bool
is_no_option(struct slice name)
{
	static const char *const names[] = {
		"SIOGATE_CONF", "SIOGATE_BUILD", "SIOGATE_BUNDLE", "SIOGATE_PREFIX",
		"SIOGATE_TOP", "SIOGATE_SECRET", "SIOGATE_SECRET_FILE",
		"SIOGATE_API_URL", "SIOGATE_API_TOKEN", "SIOGATE_API_NAME",
		"SIOGATE_API_SECRET", "SIOGATE_API_CONNECT", "SIOGATE_WS", "SIOGATE_PHP"
	};
	size_t i;

	for (i = 0; i < N_ELEMENTS(names); i++)
		if (slice_is(name, names[i]))
			return true;
	return slice_starts(name, SLICE("SIOGATE_TEST_")) ||
	    slice_starts(name, SLICE("SIOGATE_DEMO_"));
}

enum rc
conf_environment(struct conf *conf, char **const environment, char **error_r)
{
	static const char prefix[] = "SIOGATE_";
	struct slice text, name;
	enum rc rc = RC_OK;
	char option[64], *where;
	char **e;
	size_t i;

	for (e = environment; e != NULL && *e != NULL; e++) {
		text = slice_str(*e);
		if (!slice_starts(text, slice_str(prefix)))
			continue;
		slice_cut(&text, '=', &name);
		if (is_no_option(name))
			continue;
		where = mem_printf("environment %.*s", SLICE_ARGS(name));
		name = slice_head(slice_skip(name, strlen(prefix)), sizeof(option));
		for (i = 0; i < name.n; i++)
			option[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ?
			    (char)(name.p[i] | 0x20) : name.p[i];
		if (conf_set_named(conf, slice_of(option, name.n),
		    text.p == NULL ? SLICE("") : text, NULL, where,
		    error_r) != RC_OK)
			rc = RC_BAD_INPUT;
		free(where);
	}
	return rc;
}
