/*
 * http_route_test.c - targets and queries, as fronts and clients write them
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "http/query.h"
#include "http/route.h"
#include "tests/t.h"

static struct buf scratch;

static struct route_found
find(const char *target, const char *script)
{
	static const struct slice resources[] = {
		{ "socket.io", 9 }, { "app/rt", 6 } };
	struct route_found found;

	buf_reset(&scratch);
	route_find(resources, 2, slice_str(target), slice_str(script), &scratch,
	    &found);
	return found;
}

static const struct {
	const char *target, *script;
	enum route route;
} targets[] = {
	{ "/socket.io/?EIO=4", NULL, ROUTE_ENGINE },
	{ "/socket.io?EIO=4", NULL, ROUTE_ENGINE },
	{ "/socket.io", "/socket.io", ROUTE_ENGINE },
	{ "/a/b/socket.io/?x=/socket.io/1/", "/a/b/gw.fcgi", ROUTE_ENGINE },
	{ "//a//socket.io/", NULL, ROUTE_ENGINE },
	{ "http://example.com:81/socket.io/?x", NULL, ROUTE_ENGINE },
	{ "http://example.com", NULL, ROUTE_NONE },
	{ "/socket%2Eio/", NULL, ROUTE_ENGINE },
	{ "/socket%252Eio/", NULL, ROUTE_NONE },
	{ "/a%2Fsocket.io/", NULL, ROUTE_NONE },
	{ "/socket.io%2F", NULL, ROUTE_NONE },
	{ "/app/rt/", NULL, ROUTE_ENGINE },
	{ "/x/app/rt", NULL, ROUTE_ENGINE },
	{ "/rt/", NULL, ROUTE_NONE },
	{ "/app/", NULL, ROUTE_NONE },
	{ "/socket.io//", NULL, ROUTE_NONE },
	{ "/socket.io/other", NULL, ROUTE_NONE },
	{ "/cgi-bin/gw.cgi/?EIO=4", "/cgi-bin/gw.cgi", ROUTE_ENGINE },
	{ "/gw.fcgi?EIO=4", "/gw.fcgi", ROUTE_ENGINE },
	{ "/chat/?EIO=4", "/chat", ROUTE_NONE },
	{ "/socket.io/1/?t=1", NULL, ROUTE_OLD },
	{ "/socket.io/1", NULL, ROUTE_OLD },
	{ "/socket.io/2/xhr-polling/abc", NULL, ROUTE_OLD },
	{ "/socket.io/xhr-polling//1300000000001", NULL, ROUTE_OLD },
	{ "/socket.io/flashsocket", NULL, ROUTE_OLD },
	{ "/socket.io/socket.io.js", NULL, ROUTE_CLIENT },
	{ "/socket.io/socket.io.min.js?v=1", NULL, ROUTE_CLIENT },
	{ "/socket.io/socket.io.esm.min.js.map", NULL, ROUTE_CLIENT },
	{ "/socket.io/socket.io.msgpack.min.js", NULL, ROUTE_CLIENT },
	{ "/socket.io/socket.io.v0.9.11.js", NULL, ROUTE_CLIENT },
	{ "/socket.io/4.8.4/socket.io.js", NULL, ROUTE_CLIENT },
	{ "/socket.io/4.8.4/LICENSE", NULL, ROUTE_CLIENT },
	{ "/socket.io/socket.io+websocket.v0.9.17.js", NULL, ROUTE_CLIENT },
	{ "/socket.io/../socket.io.js", NULL, ROUTE_NONE },
	{ "/socket.io/..%2Fsocket.io.js", NULL, ROUTE_NONE },
	{ "/socket.io/%2e%2e/socket.io.js", NULL, ROUTE_NONE },
	{ "/socket.io/socket.io.js%00.map", NULL, ROUTE_NONE },
	{ "/socket.io/a/b/socket.io.js", NULL, ROUTE_NONE },
	{ "/socket.io/siogate.conf", NULL, ROUTE_NONE },
	{ "/", NULL, ROUTE_NONE },
	{ "", NULL, ROUTE_NONE },
	{ "*", NULL, ROUTE_NONE },
	{ "http:", NULL, ROUTE_NONE },
	{ "http:/", NULL, ROUTE_NONE },
	{ "socket.io/", NULL, ROUTE_NONE },
};

static void
every_target_finds_its_route(void)
{
	size_t i;

	for (i = 0; i < N_ELEMENTS(targets); i++)
		if (find(targets[i].target, targets[i].script).route !=
		    targets[i].route)
			T_FAIL("%s is not %d", targets[i].target,
			    targets[i].route);
}

static void
a_path_of_too_many_segments_is_nothing(void)
{
	char target[600] = "";
	int i;

	for (i = 0; i < 200; i++)
		strcat(target, "/a");
	strcat(target, "/socket.io/");
	T_EQ(find(target, NULL).route, ROUTE_NONE);
}

static void
version_and_file_of_a_client_are_told(void)
{
	struct route_found found = find("/socket.io/4.8.4/socket.io%2emin.js", NULL);

	T_SLICE(found.version, "4.8.4");
	T_SLICE(found.file, "socket.io.min.js");
	found = find("/socket.io/socket.io.js", NULL);
	T_OK(found.version.p == NULL);
}

static void
the_query_is_what_follows_the_first_question_mark(void)
{
	T_SLICE(find("/socket.io/?a=?b", NULL).query, "a=?b");
	T_SLICE(find("/socket.io/?", NULL).query, "");
	T_OK(find("/socket.io/", NULL).query.p == NULL);
}

static void
parameters_are_decoded_once(void)
{
	struct query q;

	buf_reset(&scratch);
	query_read(SLICE("EIO=4&transport=pol%6cing&sid=a%2520b&t=a+b&j=%zz&%6Bey"
	    "=%"), &scratch, &q);
	T_SLICE(q.eio, "4");
	T_SLICE(q.transport, "polling");
	T_SLICE(q.sid, "a%20b");
	T_SLICE(q.t, "a b");
	T_SLICE(q.j, "%zz");
	T_SLICE(q.key, "%");
}

static void
of_repeated_parameters_the_first_counts(void)
{
	struct query q;

	buf_reset(&scratch);
	query_read(SLICE("&sid=1&sid=2&=3&EIO&transport&&"), &scratch, &q);
	T_SLICE(q.sid, "1");
	T_SLICE(q.eio, "");
	T_OK(q.eio.p != NULL && q.t.p == NULL);
}

static void
without_a_query_there_are_no_parameters(void)
{
	struct query q;

	buf_reset(&scratch);
	query_read(SLICE_NONE, &scratch, &q);
	T_OK(q.eio.p == NULL && q.sid.p == NULL && q.key.p == NULL);
}

int
main(void)
{
	T_RUN(every_target_finds_its_route);
	T_RUN(a_path_of_too_many_segments_is_nothing);
	T_RUN(version_and_file_of_a_client_are_told);
	T_RUN(the_query_is_what_follows_the_first_question_mark);
	T_RUN(parameters_are_decoded_once);
	T_RUN(of_repeated_parameters_the_first_counts);
	T_RUN(without_a_query_there_are_no_parameters);
	buf_free(&scratch);
	return t_end();
}
