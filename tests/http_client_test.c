/*
 * http_client_test.c - the client's script, and nothing beside it
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/http_support.h"
#include "tests/t.h"

static char root[] = "/tmp/siogate-client-XXXXXX";
static char dir[64];

static void
file_make(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	if ((f = fopen(path, "w")) == NULL) {
		perror(path);
		exit(1);
	}
	fputs(text, f);
	fclose(f);
}

static void
folder_make(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	mkdir(path, 0700);
}

static void
files_make(void)
{
	if (mkdtemp(root) == NULL) {
		perror(root);
		exit(1);
	}
	snprintf(dir, sizeof(dir), "%s/dist", root);
	folder_make("dist");
	folder_make("dist/4.0.1");
	folder_make("dist/0.6.18");
	folder_make("dist/0.9.2");
	folder_make("dist/0.9.17");
	folder_make("dist/1.7.4");
	folder_make("dist/socket.io.folder.js");
	file_make("siogate.conf", "secret");
	file_make("socket.io.js", "outside");
	file_make("dist/socket.io.js", "stock");
	file_make("dist/socket.io.min.js", "small");
	file_make("dist/socket.io.min.js.map", "{}");
	file_make("dist/4.0.1/socket.io.js", "old");
	file_make("dist/4.0.1/LICENSE", "MIT");
	file_make("dist/socket.io-2.5.0.min.js", "older");
	file_make("dist/1.7.4/socket.io.min.js", "one");
	file_make("dist/0.9.2/socket.io.js", "nine two");
	file_make("dist/0.9.17/socket.io.js", "nine");
	file_make("dist/0.9.17/socket.io.min.js", "nine, small");
	file_make("dist/0.6.18/socket.io.js", "six");
}

static void
files_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", root);
	if (system(command) != 0)
		perror("rm");
}

static void
client_world(void)
{
	world();
	conf.client_dir = dir;
	gate();
}

static void
bundles_are_served_by_name(void)
{
	client_world();
	T_ERROR("/socket.io/socket.io.js", 200, "stock");
	T_SLICE(answer_header("content-type"),
	    "application/javascript; charset=utf-8");
	T_SLICE(answer_header("cache-control"), "public, max-age=0");
	T_ERROR("/sub/socket.io/socket.io.min.js?x=1", 200, "small");
	T_ERROR("/socket.io/socket.io.min.js.map", 200, "{}");
	T_SLICE(answer_header("content-type"), "application/json");
}

static void
the_option_names_what_the_bare_address_serves(void)
{
	client_world();
	conf.client = "socket.io.min.js";
	T_ERROR("/socket.io/socket.io.js", 200, "small");
}

static void
a_version_is_a_folder_or_in_the_name(void)
{
	client_world();
	T_ERROR("/socket.io/4.0.1/socket.io.js", 200, "old");
	T_SLICE(answer_header("cache-control"), "public, max-age=86400");
	T_ERROR("/socket.io/2.5.0/socket.io.min.js", 200, "older");
	T_EQ(ask("/socket.io/9.9.9/socket.io.js"), 404);
}

static void
a_version_may_stand_where_old_servers_had_it(void)
{
	client_world();
	T_ERROR("/socket.io/socket.io.v0.9.17.js", 200, "nine");
	T_SLICE(answer_header("cache-control"), "public, max-age=86400");
	T_ERROR("/socket.io/socket.io.v0.9.17.min.js", 200, "nine, small");
	T_ERROR("/socket.io/socket.io+websocket+xhr-polling.v0.9.2.js", 200,
	    "nine two");
	T_ERROR("/socket.io/socket.io-1.7.4.min.js", 200, "one");
	T_ERROR("/socket.io/socket.io+jsonp-polling.js", 200, "nine");
	T_EQ(ask("/socket.io/socket.io.vendor.js"), 404);
}

static void
another_version_of_a_generation_does(void)
{
	client_world();
	T_ERROR("/socket.io/socket.io.v0.9.11.js", 200, "nine");
	T_SLICE(answer_header("cache-control"), "public, max-age=0");
	T_ERROR("/socket.io/0.7.0/socket.io.js", 200, "nine");
	T_ERROR("/socket.io/0.6.0/socket.io.js", 200, "six");
	T_ERROR("/socket.io/1.0.6/socket.io.min.js", 200, "one");
	T_ERROR("/socket.io/4.8.4/socket.io.js", 200, "old");
	T_EQ(ask("/socket.io/2.0.0/socket.io.js"), 404);
	T_EQ(ask("/socket.io/socket.io.v0.9.js"), 404);
}

static void
the_bare_address_may_be_an_old_one(void)
{
	client_world();
	conf.client = "0.9.17/socket.io.js";
	T_ERROR("/socket.io/socket.io.js", 200, "nine");
	T_ERROR("/socket.io/socket.io.min.js", 200, "nine, small");
	T_ERROR("/socket.io/socket.io.min.js.map", 200, "{}");
	T_ERROR("/socket.io/4.0.1/socket.io.js", 200, "old");
}

static void
a_licence_lies_beside_its_script(void)
{
	client_world();
	T_ERROR("/socket.io/4.0.1/LICENSE", 200, "MIT");
	T_SLICE(answer_header("content-type"), "text/plain; charset=utf-8");
	T_EQ(ask("/socket.io/1.7.4/LICENSE"), 404);
	T_EQ(ask("/socket.io/LICENSE"), 404);
}

static void
a_known_tag_is_304(void)
{
	char tag[128];
	struct slice etag;

	client_world();
	T_EQ(ask("/socket.io/socket.io.js"), 200);
	etag = answer_header("etag");
	T_OK(etag.n > 4 && etag.n < 100);
	snprintf(tag, sizeof(tag), "\"x\", %.*s", SLICE_ARGS(etag));
	header("If-None-Match", tag);
	T_ERROR("/socket.io/socket.io.js", 304, "");
	T_OK(!exchange.response.has_body);
	T_OK(answer_header("etag").p != NULL);
	T_EQ(ask("/socket.io/socket.io.min.js.map"), 200);
	fresh_request("GET");
	header("If-None-Match", "*");
	T_EQ(ask("/socket.io/socket.io.js"), 304);
}

static void
a_missing_file_says_where_to_put_it(void)
{
	client_world();
	T_EQ(ask("/socket.io/socket.io.esm.min.js"), 404);
	T_OK(memmem(answer_body().p, answer_body().n, "client_dir", 10) != NULL);
	T_OK(memmem(answer_body().p, answer_body().n, dir, strlen(dir)) == NULL);
	conf.client_dir = "";
	T_EQ(ask("/socket.io/socket.io.js"), 404);
}

static void
nothing_else_is_served(void)
{
	client_world();
	T_EQ(ask("/socket.io/../socket.io.js"), 404);
	T_EQ(ask("/socket.io/%2e%2e/socket.io.js"), 404);
	T_EQ(ask("/socket.io/..%2fsocket.io.js"), 404);
	T_EQ(ask("/socket.io/siogate.conf"), 404);
	T_EQ(ask("/socket.io/socket.io.folder.js"), 404);
	T_EQ(ask("/socket.io/4.0.1"), 404);
}

static void
only_get_and_head_are_allowed(void)
{
	client_world();
	fresh_request("POST");
	T_EQ(ask("/socket.io/socket.io.js"), 405);
	T_SLICE(answer_header("allow"), "GET, HEAD");
	fresh_request("HEAD");
	T_EQ(ask("/socket.io/socket.io.js"), 200);
	T_OK(!exchange.response.has_body);
	T_SLICE(answer_header("content-length"), "5");
}

static void
a_broken_gateway_serves_it_all_the_same(void)
{
	client_world();
	gateway_free(&gateway);
	gateway = gateway_new(&conf, NULL, "store");
	T_ERROR("/socket.io/socket.io.js", 200, "stock");
}

int
main(void)
{
	files_make();
	T_RUN(bundles_are_served_by_name);
	T_RUN(the_option_names_what_the_bare_address_serves);
	T_RUN(a_version_is_a_folder_or_in_the_name);
	T_RUN(a_version_may_stand_where_old_servers_had_it);
	T_RUN(another_version_of_a_generation_does);
	T_RUN(the_bare_address_may_be_an_old_one);
	T_RUN(a_licence_lies_beside_its_script);
	T_RUN(a_known_tag_is_304);
	T_RUN(a_missing_file_says_where_to_put_it);
	T_RUN(nothing_else_is_served);
	T_RUN(only_get_and_head_are_allowed);
	T_RUN(a_broken_gateway_serves_it_all_the_same);
	world_end();
	files_remove();
	return t_end();
}
