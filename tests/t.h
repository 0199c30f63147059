/*
 * t.h - tests as sentences
 *
 * A test program is a list of functions whose names are true when they pass:
 *
 *     int main(void) { T_RUN(a_list_is_empty_at_first); return t_end(); }
 *
 * Output is TAP: script/test counts the lines "ok", "not ok" and "# SKIP".
 * A failed check says where and what, and ends its test, not the program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_T_H
#define TESTS_T_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Weak, so that a test of several files counts as one. */
__attribute__((weak)) int t_count, t_failed;
__attribute__((weak)) jmp_buf t_out;
__attribute__((weak)) const char *t_skipped = "";

#define T_FAIL(...)                                                     \
	do {                                                            \
		printf("# %s:%d: ", __FILE__, __LINE__);                \
		printf(__VA_ARGS__);                                    \
		printf("\n");                                           \
		longjmp(t_out, 1);                                      \
	} while (0)

#define T_OK(cond)                                                      \
	do {                                                            \
		if (!(cond))                                            \
			T_FAIL("not true: %s", #cond);                  \
	} while (0)

#define T_EQ(got, want)                                                 \
	do {                                                            \
		long long t_g = (long long)(got), t_w = (long long)(want); \
		if (t_g != t_w)                                         \
			T_FAIL("%s is %lld, not %lld", #got, t_g, t_w); \
	} while (0)

#define T_SLICE(got, want)                                              \
	do {                                                            \
		struct slice t_s = (got);                               \
		if (!slice_is(t_s, want))                               \
			T_FAIL("%s is '%.*s', not '%s'", #got,          \
			    SLICE_ARGS(t_s), want);                     \
	} while (0)

#define T_STR(got, want)                                                \
	do {                                                            \
		const char *t_s = (got);                                \
		if (t_s == NULL || strcmp(t_s, want) != 0)              \
			T_FAIL("%s is '%s', not '%s'", #got,            \
			    t_s == NULL ? "(null)" : t_s, want);        \
	} while (0)

/* This machine cannot run it, and why. */
#define T_SKIP(why)                                                     \
	do {                                                            \
		t_skipped = (why);                                      \
		longjmp(t_out, 2);                                      \
	} while (0)

#define T_RUN(test) t_run(#test, test)

static inline void
t_run(const char *name, void (*test)(void))
{
	int how;

	t_count++;
	if ((how = setjmp(t_out)) == 0) {
		test();
		printf("ok %d - %s\n", t_count, name);
	} else if (how == 2) {
		printf("ok %d - %s # SKIP %s\n", t_count, name, t_skipped);
	} else {
		t_failed++;
		printf("not ok %d - %s\n", t_count, name);
	}
	fflush(stdout);
}

static inline int
t_end(void)
{
	printf("1..%d\n", t_count);
	return t_failed != 0;
}

#endif
