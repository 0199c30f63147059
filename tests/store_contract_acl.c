/*
 * store_contract_acl.c - access lists
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "store/store.h"
#include "tests/store_contract.h"
#include "tests/t.h"

static enum rc
change(struct slice key, const uint64_t *socket, enum acl_verb verb, const char *words)
{
	struct store_op *op = t_op(OP_ACL);

	op->u.acl.key = key;
	op->u.acl.socket = socket;
	op->u.acl.verb = verb;
	if (words != NULL)
		op->u.acl.names = t_names(words);
	op->u.acl.by = SLICE("a test");
	return t_do(op);
}

static struct slice
key_of(enum channel_kind kind, const char *name)
{
	return channel_key(&scene.arena, kind, SLICE("/"), slice_str(name));
}

/* The names with blanks between, or what the look returned. */
static const char *
list(struct slice key)
{
	struct acl_row row;
	enum rc rc = store_acl(scene.store, key, &scene.arena, &row);
	struct buf text = BUF_INIT;
	const char *words;
	struct slice name;

	if (rc != RC_OK)
		return rc_name(rc);
	T_OK(row.names.p != NULL);
	T_SLICE(row.by, "a test");
	T_EQ(row.wall, clock_wall(&scene.clock.clock));
	while (pack_next(&row.names, &name)) {
		buf_str(&text, text.n > 0 ? " " : "");
		buf_add(&text, name);
	}
	words = t_text("%.*s", SLICE_ARGS(buf_slice(&text)));
	buf_free(&text);
	return words;
}

static void
a_list_is_set_changed_and_forgotten(void)
{
	struct slice key = key_of(CHANNEL_USER, "anna");

	T_STR(list(key), "none");
	T_EQ(change(key, NULL, ACL_SET, "say join"), RC_OK);
	T_STR(list(key), "say join");
	T_EQ(change(key, NULL, ACL_ADD, "leave say"), RC_OK);
	T_STR(list(key), "say join leave");
	T_EQ(change(key, NULL, ACL_REMOVE, "join never"), RC_OK);
	T_STR(list(key), "say leave");
	T_EQ(change(key, NULL, ACL_REMOVE, "say leave"), RC_OK);
	T_STR(list(key), "");
	T_EQ(change(key, NULL, ACL_SET, NULL), RC_OK);
	T_STR(list(key), "none");
}

static void
adding_begins_a_list_and_removing_does_not(void)
{
	struct slice key = key_of(CHANNEL_NSP, "");

	T_EQ(change(key, NULL, ACL_REMOVE, "say"), RC_NONE);
	T_STR(list(key), "none");
	T_EQ(change(key, NULL, ACL_ADD, "say"), RC_OK);
	T_STR(list(key), "say");
}

static void
each_key_has_its_own_list(void)
{
	T_EQ(change(key_of(CHANNEL_NSP, ""), NULL, ACL_SET, "a"), RC_OK);
	T_EQ(change(key_of(CHANNEL_USER, "anna"), NULL, ACL_SET, "b"), RC_OK);
	T_EQ(change(channel_key(&scene.arena, CHANNEL_USER, SLICE("/b"), SLICE("anna")),
	    NULL, ACL_SET, "c"), RC_OK);
	T_STR(list(key_of(CHANNEL_NSP, "")), "a");
	T_STR(list(key_of(CHANNEL_USER, "anna")), "b");
	T_STR(list(key_of(CHANNEL_USER, "ben")), "none");
}

static void
the_version_tells_that_something_changed(void)
{
	int64_t first;

	T_EQ(store_acl_version(scene.store), 0);
	T_EQ(change(key_of(CHANNEL_NSP, ""), NULL, ACL_SET, "a"), RC_OK);
	first = store_acl_version(scene.store);
	T_OK(first > 0);
	store_look(scene.store);
	T_EQ(store_acl_version(scene.store), first);
	T_EQ(change(key_of(CHANNEL_NSP, ""), NULL, ACL_SET, NULL), RC_OK);
	store_look(scene.store);
	T_OK(store_acl_version(scene.store) > first);
}

static void
a_list_of_a_socket_ends_with_it(void)
{
	struct slice key = key_of(CHANNEL_ROOM, "alice");
	uint64_t alice;

	t_join_in("alice", &alice);
	T_EQ(change(key, &alice, ACL_SET, "say"), RC_OK);
	T_STR(list(key), "say");
	T_EQ(t_disconnect(alice), RC_OK);
	T_STR(list(key), "none");
	T_EQ(change(key, &alice, ACL_SET, "say"), RC_GONE);
	T_STR(list(key), "none");
}

static void
who_comes_back_finds_its_list(void)
{
	struct slice key = key_of(CHANNEL_ROOM, "alice");
	uint64_t session, alice;
	int64_t offset;

	session = t_join_in("alice", &alice);
	T_EQ(change(key, &alice, ACL_SET, "say"), RC_OK);
	offset = t_last_seq();
	T_EQ(t_close(session, "transport close", true), RC_OK);
	T_STR(list(key), "say");
	session = t_open("alice-again");
	T_EQ(t_recover(session, "/", "p-alice", offset, 100), RC_OK);
	T_STR(list(key), "say");
	T_EQ(t_close(session, "transport close", true), RC_OK);
	t_wait(scene.conf.recovery_ms + 1000);
	t_janitor();
	T_STR(list(key), "none");
}

static void
a_list_has_an_end(void)
{
	struct slice key = key_of(CHANNEL_NSP, "");
	struct store_op *op = t_op(OP_ACL);
	struct buf names = BUF_INIT;
	int i;

	for (i = 0; i < ACL_NAMES_MAX; i++)
		pack_add(&names, slice_str(t_text("n%d", i)));
	op->u.acl.key = key;
	op->u.acl.names = buf_slice(&names);
	T_EQ(t_do(op), RC_OK);
	T_EQ(change(key, NULL, ACL_ADD, "one-more"), RC_TOO_BIG);
	T_EQ(change(key, NULL, ACL_ADD, "n7"), RC_OK);
	buf_free(&names);
}

static void
add_key(void *arg, const struct acl_row *row)
{
	buf_printf(arg, "%c", row->key.p[0]);
	buf_add(arg, slice_skip(row->key, slice_find(row->key, '\0') + 1));
	buf_char(arg, ' ');
}

static void
all_lists_can_be_walked_in_pages(void)
{
	struct buf text = BUF_INIT;

	T_EQ(change(key_of(CHANNEL_USER, "ben"), NULL, ACL_SET, "a"), RC_OK);
	T_EQ(change(key_of(CHANNEL_NSP, ""), NULL, ACL_SET, "a"), RC_OK);
	T_EQ(change(key_of(CHANNEL_USER, "anna"), NULL, ACL_SET, "a"), RC_OK);
	T_EQ(store_acls(scene.store, SLICE_NONE, 2, &scene.arena, add_key, &text), RC_OK);
	T_SLICE(buf_slice(&text), "n uanna ");
	buf_reset(&text);
	T_EQ(store_acls(scene.store, key_of(CHANNEL_USER, "anna"), 2, &scene.arena,
	    add_key, &text), RC_OK);
	T_SLICE(buf_slice(&text), "uben ");
	buf_free(&text);
}

static void
nobody_forges_the_line_about_a_change(void)
{
	char path[] = "/tmp/siogate-audit-XXXXXX", line[600] = "";
	int fd = mkstemp(path);
	FILE *f;

	T_OK(fd != -1);
	close(fd);
	T_EQ(log_open(LOG_LEVEL_ERROR, path, 0), RC_OK);
	T_EQ(change(key_of(CHANNEL_USER, "a\" by=\"root"), NULL, ACL_SET, "say join"), RC_OK);
	log_close();
	T_OK((f = fopen(path, "r")) != NULL);
	T_OK(fgets(line, sizeof(line), f) != NULL);
	fclose(f);
	unlink(path);
	if (strstr(line, " acl nsp=/ user=\"a\\\" by=\\\"root\" verb=set names=\"say join\""
	    " by=\"a test\"\n") == NULL)
		T_FAIL("the line is: %s", line);
}

void
contract_acl(void)
{
	CASE(nobody_forges_the_line_about_a_change);
	CASE(a_list_is_set_changed_and_forgotten);
	CASE(adding_begins_a_list_and_removing_does_not);
	CASE(each_key_has_its_own_list);
	CASE(the_version_tells_that_something_changed);
	CASE(a_list_of_a_socket_ends_with_it);
	CASE(who_comes_back_finds_its_list);
	CASE(a_list_has_an_end);
	CASE(all_lists_can_be_walked_in_pages);
}
