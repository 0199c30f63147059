/*
 * acl_bench.c - what it costs to ask whether an event may be sent
 *
 *     acl_bench [DIR]
 *
 * With a section of the configuration alone, with a list of the namespace, and with
 * one of the user, each with the name that is asked for at its end.  DIR must be
 * empty or missing; it is not removed.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/mem.h"
#include "handlers/acl.h"
#include "session/app.h"
#include "store/store.h"

enum { ASKED = 2000000 };

static struct store *store;
static struct acl *acl;
static struct arena arena = ARENA_INIT;

static void
must(enum rc rc, const char *what)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "acl_bench: %s: %s\n", what, rc_name(rc));
	exit(1);
}

static double
cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
list_set(enum channel_kind kind, const char *name)
{
	struct buf names = BUF_INIT;
	struct turn turn;
	struct store_op *op;

	pack_add(&names, SLICE("join"));
	pack_add(&names, SLICE("leave"));
	pack_add(&names, SLICE("room-*"));
	pack_add(&names, SLICE("say"));
	turn_init(&turn, &arena);
	op = turn_add(&turn, OP_ACL, NULL);
	op->u.acl.key = channel_key(&arena, kind, SLICE("/chat"), slice_str(name));
	op->u.acl.verb = ACL_SET;
	op->u.acl.names = buf_slice(&names);
	op->u.acl.by = SLICE("bench");
	must(store_commit(store, &turn), "commit");
	buf_free(&names);
}

/* Every event is a call with an arena of its own; here one that is emptied. */
static void
measure(const char *what)
{
	struct arena own = ARENA_INIT;
	struct app_call call = { .store = store, .arena = &own, .nsp = SLICE("/chat"),
	    .id = SLICE("aSocketsPublicId1234"), .user = SLICE("anna") };
	double before;
	int i;

	store_look(store);
	before = cpu_now();
	for (i = 0; i < ASKED; i++) {
		arena_reset(&own);
		if (!acl_allows(acl, &call, SLICE("say")))
			must(RC_BAD_STATE, what);
	}
	printf("%-28s %4.0f ns\n", what, (cpu_now() - before) * 1e9 / ASKED);
	arena_free(&own);
}

int
main(int argc, char **argv)
{
	static const char text[] = "[acl /chat]\nallow = join leave room-* say\n"
	    "anonymous = join\ndeny = admin-*\n";
	struct store_conf sc = { .driver = "sqlite", .path = argc > 1 ? argv[1] :
		"acl-bench.tmp", .journal = "wal", .synchronous = "normal",
		.retention_ms = 60000, .recovery_ms = 60000, .lock_wait_ms = 50,
		.connect_timeout_ms = 45000, .ping_interval_ms = 25000,
		.ping_timeout_ms = 20000 };
	struct conf *conf = conf_new();
	char *error = NULL;

	must(store_open(&sc, &clock_system, &store, &error), "store");
	must(conf_parse(conf, slice_str(text), "bench", &error), "configuration");
	must(acl_new(conf, &acl, &error), "rules");
	measure("the configuration decides");
	list_set(CHANNEL_NSP, "");
	measure("the namespace's list");
	list_set(CHANNEL_USER, "anna");
	measure("the user's list");
	acl_free(&acl);
	conf_free(&conf);
	store_close(&store);
	arena_free(&arena);
	return 0;
}
