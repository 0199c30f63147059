/*
 * section.h - reads a section of siogate.conf by a table of its lines
 *
 * [relay], [backend], [token] ... each have a few lines with a form of their
 * own.  A kind of section is a table of rows; unknown lines, second lines and
 * values that a row does not take are refused with file, line and the form.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_SECTION_H
#define HANDLERS_SECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"

struct conf;
struct conf_section;

/* At most 32 rows. */
struct section_row {
	const char *name;
	/* RC_BAD_INPUT: the value is not of that form.  value is borrowed from
	 * struct conf. */
	enum rc (*read)(void *rule, const char *value);
	const char *form;               /* "a number and a time: 100 / 1h" */
	bool repeats;                   /* may stand more than once */
};

/* Reads all lines of the section into rule.  RC_BAD_INPUT: error_r is "FILE:LINE: reason" (yours,
 * to free). */
enum rc section_read(const struct conf *conf, const struct conf_section *section,
    const struct section_row *rows, size_t n, void *rule, char **error_r);

/* Its words must be one namespace, or a pattern: "/chat", "/team-*".  star: "*",
 * for all, is one, too. */
enum rc section_namespace(const struct conf *conf,
    const struct conf_section *section, bool star, char **error_r);

/* RC_BAD_INPUT, and the reason with the file's name and the line before it. */
enum rc section_fault(const struct conf *conf, unsigned line, char **error_r,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* For a row's read(): "yes" and "on", "no" and "off". */
enum rc section_flag(const char *value, bool *flag_r);

#endif
