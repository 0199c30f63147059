/*
 * section.c - reads a section of siogate.conf by a table of its lines
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/mem.h"
#include "handlers/section.h"

enum rc
section_fault(const struct conf *conf, unsigned line, char **error_r,
    const char *fmt, ...)
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

enum rc
section_flag(const char *value, bool *flag_r)
{
	*flag_r = strcmp(value, "yes") == 0 || strcmp(value, "on") == 0;
	if (*flag_r || strcmp(value, "no") == 0 || strcmp(value, "off") == 0)
		return RC_OK;
	return RC_BAD_INPUT;
}

/* "a, b and c" */
static char *
names_of(const struct section_row *rows, size_t n)
{
	struct buf text = BUF_INIT;
	size_t i;

	for (i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ",
		    rows[i].name);
	buf_char(&text, '\0');
	return text.p;
}

static enum rc
read_line(const struct conf *conf, const struct conf_section *section,
    const struct conf_line *line, const struct section_row *rows, size_t n,
    void *rule, unsigned *seen, char **error_r)
{
	char *names;
	size_t i;

	for (i = 0; i < n && strcmp(rows[i].name, line->name) != 0; )
		i++;
	if (i == n) {
		names = names_of(rows, n);
		section_fault(conf, line->line, error_r, "[%s] has no '%s'; it has %s",
		    section->kind, line->name, names);
		free(names);
		return RC_BAD_INPUT;
	}
	if ((*seen & 1u << i) != 0 && !rows[i].repeats)
		return section_fault(conf, line->line, error_r, "'%s' a second time in "
		    "this section", line->name);
	*seen |= 1u << i;
	if (slice_trim(slice_str(line->value)).n == 0 ||
	    rows[i].read(rule, line->value) != RC_OK)
		return section_fault(conf, line->line, error_r, "%s = %s: must be %s",
		    line->name, line->value, rows[i].form);
	return RC_OK;
}

enum rc
section_read(const struct conf *conf, const struct conf_section *section,
    const struct section_row *rows, size_t n, void *rule, char **error_r)
{
	const struct conf_line *line;
	unsigned seen = 0;
	enum rc rc = RC_OK;

	assert(n <= 32);
	for (line = section->lines; rc == RC_OK && line != NULL; line = line->next)
		rc = read_line(conf, section, line, rows, n, rule, &seen, error_r);
	return rc;
}

enum rc
section_namespace(const struct conf *conf, const struct conf_section *section,
    bool star, char **error_r)
{
	const char *words = section->words;

	if (star && words != NULL && strcmp(words, "*") == 0)
		return RC_OK;
	if (words == NULL || words[0] != '/' || strpbrk(words, " \t") != NULL)
		return section_fault(conf, section->line, error_r, "[%s] needs one "
		    "namespace that begins with '/': [%s /chat] or [%s /team-*]%s",
		    section->kind, section->kind, section->kind,
		    star ? ", or * for all" : "");
	return RC_OK;
}
