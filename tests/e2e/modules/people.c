/*
 * people.c - what a site does with users, for users.test.mjs and doors.test.mjs
 *
 * In /people, whose clients bring tokens, and /open, where nobody has to.  Every
 * event is answered; what an event does is what its function says.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include <siogate.h>

#define HOUR (3600 * (int64_t)1000)

static const char *
text(struct sio *sio, unsigned i)
{
	const char *s = sio_arg_string(sio, i);

	return s == NULL ? "" : s;
}

static int
done(struct sio *sio)
{
	sio_ack(sio, "[true]");
	return 0;
}

static int
on_whoami(struct sio *sio)
{
	sio_ackf(sio, "[%s]", sio_user(sio));
	return 0;
}

static int
on_iam(struct sio *sio)
{
	sio_set_user(sio, text(sio, 0));
	return done(sio);
}

static int
on_join(struct sio *sio)
{
	sio_join(sio, SIO_ME, text(sio, 0));
	return done(sio);
}

static int
on_leave(struct sio *sio)
{
	sio_leave(sio, SIO_ME, text(sio, 0));
	return done(sio);
}

/* Others: who, room. */
static int
on_put(struct sio *sio)
{
	sio_join(sio, text(sio, 0), text(sio, 1));
	return done(sio);
}

static int
on_take(struct sio *sio)
{
	sio_leave(sio, text(sio, 0), text(sio, 1));
	return done(sio);
}

static int
on_keep(struct sio *sio)
{
	sio_emit(sio, sio_to(sio, "room:%s", text(sio, 0)), "said", sio_args_from(sio, 1));
	sio_emit_keep(sio, HOUR, 10);
	return done(sio);
}

static int
on_rooms(struct sio *sio)
{
	sio_ackf(sio, "[%j]", sio_room_list(sio, text(sio, 0)));
	return 0;
}

static int
on_who(struct sio *sio)
{
	sio_ackf(sio, "[%j,%lld]", sio_query(sio, text(sio, 0)),
	    (long long)sio_count(sio, text(sio, 0)));
	return 0;
}

static int
on_cursor(struct sio *sio)
{
	sio_ackf(sio, "[%lld]", (long long)sio_cursor(sio));
	return 0;
}

static int
on_questions(struct sio *sio)
{
	sio_ackf(sio, "[%j]", sio_questions(sio));
	return 0;
}

static int
on_list(struct sio *sio)
{
	sio_ackf(sio, "[%j]", sio_acl(sio, text(sio, 0)));
	return 0;
}

static int
on_say(struct sio *sio)
{
	sio_emit(sio, sio_to(sio, "room:%s", text(sio, 0)), "said", sio_args_from(sio, 1));
	return done(sio);
}

/* To a user, on all devices. */
static int
on_tell(struct sio *sio)
{
	sio_emit(sio, sio_to(sio, "user:%s", text(sio, 0)), "told", sio_args_from(sio, 1));
	return done(sio);
}

/* To any selector. */
static int
on_to(struct sio *sio)
{
	sio_emit(sio, text(sio, 0), "heard", sio_args_from(sio, 1));
	return done(sio);
}

/* As tell, but of this one event it is said here that it waits. */
static int
on_mail(struct sio *sio)
{
	sio_emit(sio, sio_to(sio, "user:%s", text(sio, 0)), "letter", sio_args_from(sio, 1));
	sio_emit_mail(sio, HOUR, 10);
	return done(sio);
}

static int
on_out(struct sio *sio)
{
	sio_disconnect(sio, sio_to(sio, "user:%s", text(sio, 0)), false);
	return done(sio);
}

static int
on_here(struct sio *sio)
{
	sio_ackf(sio, "[%j]", sio_present(sio, sio_arg_string(sio, 0), NULL));
	return 0;
}

static int
on_seen(struct sio *sio)
{
	sio_ackf(sio, "[%j]", sio_seen(sio, sio_arg_string(sio, 0), text(sio, 1)));
	return 0;
}

static int
on_past(struct sio *sio)
{
	sio_ackf(sio, "[%j]", sio_history_after(sio, text(sio, 0), sio_arg_int(sio, 1, 0),
	    (unsigned)sio_arg_int(sio, 2, 50)));
	return 0;
}

/* acl, verb, of, names */
static int
on_acl(struct sio *sio)
{
	const char *verb = text(sio, 0), *of = text(sio, 1), *names = sio_arg_string(sio, 2);

	if (strcmp(verb, "set") == 0)
		sio_acl_set(sio, of, names);
	else if (strcmp(verb, "add") == 0)
		sio_acl_add(sio, of, names);
	else
		sio_acl_remove(sio, of, names);
	return done(sio);
}

/* Asks all devices of a user; the answers are told to the room, whoever lives then. */
static int
on_ask(struct sio *sio)
{
	sio_emit(sio, sio_to(sio, "user:%s", text(sio, 0)), "question", "[]");
	sio_emit_ask(sio, "answered", sio_json(sio, "[%s]", text(sio, 1)), HOUR);
	return done(sio);
}

static int
on_answered(struct sio *sio)
{
	const char *room = sio_text(sio, sio_item(sio, sio_context(sio), 0));

	sio_emitf(sio, sio_to(sio, "room:%s", room), "answers", "[%j,%b]", sio_args(sio),
	    sio_timed_out(sio));
	return 0;
}

static const struct sio_event events[] = {
	{ "whoami", on_whoami },
	{ "iam", on_iam },
	{ "join", on_join },
	{ "leave", on_leave },
	{ "put", on_put },
	{ "take", on_take },
	{ "keep", on_keep },
	{ "rooms", on_rooms },
	{ "who", on_who },
	{ "cursor", on_cursor },
	{ "questions", on_questions },
	{ "list", on_list },
	{ "say", on_say },
	{ "tell", on_tell },
	{ "to", on_to },
	{ "mail", on_mail },
	{ "out", on_out },
	{ "here", on_here },
	{ "seen", on_seen },
	{ "past", on_past },
	{ "acl", on_acl },
	{ "ask", on_ask },
	{ NULL, NULL }
};

static const struct sio_event named[] = {
	{ "answered", on_answered },
	{ NULL, NULL }
};

static const struct sio_module open_one =
    SIOGATE_NAMESPACE("people", "/open", events, named, NULL, NULL, NULL, NULL);

SIOGATE_EXPORT =
    SIOGATE_NAMESPACE("people", "/people", events, named, NULL, NULL, NULL, &open_one);
