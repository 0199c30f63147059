/*
 * ws_policy_test.c - what a Flash film asks, where and how it is answered
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/ws_server.h"

#define QUESTION "<policy-file-request/>"       /* and its NUL */
#define LINES "flash_policy = example.org:80,8081 *.example.net:8000-8100\n" \
	"flash_listen = 127.0.0.1:0\nflash_time = 4s\n"
#define POLICY "<?xml version=\"1.0\"?>\n" \
	"<!DOCTYPE cross-domain-policy SYSTEM " \
	"\"http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd\">\n" \
	"<cross-domain-policy>\n" \
	"<allow-access-from domain=\"example.org\" to-ports=\"80,8081\"/>\n" \
	"<allow-access-from domain=\"*.example.net\" to-ports=\"8000-8100\"/>\n" \
	"</cross-domain-policy>\n"
#define HEALTH "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"

static struct sockaddr_in http_address, policy_address;

/* The port that the kernel chose, from the log: it is listened on before ws_listen. */
static void
policy_find(void)
{
	char *path = mem_printf("%s/log", server_dir), line[512], *found;
	FILE *f = fopen(path, "r");
	unsigned port = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if ((found = strstr(line, "for=policy port=")) != NULL)
			port = (unsigned)strtoul(found + 16, NULL, 10);
	if (f != NULL)
		fclose(f);
	free(path);
	T_OK(port != 0);
	http_address = policy_address = server_address;
	policy_address.sin_port = htons((uint16_t)port);
}

static int
connect_to(const struct sockaddr_in *address)
{
	int fd;

	server_address = *address;
	fd = server_connect();
	server_address = http_address;
	T_OK(fd != -1);
	return fd;
}

/* All that comes up to the end. */
static void
hears(int fd, struct slice want)
{
	struct buf in = BUF_INIT;

	while (client_more(fd, &in))
		;
	T_EQ(in.n, want.n);
	T_OK(in.n != want.n || want.n == 0 || memcmp(in.p, want.p, want.n) == 0);
	buf_free(&in);
	close(fd);
}

#define HEARS_POLICY(fd)  hears(fd, slice_of(POLICY, sizeof(POLICY)))   /* NUL too */
#define HEARS_NOTHING(fd) hears(fd, SLICE(""))

static void
sends(int fd, const char *p, size_t n)
{
	T_OK(client_send(fd, slice_of(p, n)));
}

static void
a_film_is_answered_at_the_port_of_its_websocket_and_at_its_own(void)
{
	const struct sockaddr_in *const places[] = { &http_address, &policy_address };
	size_t i, j;
	int fd;

	for (i = 0; i < N_ELEMENTS(places); i++) {
		fd = connect_to(places[i]);
		sends(fd, QUESTION, sizeof(QUESTION));
		HEARS_POLICY(fd);
		fd = connect_to(places[i]);
		for (j = 0; j < sizeof(QUESTION); j++)
			sends(fd, &QUESTION[j], 1);
		HEARS_POLICY(fd);
		fd = connect_to(places[i]);     /* what is said behind it is read over */
		sends(fd, QUESTION "\0GET / HTTP/1.1\r\n\r\n", sizeof(QUESTION) + 18);
		HEARS_POLICY(fd);
	}
}

static void
half_a_question_or_none_ends_in_time(void)
{
	int half = connect_to(&http_address), one = connect_to(&policy_address);
	int silent = connect_to(&policy_address);

	sends(half, QUESTION, sizeof(QUESTION) - 1);
	sends(one, "<", 1);
	HEARS_NOTHING(half);
	HEARS_NOTHING(one);
	HEARS_NOTHING(silent);
}

static void
anything_else_ends_a_connection_to_its_own_port(void)
{
	static const char long_one[4096] = "<policy-file-request/ ";
	int fd = connect_to(&policy_address);

	sends(fd, "GET / HTTP/1.1\r\n\r\n", 18);
	HEARS_NOTHING(fd);
	fd = connect_to(&policy_address);
	sends(fd, long_one, sizeof(long_one));
	HEARS_NOTHING(fd);
}

static void
where_http_is_spoken_anything_else_is_no_http(void)
{
	struct fcgi_answer got = { .status = 0 };
	struct buf rest = BUF_INIT;
	int fd = connect_to(&http_address);

	SEND(fd, "<policy> HTTP/1.1\r\n\r\n");
	T_OK(client_receive(fd, &rest, &got, true));
	T_EQ(got.status, 501);
	close(fd);
	buf_free(&rest);
	fd = connect_to(&http_address);
	SEND(fd, HEALTH);
	T_OK(client_receive(fd, &rest, &got, true));
	T_EQ(got.status, 200);
	SEND(fd, QUESTION "\0\r\n\r\n"); /* not the first bytes of its connection */
	T_OK(client_receive(fd, &rest, &got, true));
	T_EQ(got.status, 501);
	close(fd);
	buf_free(&rest);
	answer_free(&got);
}

static void
nobody_is_answered_unless_it_is_configured(void)
{
	struct fcgi_answer got = { .status = 0 };
	struct buf rest = BUF_INIT;
	int fd;

	T_EQ(server_stop(), 0);
	server_start("");
	fd = connect_to(&http_address);
	SEND(fd, QUESTION "\0\r\n\r\n");
	T_OK(client_receive(fd, &rest, &got, true));
	T_EQ(got.status, 501);
	close(fd);
	buf_free(&rest);
	answer_free(&got);
}

static void
a_port_without_a_policy_does_not_start(void)
{
	char *conf = mem_printf("%s/siogate.conf", server_dir);
	char *text = mem_printf("store = %s/store\nlog = %s/log\nws_listen = 127.0.0.1:0\n"
	    "flash_listen = 127.0.0.1:0\n", server_dir, server_dir);
	const char *argv[] = { "siogate-ws", "--config", conf, NULL };

	T_EQ(server_stop(), 0);
	server_file("siogate.conf", text);
	T_EQ(server_wait(server_spawn(argv)), 1);
	free(text);
	free(conf);
}

int
main(void)
{
	server_init();
	server_start(LINES);
	policy_find();
	T_RUN(a_film_is_answered_at_the_port_of_its_websocket_and_at_its_own);
	T_RUN(half_a_question_or_none_ends_in_time);
	T_RUN(anything_else_ends_a_connection_to_its_own_port);
	T_RUN(where_http_is_spoken_anything_else_is_no_http);
	T_RUN(nobody_is_answered_unless_it_is_configured);
	T_RUN(a_port_without_a_policy_does_not_start);
	server_fini();
	return t_end();
}
