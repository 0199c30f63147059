/*
 * handlers_chat_test.c - the chat on three processes that know nothing of each
 * other, and nothing of a moment ago
 *
 * Real engines on a memory store, the module as it is loaded in production; each
 * request of a client goes to the next process.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <unistd.h>

#include "base/conf.h"
#include "base/mem.h"
#include "handlers/handlers.h"
#include "tests/session_kit.h"

static struct kit kit;
static struct conf *conf;
static struct handlers *handlers[KIT_PROCESSES];

/* As script/demo has them. */
#define RULES "[rooms /chat]\nnames = \"#*\"\npresence = 8s\nseen = 30d\nevent = none\n"

struct client {
	char sid[24];
	int id;                 /* of its last ack */
	char heard[20000];      /* all that came since it was looked at */
	char answer[8000];      /* the last ack's content */
};

static int
next_process(void)
{
	static int i;

	return i = (i + 1) % KIT_PROCESSES;
}

static void
start(int i)
{
	char *error = NULL;

	if (handlers_new(conf, &handlers[i], &error) != RC_OK)
		T_FAIL("%s", error);
	kit.engines[i] = engine_new(&kit.conf, kit.store, handlers_app(handlers[i]),
	    &kit.clock.clock);
}

static void
stop(int i)
{
	engine_free(&kit.engines[i]);
	handlers_free(&handlers[i]);
}

static void
begin(void)
{
	static bool has_begun;
	char cwd[4096], *dir, *error = NULL;
	int i;

	if (has_begun) {
		for (i = 0; i < KIT_PROCESSES; i++)
			handlers_free(&handlers[i]);
		kit_fini(&kit);
	} else {
		T_EQ(conf_load("/dev/null", &conf, &error), RC_OK);
		T_EQ(conf_parse(conf, SLICE(RULES), "rules", &error), RC_OK);
		T_OK(getcwd(cwd, sizeof(cwd)) != NULL);
		dir = mem_printf("%s/examples", cwd);
		T_EQ(conf_set(conf, "module_dir", dir, &error), RC_OK);
		T_EQ(conf_set(conf, "modules", "chat", &error), RC_OK);
		free(dir);
	}
	has_begun = true;
	kit_init(&kit);
	for (i = 0; i < KIT_PROCESSES; i++) {
		engine_free(&kit.engines[i]);
		start(i);
	}
}

static void
replace_all_processes(void)
{
	int i;

	for (i = 0; i < KIT_PROCESSES; i++) {
		stop(i);
		start(i);
	}
}

/* ---- a client ----------------------------------------------------------------- */

/* Takes what waits. */
static void
listen_for(struct client *c)
{
	const char *came;
	size_t n;

	while (*(came = kit_read(&kit, next_process(), c->sid)) != '\0') {
		n = strlen(c->heard);
		snprintf(c->heard + n, sizeof(c->heard) - n, "%s\n", came);
		if (strcmp(came, "unknown") == 0 || strcmp(came, "2") == 0)
			break;
	}
}

static void
come(struct client *c)
{
	memset(c, 0, sizeof(*c));
	kit_open(&kit, next_process(), c->sid);
	T_EQ(kit_post(&kit, next_process(), c->sid, "40/chat,"), ANSWER_OK);
	listen_for(c);
	T_OK(strstr(c->heard, "40/chat,{\"sid\":") != NULL);
	c->heard[0] = '\0';
}

/* Ends its connection, as a page that is left. */
static void
vanish(struct client *c)
{
	T_EQ(kit_post(&kit, next_process(), c->sid, "1"), ANSWER_OK);
	kit_settle(&kit);
}

/* Emits and waits for the ack. */
static const char *
ask(struct client *c, const char *event, const char *args)
{
	char packet[4000], ack[40], *from;

	c->id++;
	snprintf(packet, sizeof(packet), "42/chat,%d[\"%s\"%s%s]", c->id, event,
	    *args == '\0' ? "" : ",", args);
	snprintf(ack, sizeof(ack), "43/chat,%d[", c->id);
	T_EQ(kit_post(&kit, next_process(), c->sid, packet), ANSWER_OK);
	listen_for(c);
	c->answer[0] = '\0';
	if ((from = strstr(c->heard, ack)) != NULL)
		snprintf(c->answer, sizeof(c->answer), "%.*s",
		    (int)strcspn(from + strlen(ack), "\x1e\n"), from + strlen(ack));
	return c->answer;
}

static bool
heard(struct client *c, const char *what)
{
	bool did;

	listen_for(c);
	did = strstr(c->heard, what) != NULL;
	c->heard[0] = '\0';
	return did;
}

/* Newest first. */
#define BOTH_IN "\"members\":[\"Bob\",\"Anna\"]"

#define T_HAS(text, part)                                               \
	do {                                                            \
		const char *t_in = (text);                              \
		if (strstr(t_in, part) == NULL)                         \
			T_FAIL("'%s' is not in '%s'", part, t_in);      \
	} while (0)

static void
token_of(const struct client *c, char token[32])
{
	const char *p = strstr(c->answer, "\"token\":\"");

	T_OK(p != NULL);
	snprintf(token, 32, "%.*s", (int)strcspn(p + 9, "\""), p + 9);
}

static void
enter(struct client *c, const char *nick)
{
	char card[100];

	come(c);
	snprintf(card, sizeof(card), "{\"nick\":\"%s\"}", nick);
	T_HAS(ask(c, "hello", card), "\"ok\":true");
	T_HAS(ask(c, "enter", "\"lobby\""), "\"ok\":true");
	c->heard[0] = '\0';
}

static struct client anna, bob, other;

/* ---- hello ------------------------------------------------------------------------ */

static void
hello_gives_a_nick_a_token_and_the_rooms(void)
{
	begin();
	come(&anna);
	T_HAS(ask(&anna, "hello", "{\"nick\":\"Anna\"}"), "{\"ok\":true,\"nick\":\"Anna\"");
	T_HAS(anna.answer, "\"token\":\"");
	T_HAS(anna.answer, "\"rooms\":[{\"name\":\"lobby\",\"members\":0},"
	    "{\"name\":\"coffee\",\"members\":0},{\"name\":\"help\",\"members\":0}]");
}

static void
a_bad_nick_is_refused(void)
{
	begin();
	come(&anna);
	T_HAS(ask(&anna, "hello", "{\"nick\":\"\"}"), "\"error\":\"bad-nick\"");
	T_HAS(ask(&anna, "hello", "{\"nick\":\" a\"}"), "\"error\":\"bad-nick\"");
	T_HAS(ask(&anna, "hello", "{\"nick\":\"a\\u0007\"}"), "\"error\":\"bad-nick\"");
	T_HAS(ask(&anna, "hello", "{\"nick\":5}"), "\"error\":\"bad-nick\"");
	T_HAS(ask(&anna, "hello", ""), "\"error\":\"bad-nick\"");
}

static void
a_nick_is_of_the_one_with_its_token(void)
{
	char token[32], card[100];

	begin();
	come(&anna);
	ask(&anna, "hello", "{\"nick\":\"Anna\"}");
	token_of(&anna, token);
	come(&other);
	T_HAS(ask(&other, "hello", "{\"nick\":\"aNNa\"}"), "\"error\":\"taken\"");
	T_HAS(ask(&other, "hello", "{\"nick\":\"Anna\",\"token\":\"wrong\"}"), "taken");
	snprintf(card, sizeof(card), "{\"nick\":\"Anna\",\"token\":\"%s\"}", token);
	T_HAS(ask(&other, "hello", card), token);
	T_HAS(ask(&anna, "hello", "{\"nick\":\"Anna\"}"), token);
}

static void
a_token_can_be_chosen_by_the_client(void)
{
	begin();
	come(&anna);
	T_HAS(ask(&anna, "hello", "{\"nick\":\"Anna\",\"token\":\"0123456789abcdefg\"}"),
	    "\"token\":\"0123456789abcdefg\"");
	come(&other);
	T_HAS(ask(&other, "hello", "{\"nick\":\"Bob\",\"token\":\"short\"}"), "\"ok\":true");
	T_OK(strstr(other.answer, "short") == NULL);
}

static void
request_done(struct exchange *x)
{
	((struct kit_request *)x->door)->is_done = true;
}

static void
of_two_that_ask_at_once_one_gets_the_nick(void)
{
	struct kit_request requests[2];
	struct client *both[2] = { &anna, &other };
	int i, got = 0;

	begin();
	for (i = 0; i < 2; i++) {
		come(both[i]);
		both[i]->id = 1;
		memset(&requests[i], 0, sizeof(requests[i]));
		requests[i].x.codec = codec_of(GENERATION_EIO4);
		requests[i].x.sid = slice_str(both[i]->sid);
		requests[i].x.t = SLICE("same");
		requests[i].x.body = SLICE("42/chat,1[\"hello\",{\"nick\":\"Anna\"}]");
	}
	for (i = 0; i < 2; i++) {
		requests[i].x.door = &requests[i];
		requests[i].x.done = request_done;
		engine_post(kit.engines[0], &requests[i].x);
	}
	kit_settle(&kit);
	for (i = 0; i < 2; i++) {
		T_OK(requests[i].is_done);
		got += heard(both[i], "43/chat,1[{\"ok\":true");
	}
	T_EQ(got, 1);
	for (i = 0; i < 2; i++)
		ask(both[i], "hello", "{\"nick\":\"Anna\"}");
	T_OK((strstr(anna.answer, "taken") == NULL) !=
	    (strstr(other.answer, "taken") == NULL));
}

/* ---- rooms -------------------------------------------------------------------------- */

static void
without_hello_nothing_is_allowed(void)
{
	begin();
	come(&anna);
	T_HAS(ask(&anna, "enter", "\"lobby\""), "\"error\":\"hello-first\"");
	T_HAS(ask(&anna, "say", "\"lobby\",\"hi\""), "\"error\":\"hello-first\"");
	T_HAS(ask(&anna, "history", "\"lobby\""), "\"error\":\"hello-first\"");
}

static void
who_enters_sees_the_others_and_is_seen(void)
{
	begin();
	enter(&anna, "Anna");
	enter(&bob, "Bob");
	T_OK(heard(&anna, "[\"entered\",{\"room\":\"lobby\",\"nick\":\"Bob\"}"));
	T_OK(!heard(&bob, "\"entered\""));
	T_HAS(ask(&bob, "enter", "\"lobby\""), BOTH_IN);
	T_OK(!heard(&anna, "\"entered\""));
}

static void
a_room_must_have_a_name_and_not_be_one_too_many(void)
{
	char name[20];
	int i;

	begin();
	enter(&anna, "Anna");
	T_HAS(ask(&anna, "enter", "\"\""), "\"error\":\"bad-room\"");
	T_HAS(ask(&anna, "enter", "7"), "\"error\":\"bad-room\"");
	for (i = 1; i < 20; i++) {
		snprintf(name, sizeof(name), "\"room %d\"", i);
		T_HAS(ask(&anna, "enter", name), "\"ok\":true");
		anna.heard[0] = '\0';
	}
	T_HAS(ask(&anna, "enter", "\"one more\""), "\"error\":\"too-many\"");
	T_HAS(ask(&anna, "enter", "\"lobby\""), "\"ok\":true");
}

static void
who_leaves_is_gone_at_once(void)
{
	begin();
	enter(&anna, "Anna");
	enter(&bob, "Bob");
	T_HAS(ask(&bob, "leave", "\"lobby\""), "\"ok\":true");
	T_OK(heard(&anna, "[\"left\",{\"room\":\"lobby\",\"nick\":\"Bob\"}"));
	T_HAS(ask(&bob, "say", "\"lobby\",\"hi\""), "\"error\":\"not-in-room\"");
	T_HAS(ask(&bob, "leave", "\"lobby\""), "\"error\":\"not-in-room\"");
}

static void
the_list_of_rooms_goes_out_when_it_has_changed(void)
{
	begin();
	enter(&anna, "Anna");
	enter(&bob, "Bob");
	kit_pass(&kit, 1500);
	T_OK(heard(&anna, "[\"rooms\",[{\"name\":\"lobby\",\"members\":2}"));
	T_HAS(ask(&bob, "rooms", ""), "{\"name\":\"lobby\",\"members\":2}");
	ask(&bob, "enter", "\"tea & cake\"");
	T_HAS(ask(&bob, "rooms", ""), "{\"name\":\"tea & cake\",\"members\":1}");
}

/* ---- talking --------------------------------------------------------------------------- */

static void
what_is_said_reaches_everybody_in_the_room(void)
{
	begin();
	enter(&anna, "Anna");
	enter(&bob, "Bob");
	T_HAS(ask(&anna, "say", "\"lobby\",\"h\\\"i \xf0\x9f\x98\x80\""), "\"ok\":true");
	T_OK(heard(&anna, "\"nick\":\"Anna\",\"text\":\"h\\\"i \xf0\x9f\x98\x80\""));
	T_OK(heard(&bob, "[\"said\",{\"room\":\"lobby\",\"id\":\""));
	T_HAS(ask(&anna, "say", "\"lobby\",\"  \""), "\"error\":\"bad-text\"");
	T_HAS(ask(&anna, "say", "\"lobby\""), "\"error\":\"bad-text\"");
}

static void
what_is_said_again_is_acknowledged_and_not_heard_again(void)
{
	begin();
	enter(&anna, "Anna");
	enter(&bob, "Bob");
	T_HAS(ask(&anna, "say", "\"lobby\",\"hi\",\"id-00001\""), "\"id\":\"id-00001\"");
	T_OK(heard(&bob, "\"id\":\"id-00001\""));
	T_HAS(ask(&anna, "say", "\"lobby\",\"hi\",\"id-00001\""), "\"ok\":true");
	T_OK(!heard(&bob, "\"said\""));
}

static void
history_outlives_every_process(void)
{
	begin();
	enter(&anna, "Anna");
	ask(&anna, "say", "\"lobby\",\"one\",\"id-00001\"");
	ask(&anna, "say", "\"lobby\",\"two\",\"id-00002\"");
	replace_all_processes();
	enter(&bob, "Bob");
	T_HAS(bob.answer, BOTH_IN);
	T_HAS(bob.answer, "\"nick\":\"Anna\",\"text\":\"one\"},{\"seq\":");
	T_HAS(bob.answer, "\"text\":\"two\"}]");
	T_HAS(ask(&bob, "history", "\"lobby\""), "\"id\":\"id-00002\"");
	T_HAS(ask(&bob, "history", "\"lobby\",1"), "\"history\":[]");
}

static void
typing_is_seen_by_the_others_only(void)
{
	begin();
	enter(&anna, "Anna");
	enter(&bob, "Bob");
	listen_for(&bob);
	T_HAS(ask(&anna, "typing", "\"lobby\",true"), "\"ok\":true");
	T_OK(!heard(&anna, "\"typing\""));
}

/* ---- going and coming back --------------------------------------------------------------- */

static void
a_reload_is_not_seen(void)
{
	char token[32], card[100];

	begin();
	enter(&anna, "Anna");
	come(&bob);
	ask(&bob, "hello", "{\"nick\":\"Bob\"}");
	token_of(&bob, token);
	ask(&bob, "enter", "\"lobby\"");
	anna.heard[0] = '\0';
	vanish(&bob);
	kit_pass(&kit, 3000);
	come(&bob);
	snprintf(card, sizeof(card), "{\"nick\":\"Bob\",\"token\":\"%s\"}", token);
	T_HAS(ask(&bob, "hello", card), "\"ok\":true");
	ask(&bob, "enter", "\"lobby\"");
	kit_pass(&kit, 6000);
	kit_pass(&kit, 1000);
	T_OK(!heard(&anna, "\"left\""));
}

static void
who_does_not_come_back_has_left(void)
{
	begin();
	enter(&anna, "Anna");
	enter(&bob, "Bob");
	vanish(&bob);
	kit_pass(&kit, 6000);
	T_OK(!heard(&anna, "\"left\""));
	replace_all_processes();
	kit_pass(&kit, 3000);
	kit_pass(&kit, 1000);
	T_OK(heard(&anna, "[\"left\",{\"room\":\"lobby\",\"nick\":\"Bob\"}"));
}

/* Another page of Bob's. */
static void
come_as_bob(struct client *c, const char *token)
{
	char card[100];

	come(c);
	snprintf(card, sizeof(card), "{\"nick\":\"Bob\",\"token\":\"%s\"}", token);
	ask(c, "hello", card);
	T_HAS(ask(c, "enter", "\"lobby\""), "\"ok\":true");
}

static void
one_of_two_pages_that_closes_is_not_a_leave(void)
{
	char token[32];

	begin();
	enter(&anna, "Anna");
	come(&bob);
	ask(&bob, "hello", "{\"nick\":\"Bob\"}");
	token_of(&bob, token);
	T_HAS(ask(&bob, "enter", "\"lobby\""), "\"devices\":{},\"seen\":null");
	come_as_bob(&other, token);
	T_HAS(other.answer, BOTH_IN ",\"devices\":{\"Bob\":2},\"seen\":null");
	T_OK(heard(&anna, "[\"devices\",{\"room\":\"lobby\",\"nick\":\"Bob\",\"n\":2}"));
	vanish(&other);
	T_OK(heard(&anna, "[\"devices\",{\"room\":\"lobby\",\"nick\":\"Bob\",\"n\":1}"));
	kit_pass(&kit, 9000);
	kit_pass(&kit, 1000);
	T_OK(!heard(&anna, "\"left\""));
}

static void
who_comes_back_is_told_when_it_was_there_last(void)
{
	char token[32], seen[60];

	begin();
	come(&bob);
	ask(&bob, "hello", "{\"nick\":\"Bob\"}");
	token_of(&bob, token);
	ask(&bob, "enter", "\"lobby\"");
	kit_pass(&kit, 5000);
	snprintf(seen, sizeof(seen), "\"seen\":%lld,", (long long)kit.clock.wall);
	vanish(&bob);
	kit_pass(&kit, 9000);
	replace_all_processes();
	kit_pass(&kit, 60000);
	come_as_bob(&other, token);
	T_HAS(other.answer, seen);
	T_HAS(ask(&other, "enter", "\"lobby\""), "\"seen\":null");
}

static void
a_new_nick_is_a_leave_and_an_entrance(void)
{
	begin();
	enter(&anna, "Anna");
	enter(&bob, "Bob");
	anna.heard[0] = '\0';
	T_HAS(ask(&bob, "hello", "{\"nick\":\"Robert\"}"), "\"nick\":\"Robert\"");
	listen_for(&anna);
	T_HAS(anna.heard, "[\"left\",{\"room\":\"lobby\",\"nick\":\"Bob\"}");
	T_HAS(anna.heard, "[\"entered\",{\"room\":\"lobby\",\"nick\":\"Robert\"}");
	ask(&anna, "enter", "\"lobby\"");
	T_HAS(anna.answer, "\"members\":[\"Robert\",\"Anna\"]");
}

/* A client of 4.6 in the lobby, and what it needs to come back. */
struct pass { char pid[32], offset[64]; };

static struct pass
enter_recoverable(struct client *c, const char *nick)
{
	char card[80], *p;
	struct pass pass;

	memset(c, 0, sizeof(*c));
	kit_open(&kit, 0, c->sid);
	kit_post(&kit, 0, c->sid, "40/chat,");
	listen_for(c);
	T_OK((p = strstr(c->heard, "\"pid\":\"")) != NULL);
	snprintf(pass.pid, sizeof(pass.pid), "%.*s", (int)strcspn(p + 7, "\""), p + 7);
	snprintf(card, sizeof(card), "{\"nick\":\"%s\"}", nick);
	ask(c, "hello", card);
	ask(c, "enter", "\"lobby\"");
	c->heard[0] = '\0';
	ask(c, "say", "\"lobby\",\"hi\"");
	T_OK((p = strstr(c->heard, "\"text\":\"hi\"},\"")) != NULL);
	snprintf(pass.offset, sizeof(pass.offset), "%.*s", (int)strcspn(p + 14, "\""),
	    p + 14);
	return pass;
}

static void
come_back(struct client *c, const struct pass *pass)
{
	char packet[200];

	memset(c, 0, sizeof(*c));
	kit_open(&kit, 1, c->sid);
	snprintf(packet, sizeof(packet), "40/chat,{\"pid\":\"%s\",\"offset\":\"%s\"}",
	    pass->pid, pass->offset);
	kit_post(&kit, 2, c->sid, packet);
	listen_for(c);
	T_HAS(c->heard, pass->pid);
}

static void
who_is_recovered_after_a_long_absence_enters_again(void)
{
	struct pass pass;

	begin();
	enter(&anna, "Anna");
	pass = enter_recoverable(&bob, "Bob");
	vanish(&bob);
	kit_pass(&kit, 9000);
	kit_pass(&kit, 1000);
	T_OK(heard(&anna, "\"left\""));
	come_back(&bob, &pass);
	T_HAS(ask(&bob, "enter", "\"lobby\""), "\"ok\":true");
	T_OK(heard(&anna, "[\"entered\",{\"room\":\"lobby\",\"nick\":\"Bob\"}"));
	ask(&bob, "enter", "\"lobby\"");
	T_OK(!heard(&anna, "\"entered\""));
}

static void
who_entered_during_an_absence_hears_of_the_return(void)
{
	struct pass pass;

	begin();
	pass = enter_recoverable(&bob, "Bob");
	vanish(&bob);
	enter(&anna, "Anna");
	come_back(&bob, &pass);
	T_HAS(ask(&bob, "enter", "\"lobby\""), "\"ok\":true");
	T_OK(heard(&anna, "[\"entered\",{\"room\":\"lobby\",\"nick\":\"Bob\"}"));
}

int
main(void)
{
	T_RUN(hello_gives_a_nick_a_token_and_the_rooms);
	T_RUN(a_bad_nick_is_refused);
	T_RUN(a_nick_is_of_the_one_with_its_token);
	T_RUN(a_token_can_be_chosen_by_the_client);
	T_RUN(of_two_that_ask_at_once_one_gets_the_nick);
	T_RUN(without_hello_nothing_is_allowed);
	T_RUN(who_enters_sees_the_others_and_is_seen);
	T_RUN(a_room_must_have_a_name_and_not_be_one_too_many);
	T_RUN(who_leaves_is_gone_at_once);
	T_RUN(the_list_of_rooms_goes_out_when_it_has_changed);
	T_RUN(what_is_said_reaches_everybody_in_the_room);
	T_RUN(what_is_said_again_is_acknowledged_and_not_heard_again);
	T_RUN(history_outlives_every_process);
	T_RUN(typing_is_seen_by_the_others_only);
	T_RUN(a_reload_is_not_seen);
	T_RUN(who_does_not_come_back_has_left);
	T_RUN(one_of_two_pages_that_closes_is_not_a_leave);
	T_RUN(who_comes_back_is_told_when_it_was_there_last);
	T_RUN(a_new_nick_is_a_leave_and_an_entrance);
	T_RUN(who_is_recovered_after_a_long_absence_enters_again);
	T_RUN(who_entered_during_an_absence_hears_of_the_return);
	begin();
	kit_fini(&kit);
	for (int i = 0; i < KIT_PROCESSES; i++)
		handlers_free(&handlers[i]);
	conf_free(&conf);
	return t_end();
}
