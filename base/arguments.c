/*
 * arguments.c - the command line of a program that is started with options only
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arguments.h"
#include "base/buf.h"
#include "base/conf.h"

enum { ARGUMENTS_MAX = 8 };

static void
help_print(const char *program, const char *usage)
{
	struct buf options = BUF_INIT;

	conf_print_help(&options);
	printf("usage: %s %s\n\nOptions of siogate.conf:\n%.*s", program, usage,
	    SLICE_ARGS(buf_slice(&options)));
	buf_free(&options);
}

int
arguments_read(const char *program, const char *usage,
    const struct argument *arguments, size_t n, int argc, char **argv)
{
	struct option table[ARGUMENTS_MAX + 3] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
	};
	char letters[2 * ARGUMENTS_MAX + 3] = "hV", *end = letters + 2;
	size_t i;
	int c;

	assert(n <= ARGUMENTS_MAX);
	for (i = 0; i < n; i++) {
		table[2 + i] = (struct option){ arguments[i].name,
		    required_argument, NULL, arguments[i].letter };
		*end++ = arguments[i].letter;
		*end++ = ':';
	}
	while ((c = getopt_long(argc, argv, letters, table, NULL)) != -1) {
		if (c == 'h') {
			help_print(program, usage);
			return EXIT_SUCCESS;
		}
		if (c == 'V') {
			printf("siogate " PACKAGE_VERSION "\n");
			return EXIT_SUCCESS;
		}
		for (i = 0; i < n && arguments[i].letter != c; i++)
			;
		if (i == n) {
			fprintf(stderr, "Try %s --help.\n", program);
			return EXIT_USAGE;
		}
		*arguments[i].text_r = optarg;
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "%s: unknown argument %s.  Try %s --help.\n", program,
	    argv[optind], program);
	return EXIT_USAGE;
}
