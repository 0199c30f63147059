/*
 * conf_print.c - the sample file, --help and the manual's list, from the table
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/conf.h"

enum { WIDTH = 78 };

/* Whether a new heading stands before this row. */
static bool
begins_group(const struct conf_option *o)
{
	return o == conf_options || strcmp(o->group, o[-1].group) != 0;
}

/* Text in lines of WIDTH, each behind the prefix. */
static void
put_wrapped(struct buf *out, const char *prefix, struct slice text)
{
	size_t column = 0;
	struct slice word;

	while (slice_cut(&text, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (column > 0 && column + 1 + word.n > WIDTH) {
			buf_char(out, '\n');
			column = 0;
		}
		buf_str(out, column == 0 ? prefix : " ");
		column += (column == 0 ? strlen(prefix) : 1) + word.n;
		buf_add(out, word);
	}
	buf_char(out, '\n');
}

static void
put_choice(struct buf *out, const char *prefix, const struct conf_option *o)
{
	struct buf line = BUF_INIT;

	if (o->type == CONF_WORD || o->type == CONF_WORDS) {
		buf_printf(&line, "%s of: %s",
		    o->type == CONF_WORD ? "One" : "One or more", o->words);
		put_wrapped(out, prefix, buf_slice(&line));
	}
	buf_free(&line);
}

void
conf_print_sample(struct buf *out)
{
	const struct conf_option *o;

	buf_str(out,
	    "# siogate.conf - every option, with its default\n"
	    "#\n"
	    "# Take the # away from a line to change it.  The environment variable\n"
	    "# SIOGATE_ and the name in capitals overrides what stands here.\n"
	    "# `siogate check` shows what is in effect and where it came from.\n");
	for (o = conf_options; o < conf_options + conf_options_count; o++) {
		if (begins_group(o))
			buf_printf(out, "\n# ---- %s ----\n", o->group);
		buf_char(out, '\n');
		put_wrapped(out, "# ", slice_str(o->help));
		put_choice(out, "# ", o);
		buf_printf(out, "#%s =%s%s\n", o->name, *o->dflt == '\0' ? "" : " ",
		    o->dflt);
	}
}

void
conf_print_help(struct buf *out)
{
	const struct conf_option *o;

	for (o = conf_options; o < conf_options + conf_options_count; o++) {
		if (begins_group(o))
			buf_printf(out, "%s%s:\n", o == conf_options ? "" : "\n",
			    o->group);
		buf_printf(out, "  %s =%s%s\n", o->name, *o->dflt == '\0' ? "" : " ",
		    o->dflt);
		put_wrapped(out, "      ", slice_str(o->help));
		put_choice(out, "      ", o);
	}
}

/* Text for mdoc: a backslash or a dot that begins a line would be read as a
 * request, and a sentence ends its line. */
static void
put_mdoc_text(struct buf *out, struct slice text)
{
	struct slice word;
	bool begins = true;

	while (slice_cut(&text, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (!begins)
			buf_char(out, ' ');
		if (begins && (word.p[0] == '.' || word.p[0] == '\''))
			buf_str(out, "\\&");
		buf_add(out, word);
		begins = word.p[word.n - 1] == '.';
		if (begins)
			buf_char(out, '\n');
	}
	if (!begins)
		buf_char(out, '\n');
}

void
conf_print_mdoc(struct buf *out)
{
	const struct conf_option *o;

	for (o = conf_options; o < conf_options + conf_options_count; o++) {
		if (begins_group(o))
			buf_printf(out, "%s.Ss %s\n.Bl -tag -width Ds\n",
			    o == conf_options ? "" : ".El\n", o->group);
		if (*o->dflt == '\0')
			buf_printf(out, ".It Ic %s No =\n", o->name);
		else
			buf_printf(out, ".It Ic %s No = Ar %s\n", o->name, o->dflt);
		put_mdoc_text(out, slice_str(o->help));
		if (o->type == CONF_WORD || o->type == CONF_WORDS)
			buf_printf(out, "%s of: %s.\n",
			    o->type == CONF_WORD ? "One" : "One or more", o->words);
	}
	buf_str(out, ".El\n");
}
