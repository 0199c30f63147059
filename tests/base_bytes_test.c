/*
 * base_bytes_test.c - slices, buffers, packed lists, arenas, return codes
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/rc.h"
#include "base/slice.h"
#include "tests/t.h"

static void
every_return_code_has_a_name(void)
{
	int rc;

	for (rc = RC_OK; rc <= RC_IO; rc++)
		T_OK(strcmp(rc_name((enum rc)rc), "unknown") != 0);
	T_STR(rc_name((enum rc)99), "unknown");
}

static void
a_slice_is_compared_by_its_bytes(void)
{
	T_OK(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
	T_OK(!slice_eq(SLICE("a\0b"), SLICE("a\0c")));
	T_OK(slice_eq(SLICE_NONE, SLICE("")));
	T_OK(slice_eq_nocase(SLICE("Content-TYPE"), SLICE("content-type")));
	T_OK(!slice_eq_nocase(SLICE("a["), SLICE("a{")));
	T_OK(slice_cmp(SLICE("ab"), SLICE("b")) < 0);
	T_OK(slice_cmp(SLICE("ab"), SLICE("a")) > 0);
	T_OK(slice_cmp(SLICE("\xff"), SLICE("a")) > 0);
	T_EQ(slice_cmp(SLICE_NONE, SLICE("")), 0);
}

static void
a_slice_starts_ends_and_finds(void)
{
	T_OK(slice_starts(SLICE("/chat"), SLICE("/")));
	T_OK(!slice_starts(SLICE("/"), SLICE("/chat")));
	T_OK(slice_starts(SLICE_NONE, SLICE("")));
	T_OK(slice_ends(SLICE("a.js"), SLICE(".js")));
	T_OK(!slice_ends(SLICE("js"), SLICE(".js")));
	T_EQ(slice_find(SLICE("a=b"), '='), 1);
	T_EQ(slice_find(SLICE("ab"), '='), 2);
	T_EQ(slice_find(SLICE_NONE, '='), 0);
}

static void
cutting_gives_every_piece_the_empty_ones_too(void)
{
	struct slice rest = SLICE("a,,b,"), head;

	T_OK(slice_cut(&rest, ',', &head));
	T_SLICE(head, "a");
	T_OK(slice_cut(&rest, ',', &head));
	T_SLICE(head, "");
	T_OK(slice_cut(&rest, ',', &head));
	T_SLICE(head, "b");
	T_OK(rest.p != NULL);
	T_OK(slice_cut(&rest, ',', &head));
	T_SLICE(head, "");
	T_OK(rest.p == NULL);
	T_OK(!slice_cut(&rest, ',', &head));
}

static void
trimming_takes_blanks_and_tabs_only(void)
{
	T_SLICE(slice_trim(SLICE(" \t a b\n\t ")), "a b\n");
	T_SLICE(slice_trim(SLICE(" \t ")), "");
}

static void
a_decimal_number_fills_its_slice_and_fits(void)
{
	int64_t v;

	T_OK(slice_int64(SLICE("0"), &v));
	T_EQ(v, 0);
	T_OK(slice_int64(SLICE("9223372036854775807"), &v));
	T_OK(v == INT64_MAX);
	T_OK(slice_int64(SLICE("-9223372036854775808"), &v));
	T_OK(v == INT64_MIN);
	T_OK(!slice_int64(SLICE("9223372036854775808"), &v));
	T_OK(!slice_int64(SLICE("-9223372036854775809"), &v));
	T_OK(!slice_int64(SLICE("99999999999999999999999"), &v));
	T_OK(!slice_int64(SLICE(""), &v));
	T_OK(!slice_int64(SLICE("-"), &v));
	T_OK(!slice_int64(SLICE("+1"), &v));
	T_OK(!slice_int64(SLICE("1 "), &v));
	T_OK(!slice_int64(SLICE_NONE, &v));
}

static void
a_buffer_grows_and_keeps_what_it_has(void)
{
	struct buf b = BUF_INIT;
	int i;

	T_SLICE(buf_slice(&b), "");
	buf_add(&b, SLICE_NONE);
	T_OK(b.p == NULL);
	for (i = 0; i < 1000; i++)
		buf_char(&b, (char)('a' + i % 26));
	T_EQ(b.n, 1000);
	for (i = 0; i < 1000; i++)
		T_EQ(b.p[i], 'a' + i % 26);
	buf_reset(&b);
	T_EQ(b.n, 0);
	T_OK(b.cap >= 1000);
	buf_free(&b);
	T_OK(b.p == NULL);
}

static void
a_buffer_prints_numbers_and_formats(void)
{
	struct buf b = BUF_INIT;

	buf_int(&b, 0);
	buf_char(&b, ' ');
	buf_int(&b, INT64_MIN);
	buf_char(&b, ' ');
	buf_int(&b, INT64_MAX);
	T_SLICE(buf_slice(&b), "0 -9223372036854775808 9223372036854775807");
	buf_reset(&b);
	buf_printf(&b, "%s-%0200d.", "x", 7);
	T_EQ(b.n, 203);
	T_OK(slice_ends(buf_slice(&b), SLICE("0007.")));
	buf_free(&b);
}

static void
taking_a_buffer_ends_it_with_a_zero_and_empties_it(void)
{
	struct buf b = BUF_INIT;
	char *p;

	buf_str(&b, "hi");
	p = buf_take(&b);
	T_STR(p, "hi");
	T_OK(b.p == NULL && b.n == 0 && b.cap == 0);
	free(p);
	p = buf_take(&b);
	T_STR(p, "");
	free(p);
}

static void
a_packed_list_gives_back_its_elements(void)
{
	struct buf b = BUF_INIT;
	struct slice rest, element;

	pack_add(&b, SLICE("one"));
	pack_add(&b, SLICE(""));
	pack_add(&b, SLICE("\0\1"));
	T_EQ(pack_count(buf_slice(&b)), 3);
	rest = buf_slice(&b);
	T_OK(pack_next(&rest, &element));
	T_SLICE(element, "one");
	T_OK(pack_next(&rest, &element));
	T_EQ(element.n, 0);
	T_OK(element.p != NULL);
	T_OK(pack_next(&rest, &element));
	T_OK(slice_eq(element, SLICE("\0\1")));
	T_OK(!pack_next(&rest, &element));
	buf_free(&b);
}

static void
a_damaged_packed_list_ends_where_it_is_damaged(void)
{
	T_EQ(pack_count(SLICE("\1\0\0\0a\2\0\0\0b")), 1);
	T_EQ(pack_count(SLICE("\xff\xff\xff\xff" "a")), 0);
	T_EQ(pack_count(SLICE("\1\0\0")), 0);
	T_EQ(pack_count(SLICE_NONE), 0);
}

static void
an_arena_gives_zeroed_aligned_memory_that_stays(void)
{
	struct arena a = ARENA_INIT;
	char *first = arena_alloc(&a, 3), *p;
	size_t i, k;

	memset(first, 'x', 3);
	for (i = 0; i < 2000; i++) {
		p = arena_alloc(&a, i);
		T_EQ((uintptr_t)p % 16, 0);
		for (k = 0; k < i; k++)
			T_EQ(p[k], 0);
		memset(p, 'y', i);
	}
	T_OK(memcmp(first, "xxx", 3) == 0);
	arena_reset(&a);
	p = arena_alloc(&a, 100);
	for (k = 0; k < 100; k++)
		T_EQ(p[k], 0);
	arena_free(&a);
	T_OK(a.block == NULL);
}

static void
an_arena_copies_text(void)
{
	struct arena a = ARENA_INIT;
	struct slice s;

	T_OK(arena_dup(&a, SLICE_NONE).p == NULL);
	T_OK(arena_dup(&a, SLICE("")).p != NULL);
	s = arena_dup(&a, SLICE("a\0b"));
	T_OK(slice_eq(s, SLICE("a\0b")));
	T_STR(arena_str(&a, SLICE("text")), "text");
	T_SLICE(arena_printf(&a, "%d-%s", 5, "x"), "5-x");
	arena_reset(&a);
	arena_reset(&a);
	arena_free(&a);
	arena_reset(&a);
}

static void
plain_memory_is_never_null(void)
{
	char *p = mem_alloc(0), *q;

	T_OK(p != NULL);
	p = mem_resize(p, 0);
	T_OK(p != NULL);
	free(p);
	p = mem_printf("%s=%d", "a", 1);
	T_STR(p, "a=1");
	q = mem_slicedup(SLICE_NONE);
	T_STR(q, "");
	free(p);
	free(q);
}

/* Of files, as far as they are in memory. */
static long
mapped_kb(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[128];
	long kb, rss = 0, own = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "Rss: %ld", &kb) == 1)
			rss = kb;
		if (sscanf(line, "Anonymous: %ld", &kb) == 1)
			own = kb;
	}
	if (f != NULL)
		fclose(f);
	return rss - own;
}

static void
giving_back_takes_nothing_that_is_in_use(void)
{
	long before = mapped_kb();
	char *kept[100];

	for (size_t i = 0; i < N_ELEMENTS(kept); i++) {
		kept[i] = mem_printf("%zu", i);
		free(mem_alloc(24 + 16 * i));
	}
	mem_give_back();
	mem_give_back();
	T_OK(mapped_kb() < before);
	for (size_t i = 0; i < N_ELEMENTS(kept); i++) {
		T_EQ(strtol(kept[i], NULL, 10), (long)i);
		free(kept[i]);
	}
}

int
main(void)
{
	T_RUN(every_return_code_has_a_name);
	T_RUN(a_slice_is_compared_by_its_bytes);
	T_RUN(a_slice_starts_ends_and_finds);
	T_RUN(cutting_gives_every_piece_the_empty_ones_too);
	T_RUN(trimming_takes_blanks_and_tabs_only);
	T_RUN(a_decimal_number_fills_its_slice_and_fits);
	T_RUN(a_buffer_grows_and_keeps_what_it_has);
	T_RUN(a_buffer_prints_numbers_and_formats);
	T_RUN(taking_a_buffer_ends_it_with_a_zero_and_empties_it);
	T_RUN(a_packed_list_gives_back_its_elements);
	T_RUN(a_damaged_packed_list_ends_where_it_is_damaged);
	T_RUN(an_arena_gives_zeroed_aligned_memory_that_stays);
	T_RUN(an_arena_copies_text);
	T_RUN(plain_memory_is_never_null);
	T_RUN(giving_back_takes_nothing_that_is_in_use);
	return t_end();
}
