/*
 * ws_out_test.c - what waits to be written to a connection
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "tests/t.h"
#include "ws/out.h"

static struct span
put(struct spool *spool, const char *text)
{
	return spool_add(spool, SLICE_NONE, slice_str(text));
}

static void
all_is(const struct out *out, const char *want)
{
	struct buf all = BUF_INIT;
	size_t i;

	for (i = 0; i < out_count(out); i++)
		buf_add(&all, out_get(out, i));
	T_SLICE(buf_slice(&all), want);
	T_EQ(out->bytes, all.n);
	buf_free(&all);
}

static void
an_empty_queue_has_nothing_to_say(void)
{
	struct out out = { 0 };

	T_EQ(out_count(&out), 0);
	T_EQ(out_held(&out), 0);
	out_settle(&out);
	out_sent(&out, 0);
	out_fini(&out);
	T_OK(sizeof(out) <= 48);
}

static void
neighbours_become_one_piece(void)
{
	struct spool spool = { NULL, NULL };
	struct out out = { 0 };
	int i;

	for (i = 0; i < 50; i++)
		out_add(&out, put(&spool, "0123456789"));
	T_EQ(out_count(&out), 1);
	T_EQ(out.bytes, 500);
	out_add(&out, spool_add(&spool, SLICE("head "), SLICE("body")));
	T_EQ(out_count(&out), 1);
	out_sent(&out, 500);
	all_is(&out, "head body");
	out_fini(&out);
	spool_fini(&spool);
}

static void
many_queues_share_the_bytes(void)
{
	struct spool spool = { NULL, NULL };
	struct out a = { 0 }, b = { 0 };
	struct span all = put(&spool, "to all ");

	out_add(&a, all);
	out_add(&b, all);
	T_OK(out_get(&a, 0).p == out_get(&b, 0).p);
	out_add(&a, put(&spool, "to a "));
	out_add(&b, put(&spool, "to b "));
	T_EQ(out_count(&a), 1);
	T_EQ(out_count(&b), 2);
	all_is(&a, "to all to a ");
	all_is(&b, "to all to b ");
	spool_fini(&spool);
	all_is(&a, "to all to a ");
	out_fini(&a);
	all_is(&b, "to all to b ");
	out_fini(&b);
}

static void
what_was_sent_goes_in_any_steps(void)
{
	static const char text[] = "one two three four five six seven eight nine";
	struct spool spool = { NULL, NULL };
	struct out out;
	size_t step, n;
	char word[16];
	const char *p;

	for (step = 1; step < sizeof(text); step++) {
		out = (struct out){ 0 };
		for (p = text; *p != '\0'; p += strlen(word)) {
			snprintf(word, sizeof(word), "%.5s", p);
			out_add(&out, put(&spool, word));
			put(&spool, "-");       /* so that nothing merges */
		}
		T_EQ(out_count(&out), 9);
		for (p = text; *p != '\0'; p += n) {
			all_is(&out, p);
			n = out.bytes < step ? out.bytes : step;
			out_sent(&out, n);
		}
		T_EQ(out_count(&out), 0);
		T_OK(out.more == NULL);
	}
	spool_fini(&spool);
}

static void
a_queue_grows_while_it_is_taken(void)
{
	struct spool spool = { NULL, NULL };
	struct out out = { 0 };
	char word[16];
	int i, taken = 0;

	for (i = 0; i < 1000; i++) {
		snprintf(word, sizeof(word), "%04d", i);
		out_add(&out, put(&spool, word));
		put(&spool, "-");
		if (i % 3 > 0)
			continue;
		snprintf(word, sizeof(word), "%04d", taken++);
		T_SLICE(out_get(&out, 0), word);
		out_sent(&out, 4);
	}
	T_EQ(out.bytes, (1000 - taken) * 4);
	out_fini(&out);
	T_EQ(out.bytes, 0);
	spool_fini(&spool);
}

static void
memory_is_used_again_when_nobody_has_it(void)
{
	struct spool spool = { NULL, NULL };
	struct out out = { 0 };
	struct chunk *chunk;
	int i;

	chunk = put(&spool, "x").chunk;
	for (i = 0; i < 20000; i++) {
		spool_turn(&spool);
		T_OK(put(&spool, "not kept").chunk == chunk);
		T_EQ(spool.chunk->n, 8);
	}
	out_add(&out, put(&spool, "kept"));
	spool_turn(&spool);
	put(&spool, "elsewhere");
	all_is(&out, "kept");
	out_fini(&out);
	spool_fini(&spool);
}

static void
a_span_is_good_for_the_whole_turn(void)
{
	struct spool spool = { NULL, NULL };
	struct span first = put(&spool, "remembered");
	struct out out = { 0 };
	int i;

	for (i = 0; i < 10000; i++)
		put(&spool, "many chunks of others");
	out_add(&out, first);
	spool_turn(&spool);
	all_is(&out, "remembered");
	out_fini(&out);
	spool_fini(&spool);
}

static void
a_large_answer_has_a_chunk_of_its_size(void)
{
	struct spool spool = { NULL, NULL };
	struct out out = { 0 };
	static char large[100000];
	struct span span;

	span = spool_add(&spool, SLICE("head"), slice_of(large, sizeof(large)));
	T_EQ(span.chunk->cap, 4 + sizeof(large));
	out_add(&out, span);
	T_EQ(out_held(&out), 4 + sizeof(large));
	out_fini(&out);
	spool_fini(&spool);
}

static void
a_slow_reader_holds_little_more_than_it_waits_for(void)
{
	struct spool spool = { NULL, NULL };
	struct out out = { 0 };
	struct buf want = BUF_INIT;
	static char filler[16000];
	int i;

	memset(filler, 'f', sizeof(filler));
	for (i = 0; i < 40; i++) {
		out_add(&out, put(&spool, "little "));
		buf_str(&want, "little ");
		spool_turn(&spool);
		out_settle(&out);
		T_OK(out_held(&out) <= 4 * out.bytes + 4);
	}
	buf_char(&want, '\0');
	all_is(&out, want.p);
	out_fini(&out);
	/* What fills its chunk well is left where it is. */
	out_add(&out, spool_add(&spool, SLICE_NONE, slice_of(filler, 3000)));
	out_add(&out, spool_add(&spool, SLICE_NONE, slice_of(filler, 3000)));
	T_OK(out_get(&out, 0).p == spool.chunk->bytes);
	out_settle(&out);
	T_OK(out_get(&out, 0).p == spool.chunk->bytes);
	out_fini(&out);
	spool_fini(&spool);
	buf_free(&want);
}

int
main(void)
{
	T_RUN(an_empty_queue_has_nothing_to_say);
	T_RUN(neighbours_become_one_piece);
	T_RUN(many_queues_share_the_bytes);
	T_RUN(what_was_sent_goes_in_any_steps);
	T_RUN(a_queue_grows_while_it_is_taken);
	T_RUN(memory_is_used_again_when_nobody_has_it);
	T_RUN(a_span_is_good_for_the_whole_turn);
	T_RUN(a_large_answer_has_a_chunk_of_its_size);
	T_RUN(a_slow_reader_holds_little_more_than_it_waits_for);
	return t_end();
}
