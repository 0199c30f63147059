/*
 * arguments.h - the command line of a program that is started with options only
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_ARGUMENTS_H
#define BASE_ARGUMENTS_H

#include <stddef.h>

enum { EXIT_USAGE = 2 };

/* --name TEXT, or -l TEXT. */
struct argument {
	const char *name;
	char letter;
	const char **text_r;            /* set where it is given */
};

/*
 * -1: go on; else the exit status.  --help and --version are answered here;
 * usage: what stands behind the program's name, and what it is.
 */
int arguments_read(const char *program, const char *usage,
    const struct argument *arguments, size_t n, int argc, char **argv);

#endif
