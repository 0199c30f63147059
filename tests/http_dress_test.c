/*
 * http_dress_test.c - compression, the status page, a broken gateway
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <zlib.h>

#include "tests/http_support.h"
#include "tests/t.h"

static char large[5000];

static void
large_world(const char *accept)
{
	world();
	memset(large, 'z', sizeof(large));
	engine.payload = slice_of(large, sizeof(large));
	if (accept != NULL)
		header("Accept-Encoding", accept);
}

/* window: 15 + 32 finds out by itself whether it is gzip or zlib. */
static void
answer_unpacks_to_large(void)
{
	static unsigned char out[2 * sizeof(large)];
	struct slice body = answer_body();
	z_stream z = { .next_in = NULL };

	z.next_in = (Bytef *)body.p;
	z.avail_in = (uInt)body.n;
	z.next_out = out;
	z.avail_out = sizeof(out);
	T_EQ(inflateInit2(&z, 15 + 32), Z_OK);
	T_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	T_EQ(z.total_out, sizeof(large));
	T_OK(memcmp(out, large, sizeof(large)) == 0);
}

static const struct {
	const char *accept, *coding;
} accepts[] = {
	{ "gzip", "gzip" },
	{ "gzip, deflate, br", "gzip" },
	{ "deflate", "deflate" },
	{ "x-gzip", "gzip" },
	{ "*", "gzip" },
	{ "*;q=0.1", "gzip" },
	{ "gzip;q=0", NULL },
	{ "gzip;q=0.0, deflate ; q=0.001", "deflate" },
	{ "gzip;q=0.5,deflate;q=0.8", "deflate" },
	{ "GZIP;Q=1.0", "gzip" },
	{ "gzip;q=0, *", "deflate" },
	{ "br", NULL },
	{ "identity", NULL },
	{ "", NULL },
	{ NULL, NULL },
	{ "*;q=0", NULL },
	{ ";;q=,,=;gzip", NULL },
};

static void
codings_are_chosen_by_their_weights(void)
{
	size_t i;
	struct slice coding;

	for (i = 0; i < N_ELEMENTS(accepts); i++) {
		large_world(accepts[i].accept);
		T_EQ(ask(SESSION), 200);
		coding = answer_header("content-encoding");
		if (accepts[i].coding == NULL) {
			if (coding.p != NULL)
				T_FAIL("%s was coded", accepts[i].accept);
			T_EQ(answer_body().n, sizeof(large));
		} else {
			if (!slice_is(coding, accepts[i].coding))
				T_FAIL("%s is '%.*s'", accepts[i].accept,
				    SLICE_ARGS(coding));
			answer_unpacks_to_large();
		}
		T_SLICE(answer_header("vary"), "Accept-Encoding");
	}
}

static void
gzip_is_gzip_and_deflate_is_zlib(void)
{
	large_world("gzip");
	T_EQ(ask(SESSION), 200);
	T_OK(slice_starts(answer_body(), SLICE("\x1f\x8b")));
	large_world("deflate");
	T_EQ(ask(SESSION), 200);
	T_OK((answer_body().p[0] & 0x0f) == 8 && answer_body().p[0] != 0x1f);
}

static void
below_the_threshold_nothing_is_compressed(void)
{
	large_world("gzip");
	engine.payload = slice_of(large, 1023);
	T_EQ(ask(SESSION), 200);
	T_OK(answer_header("content-encoding").p == NULL);
	T_OK(answer_header("vary").p == NULL);
	engine.payload = slice_of(large, 1024);
	T_EQ(ask(SESSION), 200);
	T_SLICE(answer_header("content-encoding"), "gzip");
}

static void
compression_can_be_off(void)
{
	large_world("gzip");
	conf.compression = false;
	T_EQ(ask(SESSION), 200);
	T_OK(answer_header("content-encoding").p == NULL);
	T_EQ(answer_body().n, sizeof(large));
}

static void
the_length_is_that_of_the_compressed_body(void)
{
	char length[24];

	large_world("gzip");
	T_EQ(ask(SESSION), 200);
	snprintf(length, sizeof(length), "%zu", answer_body().n);
	T_SLICE(answer_header("content-length"), length);
}

static void
vary_names_origin_and_encoding_together(void)
{
	large_world("gzip");
	conf.origins = "https://a.example";
	gate();
	T_EQ(ask(SESSION), 200);
	T_SLICE(answer_header("vary"), "Origin, Accept-Encoding");
}

static void
a_browser_sees_a_page_and_a_program_json(void)
{
	world();
	header("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
	T_EQ(ask("/socket.io/"), 200);
	T_SLICE(answer_header("content-type"), "text/html; charset=utf-8");
	T_OK(memmem(answer_body().p, answer_body().n, "siogate runs", 12) != NULL);
	T_ERROR("/socket.io/?EIO=4", 400, CODE0);
	fresh_request("GET");
	header("Accept", "*/*");
	T_ERROR("/socket.io/", 400, CODE0);
}

static bool
page_has(const char *text)
{
	return memmem(answer_body().p, answer_body().n, text, strlen(text)) != NULL;
}

static void
details_are_for_who_knows_the_key(void)
{
	world();
	conf.status_key = "open sesame";
	conf.store = "/secret/store<dir>";
	gate();
	header("Accept", "text/html");
	T_EQ(ask("/socket.io/"), 200);
	T_OK(!page_has("/secret"));
	T_EQ(ask("/socket.io/?key=open"), 200);
	T_OK(!page_has("/secret"));
	T_EQ(ask("/socket.io/?key=open%20sesame"), 200);
	T_OK(page_has("/secret/store&lt;dir&gt;"));
	T_OK(page_has("<tr><th>records it has encoded</th><td>4</td></tr>"));
	T_OK(!page_has("refused:"));
	T_EQ(ask("/socket.io/?EIO=4&transport=pigeon"), 400);
	T_EQ(ask("/socket.io/?key=open%20sesame"), 200);
	T_OK(page_has("refused: request</th><td>1<"));
	conf.status_key = "";
	T_EQ(ask("/socket.io/?key="), 200);
	T_OK(!page_has("/secret"));
}

static void
a_broken_gateway_says_503_and_a_code(void)
{
	world();
	conf.status_key = "k";
	gateway_free(&gateway);
	gateway = gateway_new(&conf, NULL, "store");
	gateway_detail(gateway, "cannot write /secret/file");
	T_ERROR(POLLING, 503, "siogate cannot serve: store\n");
	T_SLICE(answer_header("retry-after"), "5");
	T_EQ(ask("/socket.io/"), 503);
	T_EQ(ask(SESSION), 503);
	header("Accept", "text/html");
	T_EQ(ask("/socket.io/"), 503);
	T_OK(page_has("<code>store</code>") && !page_has("/secret"));
	T_EQ(ask("/socket.io/?key=k"), 503);
	T_OK(page_has("cannot write /secret/file"));
	T_EQ(ask("/elsewhere"), 404);
}

int
main(void)
{
	T_RUN(codings_are_chosen_by_their_weights);
	T_RUN(gzip_is_gzip_and_deflate_is_zlib);
	T_RUN(below_the_threshold_nothing_is_compressed);
	T_RUN(compression_can_be_off);
	T_RUN(the_length_is_that_of_the_compressed_body);
	T_RUN(vary_names_origin_and_encoding_together);
	T_RUN(a_browser_sees_a_page_and_a_program_json);
	T_RUN(details_are_for_who_knows_the_key);
	T_RUN(a_broken_gateway_says_503_and_a_code);
	world_end();
	return t_end();
}
