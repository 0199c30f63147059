/*
 * handlers_acl_test.c - who may send which events
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/conf.h"
#include "handlers/acl.h"
#include "tests/handlers_fake.h"
#include "tests/t.h"

static struct arena arena = ARENA_INIT;
static struct conf *conf;
static struct acl *acl;
static struct app_call call;
static char *error;

static enum rc
load(const char *text)
{
	fake_reset();
	arena_reset(&arena);
	acl_free(&acl);
	conf_free(&conf);
	free(error);
	error = NULL;
	conf = conf_new();
	if (conf_parse(conf, slice_str(text), "site.conf", &error) != RC_OK)
		T_FAIL("the configuration cannot be read: %s", error);
	call = (struct app_call){ .kind = APP_EVENT, .store = &fake.store,
	    .arena = &arena, .nsp = SLICE("/chat"), .id = SLICE("own"), .socket = 7 };
	return acl_new(conf, &acl, &error);
}

static void
must_load(const char *text)
{
	if (load(text) != RC_OK)
		T_FAIL("%s", error);
}

static bool
may(const char *event)
{
	return acl_allows(acl, &call, slice_str(event));
}

/* A list of the store; words NULL: it goes. */
static void
list(enum channel_kind kind, const char *name, const char *words)
{
	struct slice key = channel_key(&fake.arena, kind, SLICE("/chat"), slice_str(name));
	size_t i;

	for (i = 0; i < fake.n_acls; i++)
		if (slice_eq(fake.acls[i].key, key))
			fake.acls[i] = fake.acls[--fake.n_acls];
	if (words != NULL)
		fake.acls[fake.n_acls++] = (struct acl_row){ .key = key,
		    .names = acl_names(&fake.arena, slice_str(words)) };
	fake.acl_version++;
}

static void
without_any_list_everything_is_open(void)
{
	must_load("");
	T_OK(may("say"));
	T_EQ(fake.acl_asked, 0);
}

static void
the_configuration_allows_and_denies_by_patterns(void)
{
	must_load("[acl /chat]\nallow = say join-*\ndeny = join-secret\n");
	T_OK(may("say"));
	T_OK(may("join-lobby"));
	T_OK(!may("join-secret"));
	T_OK(!may("shout"));
	call.nsp = SLICE("/other");
	T_OK(may("shout"));
}

static void
sockets_without_a_user_may_have_less(void)
{
	must_load("[acl *]\nallow = say look\nanonymous = look\n");
	T_OK(may("look"));
	T_OK(!may("say"));
	call.user = SLICE("anna");
	T_OK(may("say"));
}

static void
the_most_particular_list_decides(void)
{
	must_load("[acl /chat]\nallow = configured\n");
	list(CHANNEL_NSP, "", "of-nsp");
	call.user = SLICE("anna");
	T_OK(may("of-nsp"));
	T_OK(!may("configured"));
	list(CHANNEL_USER, "anna", "of-user");
	T_OK(may("of-user"));
	T_OK(!may("of-nsp"));
	list(CHANNEL_ROOM, "own", "of-socket-*");
	T_OK(may("of-socket-1"));
	T_OK(!may("of-user"));
	list(CHANNEL_ROOM, "own", NULL);
	T_OK(may("of-user"));
	call.user = SLICE("ben");
	T_OK(may("of-nsp"));
	list(CHANNEL_NSP, "", NULL);
	T_OK(may("configured"));
}

static void
an_empty_list_closes_everything_and_a_star_opens_it(void)
{
	must_load("[acl /chat]\ndeny = never\n");
	list(CHANNEL_ROOM, "own", "");
	T_OK(!may("say"));
	list(CHANNEL_ROOM, "own", "*");
	T_OK(may("say"));
	T_OK(!may("never"));
}

static void
lists_are_read_once_until_one_changes(void)
{
	unsigned asked;

	must_load("");
	list(CHANNEL_NSP, "", "say");
	T_OK(may("say"));
	asked = fake.acl_asked;
	T_OK(asked > 0);
	T_OK(may("say"));
	T_OK(!may("shout"));
	T_EQ(fake.acl_asked, asked);
	list(CHANNEL_NSP, "", "shout");
	T_OK(!may("say"));
	T_OK(may("shout"));
}

static void
what_cannot_be_read_allows_nothing(void)
{
	must_load("");
	list(CHANNEL_NSP, "", "say");
	fake.rc = RC_IO;
	T_OK(!may("say"));
	fake.rc = RC_OK;
	T_OK(may("say"));
}

static void
while_the_version_cannot_be_read_nothing_is_allowed(void)
{
	int64_t version;

	must_load("");
	list(CHANNEL_NSP, "", "say");
	T_OK(may("say"));
	version = fake.acl_version;
	fake.acl_version = -1;
	T_OK(!may("shout"));
	T_OK(!may("say"));
	fake.acl_version = version;
	T_OK(may("say"));
	T_OK(!may("shout"));
}

static void
it_is_said_whose_list_is_meant(void)
{
	struct effect f;

	must_load("");
	T_EQ(acl_target(&arena, SLICE("nsp"), &f), RC_OK);
	T_EQ(f.of, CHANNEL_NSP);
	T_EQ(acl_target(&arena, SLICE("me"), &f), RC_OK);
	T_OK(f.of == CHANNEL_ROOM && f.self);
	T_EQ(acl_target(&arena, SLICE("user:anna%20b"), &f), RC_OK);
	T_OK(f.of == CHANNEL_USER && !f.self);
	T_SLICE(f.name, "anna b");
	T_EQ(acl_target(&arena, SLICE("id:xyz"), &f), RC_OK);
	T_OK(f.of == CHANNEL_ROOM && !f.self);
	T_SLICE(f.name, "xyz");
	T_EQ(acl_target(&arena, SLICE("room:xyz"), &f), RC_BAD_INPUT);
	T_EQ(acl_target(&arena, SLICE("user:a user:b"), &f), RC_BAD_INPUT);
	T_EQ(acl_target(&arena, SLICE("user:a id:b"), &f), RC_BAD_INPUT);
	T_EQ(acl_target(&arena, SLICE("user:"), &f), RC_BAD_INPUT);
	T_EQ(acl_target(&arena, SLICE(""), &f), RC_BAD_INPUT);
	T_EQ(acl_target(&arena, SLICE("*"), &f), RC_BAD_INPUT);
}

static void
a_fault_in_a_section_is_told_with_its_line(void)
{
	T_EQ(load("[acl chat]\n"), RC_BAD_INPUT);
	T_OK(strstr(error, ":1: [acl] needs one namespace") != NULL);
	T_EQ(load("[acl /chat]\nalow = say\n"), RC_BAD_INPUT);
	T_OK(strstr(error, ":2: [acl] has no 'alow'; it has allow, anonymous and deny") !=
	    NULL);
}

int
main(void)
{
	T_RUN(without_any_list_everything_is_open);
	T_RUN(the_configuration_allows_and_denies_by_patterns);
	T_RUN(sockets_without_a_user_may_have_less);
	T_RUN(the_most_particular_list_decides);
	T_RUN(an_empty_list_closes_everything_and_a_star_opens_it);
	T_RUN(lists_are_read_once_until_one_changes);
	T_RUN(what_cannot_be_read_allows_nothing);
	T_RUN(while_the_version_cannot_be_read_nothing_is_allowed);
	T_RUN(it_is_said_whose_list_is_meant);
	T_RUN(a_fault_in_a_section_is_told_with_its_line);
	return t_end();
}
