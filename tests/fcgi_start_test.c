/*
 * fcgi_start_test.c - siogate.fcgi finds out how it was started, and what is wrong
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/t.h"
#include "base/clock.h"
#include "store/store.h"
#include "tests/fcgi_responder.h"

#define POLLING "/socket.io/?EIO=4&transport=polling"
#define LINES "max_payload = 1m\n"

static struct fcgi_answer got;
static struct buf output;
static char sid[32];

/* ---- plain CGI ------------------------------------------------------------------ */

struct cgi {
	pid_t pid;
	int in, out;            /* our ends */
};

static const char *argument;    /* what the web server passes, or NULL */

/* env: "NAME=VALUE" pieces between newlines. */
static struct cgi
cgi_start(const char *env)
{
	const char *const argv[] = { "siogate.cgi", argument, NULL };
	struct slice rest = slice_str(env), line, name;
	char value[512], key[64];
	int in[2], out[2];
	struct cgi cgi;

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		T_FAIL("pipe");
	clearenv();
	setenv("GATEWAY_INTERFACE", "CGI/1.1", 1);
	setenv("SIOGATE_CONF", responder_conf, 1);
	setenv("HTTP_HOST", "localhost", 1);
	while (slice_cut(&rest, '\n', &line) && slice_cut(&line, '=', &name)) {
		snprintf(key, sizeof(key), "%.*s", SLICE_ARGS(name));
		snprintf(value, sizeof(value), "%.*s", SLICE_ARGS(line));
		setenv(key, value, 1);
	}
	cgi.pid = responder_spawn(argv, in[0], out[1]);
	clearenv();
	close(in[0]);
	close(out[1]);
	cgi.in = in[1];
	cgi.out = out[0];
	return cgi;
}

/* Reads to its end; the exit status. */
static int
cgi_end(struct cgi *cgi)
{
	ssize_t n;

	buf_reset(&output);
	if (cgi->in != -1)
		close(cgi->in);
	do {
		buf_reserve(&output, 65537);
		n = read(cgi->out, output.p + output.n, 65536);
		output.n += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	output.p[output.n] = '\0';
	close(cgi->out);
	return responder_wait(cgi->pid);
}

static struct slice
cgi_body(void)
{
	const char *end = strstr(output.p, "\r\n\r\n");

	return end == NULL ? SLICE_NONE :
	    slice_skip(buf_slice(&output), (size_t)(end + 4 - output.p));
}

static void
cgi_greet(void)
{
	struct cgi cgi = cgi_start("REQUEST_METHOD=GET\nREQUEST_URI=" POLLING);
	struct slice body;

	T_EQ(cgi_end(&cgi), 0);
	T_OK(slice_starts(buf_slice(&output), SLICE("Status: 200 OK\r\n")));
	body = cgi_body();
	T_OK(slice_starts(body, SLICE("0{\"sid\":\"")));
	snprintf(sid, sizeof(sid), "%.20s", body.p + 9);
}

static char *
cgi_env(const char *method, int t, const char *more)
{
	static char env[512];

	snprintf(env, sizeof(env), "REQUEST_METHOD=%s\nREQUEST_URI=" POLLING
	    "&t=t%d&sid=%s%s", method, t, sid, more);
	return env;
}

static void
as_cgi_it_serves_one_request(void)
{
	cgi_greet();
}

/* /socket.io/?--version: Apache makes arguments of a query without "=". */
static void
as_cgi_it_takes_no_orders_from_a_query(void)
{
	struct cgi cgi;

	argument = "--version";
	cgi = cgi_start("REQUEST_METHOD=GET\nQUERY_STRING=--version\n"
	    "REQUEST_URI=/socket.io/?--version");
	argument = NULL;
	T_EQ(cgi_end(&cgi), 0);
	T_OK(slice_starts(buf_slice(&output), SLICE("Status: ")));
}

static void
as_cgi_it_reads_a_body_of_known_length_and_no_more(void)
{
	struct cgi cgi;

	cgi_greet();
	cgi = cgi_start(cgi_env("POST", 1, "\nCONTENT_LENGTH=2"));
	T_EQ(write(cgi.in, "40trailing", 10), 10);
	T_EQ(cgi_end(&cgi), 0);
	T_SLICE(cgi_body(), "ok");
	cgi = cgi_start(cgi_env("GET", 2, ""));
	T_EQ(cgi_end(&cgi), 0);
	T_OK(slice_starts(cgi_body(), SLICE("40{\"sid\":\"")));
}

static void
as_cgi_it_reads_a_chunked_body_to_its_end(void)
{
	struct cgi cgi;

	cgi_greet();
	cgi = cgi_start(cgi_env("POST", 1,
	    "\nHTTP_TRANSFER_ENCODING=chunked\nCONTENT_LENGTH="));
	T_EQ(write(cgi.in, "4", 1), 1);
	T_EQ(write(cgi.in, "0", 1), 1);
	T_EQ(cgi_end(&cgi), 0);
	T_SLICE(cgi_body(), "ok");
}

static struct store_stats
look_in_store(void)
{
	char *path = mem_printf("%s/store", responder_dir), *error = NULL;
	struct store_conf conf = { .driver = "sqlite", .path = path,
	    .journal = "wal", .synchronous = "normal" };
	struct store_stats stats = { .tasks = -1, .claims = -1 };
	struct store *store;

	T_EQ(store_open(&conf, &clock_system, &store, &error), RC_OK);
	T_EQ(store_stats(store, &stats), RC_OK);
	store_close(&store);
	free(path);
	return stats;
}

/* Else they wait for the next second of some process that holds a poll. */
static void
as_cgi_it_does_what_it_has_caused(void)
{
	struct cgi cgi;

	cgi_greet();
	cgi = cgi_start(cgi_env("POST", 1, "\nCONTENT_LENGTH=2"));
	T_EQ(write(cgi.in, "40", 2), 2);
	T_EQ(cgi_end(&cgi), 0);
	cgi = cgi_start(cgi_env("POST", 2, "\nCONTENT_LENGTH=2"));
	T_EQ(write(cgi.in, "41", 2), 2);
	T_EQ(cgi_end(&cgi), 0);
	T_SLICE(cgi_body(), "ok");
	T_EQ(look_in_store().tasks, 0);
}

static void
as_cgi_it_refuses_a_body_past_the_limit(void)
{
	static char body[100000];
	struct cgi cgi;
	int i;

	cgi_greet();
	cgi = cgi_start(cgi_env("POST", 1, "\nCONTENT_LENGTH=1500000"));
	for (i = 0; i < 15; i++)
		T_EQ(write(cgi.in, body, sizeof(body)), sizeof(body));
	T_EQ(cgi_end(&cgi), 0);
	T_OK(slice_starts(buf_slice(&output), SLICE("Status: 413 ")));
}

static void
as_cgi_a_poll_is_held_and_sigterm_answers_it(void)
{
	struct cgi cgi;
	int tries;

	cgi_greet();
	cgi = cgi_start(cgi_env("GET", 1, ""));
	for (tries = 0; tries < 12000 && look_in_store().claims != 1; tries++)
		usleep(5000);   /* nobody tells when a poll is held */
	kill(cgi.pid, SIGTERM);
	T_EQ(cgi_end(&cgi), 0);
	T_SLICE(cgi_body(), "6");
}

static void
as_cgi_a_poll_is_woken_by_another_process(void)
{
	struct cgi waiting, post;

	cgi_greet();
	waiting = cgi_start(cgi_env("GET", 1, ""));
	post = cgi_start(cgi_env("POST", 2, "\nCONTENT_LENGTH=2"));
	T_EQ(write(post.in, "40", 2), 2);
	T_EQ(cgi_end(&post), 0);
	T_SLICE(cgi_body(), "ok");
	T_EQ(cgi_end(&waiting), 0);
	T_OK(slice_starts(cgi_body(), SLICE("40{\"sid\":\"")));
}

static void
as_cgi_it_leaves_when_nobody_reads(void)
{
	struct cgi cgi;

	cgi_greet();
	cgi = cgi_start(cgi_env("GET", 1, ""));
	close(cgi.out);
	close(cgi.in);
	T_OK(responder_wait(cgi.pid) <= 1);
}

/* ---- other ways ------------------------------------------------------------------- */

static void
with_a_listening_descriptor_0_it_is_a_fastcgi_child(void)
{
	const char *const argv[] = { "siogate.fcgi", "--config", responder_conf,
	    NULL };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	strcpy(address.sun_path, responder_socket);
	T_EQ(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	T_EQ(listen(fd, 100), 0);
	pid = responder_spawn(argv, fd, -1);
	T_EQ(fcgi_ask(responder_socket, "GET", POLLING, SLICE_NONE, &got), 200);
	kill(pid, SIGINT);
	T_EQ(responder_wait(pid), 0);
	close(fd);
	unlink(responder_socket);
}

static void
the_option_listen_makes_it_a_responder(void)
{
	const char *const argv[] = { "siogate.fcgi", "--config", responder_conf,
	    NULL };
	char *more = mem_printf("listen = %s\n", responder_socket);
	pid_t pid;
	int fd;

	responder_configure(more);
	free(more);
	pid = responder_spawn(argv, -1, -1);
	while ((fd = fcgi_connect(responder_socket)) == -1)
		usleep(5000);
	close(fd);
	T_EQ(fcgi_ask(responder_socket, "GET", POLLING, SLICE_NONE, &got), 200);
	kill(pid, SIGTERM);
	T_EQ(responder_wait(pid), 0);
	responder_configure(LINES);
}

static int
run(const char *a, const char *b)
{
	const char *const argv[] = { "siogate.fcgi", "--config", responder_conf, a,
	    b, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int status = responder_wait(responder_spawn(argv, -1, null));

	close(null);
	return status;
}

static void
started_by_hand_it_says_how_to_start_it(void)
{
	T_EQ(run(NULL, NULL), 2);
	T_EQ(run("--help", NULL), 0);
	T_EQ(run("--version", NULL), 0);
	T_EQ(run("--nonsense", NULL), 2);
	T_EQ(run("--mode", "worldwide"), 2);
}

static void
a_socket_name_that_is_too_long_is_refused(void)
{
	char name[200];

	memset(name, 'a', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	T_EQ(run("--listen", name), 1);
}

/* ---- broken ------------------------------------------------------------------------ */

static void
log_holds_once(const char *text)
{
	struct buf log = BUF_INIT;
	FILE *f = fopen(responder_log, "r");
	const char *at;
	int times = 0;
	size_t n;

	T_OK(f != NULL);
	do {
		buf_reserve(&log, 4096);
		n = fread(log.p + log.n, 1, 4095, f);
		log.n += n;
	} while (n > 0);
	fclose(f);
	log.p[log.n] = '\0';
	for (at = log.p; (at = strstr(at, text)) != NULL; at++)
		times++;
	buf_free(&log);
	T_EQ(times, 1);
}

static void
becomes_healthy(void)
{
	int tries;

	for (tries = 0; tries < 600; tries++) {
		if (fcgi_ask(responder_socket, "GET", POLLING, SLICE_NONE, &got) ==
		    200)
			return;
		usleep(100000);         /* it looks again every two seconds */
	}
	T_FAIL("it did not recover");
}

static void
a_broken_configuration_is_503_until_it_is_mended(void)
{
	unlink(responder_log);
	responder_start("no_such_option = 1\n");
	T_EQ(fcgi_ask(responder_socket, "GET", POLLING, SLICE_NONE, &got), 503);
	T_SLICE(got.body, "siogate cannot serve: configuration\n");
	log_holds_once("no_such_option");
	responder_configure(LINES);
	becomes_healthy();
	log_holds_once("no_such_option");
	T_EQ(responder_stop(), 0);
}

static void
a_store_that_cannot_be_made_is_503_until_it_can(void)
{
	char *store = mem_printf("%s/store", responder_dir);
	char *aside = mem_printf("%s/aside", responder_dir);

	T_EQ(rename(store, aside), 0);
	text_write(store, "in the way");
	responder_start(LINES);
	T_EQ(fcgi_ask(responder_socket, "GET", POLLING, SLICE_NONE, &got), 503);
	T_SLICE(got.body, "siogate cannot serve: store\n");
	T_EQ(unlink(store), 0);
	T_EQ(rename(aside, store), 0);
	becomes_healthy();
	T_EQ(responder_stop(), 0);
	free(store);
	free(aside);
}

/* Else it would go on in files that nobody else can see. */
static void
a_store_that_is_removed_while_it_serves_is_made_anew(void)
{
	char *command = mem_printf("rm -rf '%s/store'", responder_dir);
	char *db = mem_printf("%s/store/store.db", responder_dir);
	int tries;

	unlink(responder_log);
	responder_start(LINES);
	T_EQ(fcgi_ask(responder_socket, "GET", POLLING, SLICE_NONE, &got), 200);
	T_EQ(system(command), 0);
	for (tries = 0; tries < 600 && access(db, F_OK) != 0; tries++) {
		fcgi_ask(responder_socket, "GET", POLLING, SLICE_NONE, &got);
		usleep(100000);         /* it looks once in a second */
	}
	T_EQ(access(db, F_OK), 0);
	log_holds_once("removed or replaced while it was open\"");
	becomes_healthy();
	T_EQ(responder_stop(), 0);
	free(command);
	free(db);
}

static void
a_store_below_the_document_root_is_refused_at_the_first_request(void)
{
	struct buf out = BUF_INIT, params = BUF_INIT;
	int fd;

	responder_start(LINES);
	fd = fcgi_connect(responder_socket);
	record_add(&out, 1, SLICE("\0\1\0\0\0\0\0\0"));
	param_add(&params, "REQUEST_METHOD", "GET");
	param_add(&params, "REQUEST_URI", POLLING);
	param_add(&params, "DOCUMENT_ROOT", responder_dir);
	record_add(&out, 4, buf_slice(&params));
	record_add(&out, 4, SLICE(""));
	record_add(&out, 5, SLICE(""));
	fcgi_send(fd, buf_slice(&out));
	T_OK(fcgi_receive(fd, &got));
	close(fd);
	buf_free(&out);
	buf_free(&params);
	T_EQ(got.status, 503);
	T_SLICE(got.body, "siogate cannot serve: configuration\n");
	T_EQ(fcgi_ask(responder_socket, "GET", POLLING, SLICE_NONE, &got), 503);
	T_EQ(responder_stop(), 0);
}

static void
a_module_that_cannot_be_loaded_is_503_from_the_first_request(void)
{
	char *module = mem_printf("%s/broken.so", responder_dir);
	char *lines = mem_printf("module_dir = %s\nmodules = broken\n", responder_dir);

	text_write(module, "no library");
	unlink(responder_log);
	responder_start(lines);
	T_EQ(fcgi_ask(responder_socket, "GET", POLLING, SLICE_NONE, &got), 503);
	T_SLICE(got.body, "siogate cannot serve: handlers\n");
	log_holds_once("module 'broken' cannot be loaded");
	responder_configure(LINES);
	becomes_healthy();
	T_EQ(responder_stop(), 0);
	free(module);
	free(lines);
}

static void
sigint_is_as_good_as_sigterm(void)
{
	responder_start(LINES);
	T_EQ(fcgi_ask(responder_socket, "GET", POLLING, SLICE_NONE, &got), 200);
	kill(responder_pid, SIGINT);
	T_EQ(responder_wait(responder_pid), 0);
	responder_pid = 0;
}

int
main(void)
{
	responder_init();
	responder_configure(LINES);
	signal(SIGPIPE, SIG_IGN);
	T_RUN(as_cgi_it_serves_one_request);
	T_RUN(as_cgi_it_takes_no_orders_from_a_query);
	T_RUN(as_cgi_it_reads_a_body_of_known_length_and_no_more);
	T_RUN(as_cgi_it_reads_a_chunked_body_to_its_end);
	T_RUN(as_cgi_it_does_what_it_has_caused);
	T_RUN(as_cgi_it_refuses_a_body_past_the_limit);
	T_RUN(as_cgi_a_poll_is_held_and_sigterm_answers_it);
	T_RUN(as_cgi_a_poll_is_woken_by_another_process);
	T_RUN(as_cgi_it_leaves_when_nobody_reads);
	T_RUN(with_a_listening_descriptor_0_it_is_a_fastcgi_child);
	T_RUN(the_option_listen_makes_it_a_responder);
	T_RUN(started_by_hand_it_says_how_to_start_it);
	T_RUN(a_socket_name_that_is_too_long_is_refused);
	T_RUN(a_broken_configuration_is_503_until_it_is_mended);
	T_RUN(a_store_that_cannot_be_made_is_503_until_it_can);
	T_RUN(a_store_that_is_removed_while_it_serves_is_made_anew);
	T_RUN(a_store_below_the_document_root_is_refused_at_the_first_request);
	T_RUN(a_module_that_cannot_be_loaded_is_503_from_the_first_request);
	T_RUN(sigint_is_as_good_as_sigterm);
	responder_stop();
	responder_fini();
	answer_free(&got);
	buf_free(&output);
	return t_end();
}
