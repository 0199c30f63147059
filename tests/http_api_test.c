/*
 * http_api_test.c - speaking from outside: rights, and who goes away in between
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <string.h>

#include "base/conf.h"
#include "base/mem.h"
#include "http/api.h"
#include "http/http.h"
#include "store/driver.h"
#include "tests/session_kit.h"

static struct kit kit;
static struct conf *conf;
static struct gateway *gateway;
static struct http_exchange exchange;
static bool has_answer;

static void
on_respond(struct http_exchange *x)
{
	(void)x;
	has_answer = true;
}

/* A token for each right, with 16 bytes: "emit" has "emitemitemitemit". */
static void
world(void)
{
	static const char text[] = "api = api\n"
	    "[api emit]\ntoken = emitemitemitemit\nrights = emit\n"
	    "[api call]\ntoken = callcallcallcall\nrights = call\n"
	    "[api join]\ntoken = joinjoinjoinjoin\nrights = join\n"
	    "[api acl]\ntoken = acl-acl-acl-acl-\nrights = acl\n"
	    "[api all]\ntoken = all-all-all-all-\nrights = *\n";
	char *error = NULL;

	kit_init(&kit);
	conf = conf_new();
	T_EQ(conf_parse(conf, slice_str(text), "site.conf", &error), RC_OK);
	gateway = gateway_new(conf, kit.engines[0], NULL);
	T_EQ(api_open(gateway, conf, kit.store, &error), RC_OK);
}

static void
world_end(void)
{
	http_finish(gateway, &exchange);
	exchange = (struct http_exchange){ .own = NULL };
	gateway_free(&gateway);
	conf_free(&conf);
	kit_fini(&kit);
}

static int
ask(const char *token, const char *verb, const char *body)
{
	static char bearer[64], target[64];
	static struct http_header header;

	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	snprintf(target, sizeof(target), "/api/v1/%s", verb);
	header = (struct http_header){ SLICE("Authorization"), slice_str(bearer) };
	http_finish(gateway, &exchange);
	exchange = (struct http_exchange){ .respond = on_respond, .request = {
	    .method = SLICE("POST"), .target = slice_str(target), .headers = &header,
	    .n_headers = 1, .remote_addr = SLICE("192.0.2.1"), .port = SLICE("80"),
	    .body = slice_str(body) } };
	has_answer = false;
	http_serve(gateway, &exchange);
	if (!has_answer)
		kit_settle(&kit);
	return has_answer ? exchange.response.status : 0;
}

static struct slice
answer(void)
{
	return buf_slice(&exchange.response.body);
}

static bool
hears(const char *sid, const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "42[\"%s\"", name);
	return strncmp(kit_read(&kit, 0, sid), text, strlen(text)) == 0;
}

/* ---- rights --------------------------------------------------------------------- */

static void
a_verb_has_no_effect_but_its_own(void)
{
	char sid[24];

	world();
	kit_connect(&kit, 0, sid);
	T_EQ(ask("emitemitemitemit", "emit", "{\"event\":\"hello\"}"), 200);
	T_OK(hears(sid, "hello"));
	T_EQ(ask("emitemitemitemit", "emit", "{\"disconnect\":\"*\"}"), 400);
	T_EQ(ask("emitemitemitemit", "emit", "{\"join\":\"red\",\"who\":\"*\"}"), 400);
	T_EQ(ask("emitemitemitemit", "emit", "{\"value\":\"k\",\"set\":1}"), 400);
	T_EQ(ask("emitemitemitemit", "emit", "{\"acl\":\"nsp\",\"set\":[]}"), 400);
	T_EQ(ask("all-all-all-all-", "emit", "{\"disconnect\":\"*\"}"), 400);
	T_EQ(ask("emitemitemitemit", "emit", "{\"after\":1,\"name\":\"t\"}"), 400);
	T_EQ(ask("callcallcallcall", "call", "{\"disconnect\":\"*\"}"), 400);
	T_EQ(ask("joinjoinjoinjoin", "join", "{\"leave\":\"red\",\"who\":\"*\"}"), 400);
	T_EQ(ask("acl-acl-acl-acl-", "acl", "{\"value\":\"k\",\"set\":1}"), 400);
	T_STR(kit_read(&kit, 0, sid), "");
	T_EQ(ask("all-all-all-all-", "value", "{\"key\":\"k\"}"), 200);
	T_SLICE(answer(), "{\"value\":null}");
	world_end();
}

static void
a_batch_has_the_effects_that_its_token_may(void)
{
	char sid[24];

	world();
	kit_connect(&kit, 0, sid);
	T_EQ(ask("emitemitemitemit", "batch", "{\"effects\":[{\"disconnect\":\"*\"}]}"),
	    403);
	T_STR(kit_read(&kit, 0, sid), "");
	T_EQ(ask("emitemitemitemit", "batch", "{\"effects\":[{\"emit\":\"hi\"}]}"), 200);
	T_OK(hears(sid, "hi"));
	T_EQ(ask("joinjoinjoinjoin", "join", "{\"room\":\"red\",\"who\":\"*\"}"), 200);
	T_EQ(ask("all-all-all-all-", "batch", "{\"effects\":[{\"disconnect\":\"*\"}]}"),
	    200);
	T_STR(kit_read(&kit, 0, sid), "41");
	world_end();
}

static void
a_right_token_passes_however_many_wrong_ones_came_before_it(void)
{
	int64_t counts[TALLY__COUNT];
	int i;

	world();
	for (i = 0; i < 30; i++)
		T_EQ(ask("not a token of ours", "count", "{}"), i < 10 ? 401 : 429);
	T_EQ(ask("all-all-all-all-", "count", "{}"), 200);
	T_EQ(ask("emitemitemitemit", "count", "{}"), 403);
	store_tallies(kit.store, counts);
	T_EQ(counts[TALLY_API_TOKEN], 30);
	T_EQ(counts[TALLY_API_RIGHTS], 1);
	world_end();
}

/* For a sanitizer: what was answered is not looked at again. */
static void
a_refusal_is_the_end_of_a_call(void)
{
	world();
	T_EQ(ask("nobodys", "emit", "{\"event\":\"x\"}"), 401);
	T_EQ(ask("emitemitemitemit", "nothing", "{}"), 404);
	T_EQ(ask("emitemitemitemit", "emit", "[]"), 400);
	T_EQ(ask("emitemitemitemit", "emit", "{\"event\":\"x\",\"nsp\":\"x\"}"), 400);
	T_EQ(ask("emitemitemitemit", "emit", "{\"event\":\"x\",\"to\":\"\"}"), 400);
	world_end();
}

/* ---- the one who asked goes away --------------------------------------------------- */

static const struct store_driver *real;
static struct store_driver stalling;

static enum rc
commit_stalls(struct store *store, struct turn *turn)
{
	(void)store;
	(void)turn;
	return RC_AGAIN;
}

static void
what_was_decided_is_done_though_who_asked_has_gone(void)
{
	world();
	real = kit.store->driver;
	stalling = *real;
	stalling.commit = commit_stalls;
	kit.store->driver = &stalling;
	T_EQ(ask("all-all-all-all-", "value", "{\"key\":\"a key that is long enough\","
	    "\"set\":\"a value that is long enough\"}"), 0);
	http_cancel(gateway, &exchange);
	http_finish(gateway, &exchange);
	kit.store->driver = real;
	kit_settle(&kit);
	T_EQ(ask("all-all-all-all-", "value", "{\"key\":\"a key that is long enough\"}"),
	    200);
	T_SLICE(answer(), "{\"value\":\"a value that is long enough\"}");
	world_end();
}

int
main(void)
{
	T_RUN(a_verb_has_no_effect_but_its_own);
	T_RUN(a_batch_has_the_effects_that_its_token_may);
	T_RUN(a_right_token_passes_however_many_wrong_ones_came_before_it);
	T_RUN(a_refusal_is_the_end_of_a_call);
	T_RUN(what_was_decided_is_done_though_who_asked_has_gone);
	return t_end();
}
