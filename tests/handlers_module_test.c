/*
 * handlers_module_test.c - modules as files: found, refused, loaded, contained
 *
 * Runs where it was built: the modules lie in .libs beside it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/conf.h"
#include "handlers/handlers.h"
#include "handlers/modules.h"
#include "handlers/offered.h"
#include "tests/handlers_fake.h"
#include "tests/t.h"

static const char in_tests[] = "tests/modules/.libs";

static struct arena arena = ARENA_INIT;
static struct conf *conf;
static struct handlers *handlers;
static struct effects effects;
static struct app_call call;
static char *error;

static void
fresh(void)
{
	fake_reset();
	arena_reset(&arena);
	handlers_free(&handlers);
	conf_free(&conf);
	free(error);
	error = NULL;
	call = (struct app_call){ .kind = APP_EVENT, .store = &fake.store,
	    .arena = &arena, .nsp = SLICE("/"), .args = SLICE("[]"), .socket = 7,
	    .id = SLICE("own"), .wants_ack = true };
}

/* dir is relative to the build folder. */
static enum rc
begin(const char *dir, const char *modules, const char *more)
{
	char path[] = "/tmp/siogate-module-XXXXXX", cwd[4096], *text;
	int fd = mkstemp(path);
	enum rc rc;

	fresh();
	T_OK(fd != -1 && getcwd(cwd, sizeof(cwd)) != NULL);
	text = mem_printf("module_dir = %s/%s\nmodules = %s\n%s", cwd, dir, modules, more);
	T_OK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	free(text);
	close(fd);
	rc = conf_load(path, &conf, &error);
	unlink(path);
	if (rc != RC_OK)
		T_FAIL("the configuration cannot be read: %s", error);
	return handlers_new(conf, &handlers, &error);
}

static enum rc
ask(const char *nsp, const char *event, const char *args)
{
	const struct app *app = handlers_app(handlers);

	call.nsp = slice_str(nsp);
	call.name = slice_str(event);
	call.args = slice_str(args);
	return app->call(app->arg, &call, &effects);
}

static enum rc
enter(const char *nsp, const char *auth)
{
	enum rc rc;

	call.kind = APP_CONNECT;
	call.auth = slice_str(auth);
	rc = ask(nsp, "", "[]");
	call.kind = APP_EVENT;
	return rc;
}

static bool
is_loaded(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);

	if (handle != NULL)
		dlclose(handle);
	return handle != NULL;
}

#define T_SAYS(text)                                                    \
	do {                                                            \
		if (error == NULL || strstr(error, text) == NULL)       \
			T_FAIL("'%s' is not in '%s'", text,             \
			    error == NULL ? "(nothing)" : error);       \
	} while (0)

/* ---- finding and loading ---------------------------------------------------------- */

static void
the_root_namespace_is_there_without_any_module(void)
{
	T_EQ(begin("examples", "", ""), RC_OK);
	T_EQ(enter("/", "{}"), RC_OK);
	T_EQ(effects.n, 0);
	T_EQ(ask("/", "x", "[]"), RC_NONE);
	T_EQ(enter("/other", "{}"), RC_GONE);
}

static void
nothing_is_loaded_before_the_first_call(void)
{
	T_EQ(begin(in_tests, "faulty", ""), RC_OK);
	T_OK(!is_loaded("tests/modules/.libs/faulty.so"));
	T_EQ(ask("/faulty", "fine", "[1]"), RC_OK);
	T_OK(is_loaded("tests/modules/.libs/faulty.so"));
}

static void
a_module_that_is_compiled_in_needs_no_file(void)
{
	const char *name;

	if (builtin_modules_count == 0)
		T_SKIP("configured without --with-modules");
	name = builtin_modules[0].name;
	T_EQ(begin("nowhere", name, ""), RC_OK);
	T_EQ(handlers_load(handlers, &error), RC_OK);
	T_EQ(enter(builtin_modules[0].module->nsp, "{}"), RC_OK);
}

static void
a_module_that_is_not_there_is_told_at_the_start(void)
{
	T_EQ(begin("examples", "echo nothing", ""), RC_BAD_INPUT);
	T_SAYS("there is no module 'nothing'");
	T_SAYS("examples/nothing.so");
	T_SAYS(":2: ");
	T_EQ(begin("examples", "../echo", ""), RC_BAD_INPUT);
	T_SAYS("no path");
}

static void
refuses(const char *name, const char *why)
{
	T_EQ(begin(in_tests, name, ""), RC_OK);
	T_EQ(handlers_load(handlers, &error), RC_BAD_INPUT);
	T_SAYS(name);
	T_SAYS(why);
	T_EQ(ask("/", "x", "[]"), RC_BAD_INPUT);
}

static void
a_module_of_another_abi_is_refused(void)
{
	refuses("refused_abi", "built for another siogate (ABI 2");
	refuses("refused_size", "built for another siogate (ABI 1");
}

static void
a_library_that_is_no_module_is_refused(void)
{
	refuses("refused_symbol", "no symbol siogate_module");
}

static void
a_module_that_needs_a_newer_function_is_refused(void)
{
	refuses("refused_function", "sio_from_the_future");
}

static void
a_module_with_a_bad_namespace_is_refused(void)
{
	refuses("refused_namespace", "must begin with '/'");
}

static void
an_unknown_section_is_refused(void)
{
	T_EQ(begin("examples", "", "[realy /chat]\n"), RC_BAD_INPUT);
	T_SAYS(":3: there is no section [realy]");
	T_EQ(begin("examples", "", "[relay /chat]\nrate = x\n"), RC_BAD_INPUT);
	T_SAYS(":4: rate = x");
}

/* ---- the example ------------------------------------------------------------------------ */

static void
echo_acks_with_its_own_arguments(void)
{
	T_EQ(begin("examples", "echo", ""), RC_OK);
	call.attachments = SLICE("\1\0\0\0x");
	T_EQ(ask("/", "echo", "[1,{\"_placeholder\":true,\"num\":0}]"), RC_OK);
	T_EQ(effects.n, 1);
	T_EQ(effects.first->kind, EFFECT_ACK);
	T_SLICE(effects.first->data, "[1,{\"_placeholder\":true,\"num\":0}]");
	T_EQ(pack_count(effects.first->attachments), 1);
	T_EQ(ask("/echo-42", "echo", "[]"), RC_OK);
	T_EQ(enter("/chat", "{}"), RC_GONE);
	T_EQ(ask("/", "unheard", "[]"), RC_NONE);
}

static void
echo_broadcasts_to_all_and_to_rooms(void)
{
	T_EQ(begin("examples", "echo", ""), RC_OK);
	T_EQ(ask("/", "broadcast", "[\"a\",2]"), RC_OK);
	T_EQ(effects.n, 2);
	T_SLICE(effects.first->name, "broadcast");
	T_SLICE(effects.first->data, "[\"a\",2]");
	T_OK(effects.first->who.rooms.p == NULL && effects.first->who.except.p == NULL);
	T_EQ(ask("/", "join", "[\"tea room\"]"), RC_OK);
	T_OK(effects.first->kind == EFFECT_JOIN && effects.first->self);
	T_SLICE(effects.last->data, "[\"tea room\"]");
	T_EQ(ask("/", "to", "[\"tea room\",\"said\",1,2]"), RC_OK);
	T_SLICE(packed_at(effects.first->who.rooms, 0), "tea room");
	T_SLICE(effects.first->name, "said");
	T_SLICE(effects.first->data, "[1,2]");
	T_EQ(ask("/", "leave", "[\"tea room\"]"), RC_OK);
	T_EQ(effects.first->kind, EFFECT_LEAVE);
	T_EQ(ask("/", "join", "[]"), RC_OK);
	T_SLICE(effects.first->data, "[null]");
}

static void
the_skeleton_counts_votes(void)
{
	T_EQ(begin("examples/skeleton/.libs", "poll", ""), RC_OK);
	fake_socket(7, "own", NULL, NULL, "tea")->row.nsp = SLICE("/poll");
	T_EQ(enter("/poll", "{\"robot\":1}"), RC_OK);
	T_EQ(effects.first->kind, EFFECT_REFUSE);
	T_EQ(enter("/poll", "{}"), RC_OK);
	T_SLICE(effects.first->data, "[{\"tea\":1,\"coffee\":0}]");
	T_EQ(ask("/poll", "vote", "[\"tea\"]"), RC_OK);
	T_SLICE(effect_at(&effects, 0)->data, "{\"vote\":\"tea\"}");
	T_SLICE(effect_at(&effects, 1)->name, "tea");
	T_SLICE(effect_at(&effects, 2)->data, "[{\"ok\":true}]");
	T_EQ(effect_at(&effects, 3)->kind, EFFECT_TIMER);
	call.data = SLICE("{\"vote\":\"tea\"}");
	T_EQ(ask("/poll", "vote", "[\"coffee\"]"), RC_OK);
	T_SLICE(effects.first->data, "[{\"ok\":false,\"error\":\"you have voted\"}]");
}

/* ---- who is asked ------------------------------------------------------------------------- */

static void
all_modules_of_a_namespace_are_asked_about_a_connect(void)
{
	T_EQ(begin(in_tests, "faulty", "[relay /echo-g*]\nsubscribe = *\n"), RC_OK);
	T_EQ(enter("/echo-g1", "{\"name\":\"anna\"}"), RC_OK);
	T_EQ(effects.n, 1);
	T_SLICE(effects.first->data, "{\"name\":\"anna\"}");
	T_EQ(enter("/echo-g1", "{}"), RC_OK);
	T_EQ(effects.last->kind, EFFECT_REFUSE);
	T_SLICE(effects.last->name, "who are you?");
}

static void
a_relay_rule_is_asked_before_a_catch_all(void)
{
	T_EQ(begin(in_tests, "faulty", "[relay /echo-g*]\nsubscribe = a*\n"), RC_OK);
	T_EQ(ask("/echo-g1", "subscribe", "[\"ab\"]"), RC_OK);
	T_EQ(effects.first->kind, EFFECT_JOIN);
	T_EQ(ask("/echo-g1", "anything", "[\"ab\"]"), RC_OK);
	T_EQ(effects.first->kind, EFFECT_ACK);
}

static void
a_function_that_fails_leaves_no_effect(void)
{
	T_EQ(begin(in_tests, "faulty", ""), RC_OK);
	T_EQ(ask("/faulty", "fail", "[]"), RC_BAD_INPUT);
	T_EQ(effects.n, 0);
	T_EQ(ask("/hooked", "fail", "[]"), RC_OK);
	T_EQ(effects.n, 1);
	T_SLICE(effects.first->data, "[{\"error\":\"returned 1\"}]");
}

/* ---- what goes wrong stays in its process ---------------------------------------------------- */

/* Runs the event in a child; what it wrote to stderr is in said. */
static int
in_child(const char *event, char said[2048])
{
	int pipes[2], status;
	ssize_t n, have = 0;
	pid_t pid;

	T_EQ(pipe(pipes), 0);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		ask("/faulty", event, "[]");
		_exit(0);
	}
	close(pipes[1]);
	while ((n = read(pipes[0], said + have, (size_t)(2047 - have))) > 0)
		have += n;
	said[have] = '\0';
	close(pipes[0]);
	T_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

static void
a_function_that_loops_ends_its_process_and_is_named(void)
{
	char said[2048];
	int status;

	T_EQ(begin(in_tests, "faulty", "handler_time = 100ms\n"), RC_OK);
	status = in_child("loop", said);
	T_OK(WIFEXITED(status));
	T_EQ(WEXITSTATUS(status), 70);
	T_OK(strstr(said, "module=faulty event=loop err=\"ran past handler_time") != NULL);
}

static void
a_function_that_aborts_ends_its_process_and_is_named(void)
{
	char said[2048];
	int status;

	T_EQ(begin(in_tests, "faulty", ""), RC_OK);
	status = in_child("abort", said);
	T_OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	T_OK(strstr(said, "module=faulty event=abort") != NULL);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The child stops inside of the call, and goes on when that is over its time. */
static void
a_process_that_stood_still_is_not_a_function_that_loops(void)
{
	const struct timespec tick = { 0, 10000000 };
	int64_t until;
	int status;
	pid_t pid;

	T_EQ(begin(in_tests, "faulty", "handler_time = 100ms\n"), RC_OK);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		ask("/faulty", "stop", "[]");
		_exit(0);
	}
	T_EQ(waitpid(pid, &status, WUNTRACED), pid);
	T_OK(WIFSTOPPED(status));
	for (until = now_ms() + 150; now_ms() < until; )
		nanosleep(&tick, NULL);
	T_EQ(kill(pid, SIGCONT), 0);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_OK(WIFEXITED(status));
	T_EQ(WEXITSTATUS(status), 0);
}

static void
many_short_calls_are_not_one_long_call(void)
{
	int64_t until;

	T_EQ(begin(in_tests, "faulty", "handler_time = 100ms\n"), RC_OK);
	for (until = now_ms() + 300; now_ms() < until; ) {
		T_EQ(ask("/faulty", "fine", "[]"), RC_OK);
		arena_reset(&arena);
	}
}

/* ---- what modules may call --------------------------------------------------------------------- */

static bool
is_offered(const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < offered_count; i++)
		if (strlen(offered[i].name) == n && memcmp(offered[i].name, name, n) == 0)
			return dlsym(RTLD_DEFAULT, offered[i].name) ==
			    (void *)offered[i].fn;
	return false;
}

/* Declarations stand at the beginning of a line of the header, up to '('. */
static void
every_function_of_the_header_is_offered(void)
{
	const char *srcdir = getenv("srcdir");
	char *path = mem_printf("%s/handlers/siogate.h", srcdir == NULL ? "." : srcdir);
	FILE *f = fopen(path, "r");
	char line[256], *name, *end;
	size_t n = 0;

	free(path);
	if (f == NULL)
		T_SKIP("the header is not where srcdir says");
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strchr("/* #\t\n", line[0]) != NULL || strncmp(line, "typedef", 7) == 0 ||
		    (name = strstr(line, "sio_")) == NULL ||
		    (end = strchr(name, '(')) == NULL ||
		    strspn(name, "abcdefghijklmnopqrstuvwxyz_") != (size_t)(end - name))
			continue;
		n++;
		if (!is_offered(name, (size_t)(end - name)))
			T_FAIL("%.*s is not in offered.c", (int)(end - name), name);
	}
	fclose(f);
	T_EQ(n, offered_count);
}

int
main(void)
{
	T_RUN(the_root_namespace_is_there_without_any_module);
	T_RUN(nothing_is_loaded_before_the_first_call);
	T_RUN(a_module_that_is_compiled_in_needs_no_file);
	T_RUN(a_module_that_is_not_there_is_told_at_the_start);
	T_RUN(a_module_of_another_abi_is_refused);
	T_RUN(a_library_that_is_no_module_is_refused);
	T_RUN(a_module_that_needs_a_newer_function_is_refused);
	T_RUN(a_module_with_a_bad_namespace_is_refused);
	T_RUN(an_unknown_section_is_refused);
	T_RUN(echo_acks_with_its_own_arguments);
	T_RUN(echo_broadcasts_to_all_and_to_rooms);
	T_RUN(the_skeleton_counts_votes);
	T_RUN(all_modules_of_a_namespace_are_asked_about_a_connect);
	T_RUN(a_relay_rule_is_asked_before_a_catch_all);
	T_RUN(a_function_that_fails_leaves_no_effect);
	T_RUN(a_function_that_loops_ends_its_process_and_is_named);
	T_RUN(a_function_that_aborts_ends_its_process_and_is_named);
	T_RUN(a_process_that_stood_still_is_not_a_function_that_loops);
	T_RUN(many_short_calls_are_not_one_long_call);
	T_RUN(every_function_of_the_header_is_offered);
	fresh();
	arena_free(&arena);
	return t_end();
}
