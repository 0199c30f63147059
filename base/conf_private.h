/*
 * conf_private.h - what the conf_*.c files share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_CONF_PRIVATE_H
#define BASE_CONF_PRIVATE_H

#include "base/conf.h"

/* One for each row of the table; where is NULL while the default rules. */
struct conf_origin {
	char *where;
};

/* What the process knows about where it runs; each may be NULL. */
struct conf_places {
	const char *named;              /* SIOGATE_CONF */
	const char *document_root, *context_root;
	const char *program;            /* folder of the program */
	const char *home;               /* of the account */
	const char *system;             /* "/etc/siogate" */
};

/* Sets *error_r unless an earlier mistake is there already. */
void conf_error(char **error_r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The value of one option; relative paths begin at folder.  RC_BAD_INPUT: why_r
 * says what is wrong and what is allowed. */
enum rc conf_option_set(struct conf *conf, const struct conf_option *o,
    struct slice value, const char *folder, const char *where, char **why_r);

/* As conf_option_set(), by name; error_r says where and what.  where: "FILE:LINE",
 * "environment SIOGATE_X" or "argument". */
enum rc conf_set_named(struct conf *conf, struct slice name, struct slice value,
    const char *folder, const char *where, char **error_r);

/* The option whose name is most like this one, or NULL. */
const struct conf_option *conf_option_like(struct slice name);

/* The values of all SIOGATE_ variables. */
enum rc conf_environment(struct conf *conf, char **const environment,
    char **error_r);

/* Folders; NULL when they are not known.  The caller's to free. */
char *conf_home(void);
char *conf_program_folder(void);
char *conf_path_folder(const char *path);

/* Absolute: `~/` replaced, relative ones put behind folder (NULL: the current
 * one). */
char *conf_path_absolute(struct slice path, const char *folder);

enum rc conf_find_in(const struct conf_places *places, char **path_r);

/* Fills in store, client_dir and module_dir where they are empty. */
enum rc conf_fill_places(struct conf *conf, const struct conf_places *places,
    char **error_r);

#endif
