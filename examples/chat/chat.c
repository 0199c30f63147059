/*
 * chat.c - the demo's chat: nicknames, rooms, history, who is here, "is typing"
 *
 * Everything lasts in the store: the nickname in the socket's data (and as its
 * user), presence in the rooms, messages as kept events.  No process remembers
 * anything, so all of them may be killed between any two lines of a talk.
 *
 * The page talks like this, in namespace /chat.  Every answer is one object;
 * `ok` false brings `error` (a code) and `text` (a sentence to show).
 *
 * client -> server, each with an ack
 *
 *   "hello"   {nick, token?}   {ok, nick, token, rooms}
 *       First of all, and again after every connect that was not recovered and
 *       after a reload.  The token proves that the nick is yours; choose one (16
 *       to 64 characters [A-Za-z0-9_-]) or be given one.  With another nick: you
 *       are renamed.
 *       error: "taken", "bad-nick".  No answer within 3 s (two asked for the
 *       same nick in the same instant): ask again.
 *   "enter"   room             {ok, room, members:[nick], devices:{nick:n}, seen,
 *                               history:[message]}
 *       `devices` has those who are here with several pages; `seen` says when you
 *       were here last, on any of them (null: you are, or never were; it needs
 *       presence of the rooms #*, see below).  Entering twice is fine; after a connection was recovered it makes sure
 *       that you are not thought gone.  A room is there when somebody enters.
 *       error: "hello-first", "bad-room", "too-many" (rooms of one socket).
 *   "leave"   room             {ok, room}
 *   "say"     room, text, id?  {ok, room, id, at}
 *       id: 8 to 32 characters [A-Za-z0-9_-] chosen by the client; a message
 *       that is said again with the same id is not heard again.
 *       error: "hello-first", "not-in-room", "bad-text" (empty, over 2000 bytes).
 *   "history" room, before?    {ok, room, history:[message]}
 *       The 50 messages before the one with that seq; without: the newest.
 *   "rooms"                    {ok, rooms}
 *   "typing"  room, on         no ack needed
 *
 * server -> client
 *
 *   "said"    {room, id, at, nick, text}   the sender gets it, too
 *   "entered" {room, nick}
 *   "left"    {room, nick}       at once after "leave"; after a lost connection
 *                                only when nobody of that nick is back in 8 s
 *   "devices" {room, nick, n}    somebody has n pages in the room now (0: see "left")
 *   "typing"  {room, nick, on}   volatile, not to oneself
 *   "rooms"   [{name, members}]  up to a second after a count has changed
 *
 * message: {seq, id, at, nick, text}, oldest first; at: milliseconds of 1970;
 * the same message may come as "said" and in a history: go by its id.
 * `members` of an answer are nicks, the numbers in `rooms` open pages.  lobby,
 * coffee and help are always in `rooms`.  History: 7 days, 200 messages a room.
 *
 * When you were here last is what the gateway keeps by these lines of siogate.conf:
 *
 *     [rooms /chat]
 *     names = "#*"
 *     presence = 8s
 *     seen = 30d
 *     event = none
 *
 * In the store a room has a '#' before its name, so that no name of a room can be
 * a socket's id.  A nick is the value nick/NICK in small letters with its token.
 *
 * SPDX-License-Identifier: ISC
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <siogate.h>

enum { NICK_MAX = 24 * 4, ROOM_MAX = 64, TEXT_MAX = 2000, ROOMS_MAX = 20,
    HISTORY_PAGE = 50, HISTORY_COUNT = 200 };

static const int64_t second = 1000, hour = 3600 * 1000, day = 24 * 3600 * 1000;

#define GRACE         (8 * second)      /* a reload takes less */
#define CLAIM_TIME    (5 * second)      /* less than GRACE: a freed nick is claimable */
#define NICK_TIME     (7 * day)         /* a nick is yours for so long ... */
#define NICK_AWAY     (1 * hour)        /* ... or so long after you left */
#define HISTORY_TIME  (7 * day)

/* ---- small things ----------------------------------------------------------- */

static int
refuse(struct sio *sio, const char *error, const char *text)
{
	sio_ackf(sio, "[{\"ok\":false,\"error\":%s,\"text\":%s}]", error, text);
	return 0;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
random_name(char name[21])
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	unsigned char bytes[20];
	size_t i;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort();
	for (i = 0; i < sizeof(bytes); i++)
		name[i] = alphabet[bytes[i] & 63];
	name[i] = '\0';
}

static bool
is_random_name(const char *s, size_t min, size_t max)
{
	size_t n = s == NULL ? 0 : strspn(s,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

	return n >= min && n <= max && s[n] == '\0';
}

/* Something to see, no control characters, no blanks at the ends. */
static bool
is_name(const char *s, size_t max)
{
	size_t i, n = s == NULL ? 0 : strlen(s);

	if (n == 0 || n > max || s[0] == ' ' || s[n - 1] == ' ')
		return false;
	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return false;
	return true;
}

/* The value's key of a nick: Anna and anna are the same. */
static const char *
nick_key(const char *prefix, const char *nick, char key[160])
{
	size_t i, n = (size_t)snprintf(key, 160, "%s/%s", prefix, nick);

	for (i = 0; i < n && i < 159; i++)
		if (key[i] >= 'A' && key[i] <= 'Z')
			key[i] = (char)(key[i] + 'a' - 'A');
	return key;
}

/* "#lobby" */
static const char *
room_of(const char *name, char room[ROOM_MAX + 2])
{
	snprintf(room, ROOM_MAX + 2, "#%s", name);
	return room;
}

/* Whether the JSON array has the string. */
static bool
has_text(struct sio *sio, const char *array, const char *text)
{
	const char *item, *one;
	size_t at;

	for (at = 0; (item = sio_each(sio, array, &at)) != NULL; )
		if ((one = sio_text(sio, item)) != NULL && strcmp(one, text) == 0)
			return true;
	return false;
}

static unsigned
count(struct sio *sio, const char *array)
{
	unsigned n = 0;
	size_t at;

	for (at = 0; sio_each(sio, array, &at) != NULL; )
		n++;
	return n;
}

static const char *
list_with(struct sio *sio, const char *array, const char *text)
{
	const char *content = array + 1;

	if (has_text(sio, array, text))
		return array;
	return *content == ']' ? sio_json(sio, "[%s]", text) :
	    sio_json(sio, "[%s,%j", text, content);
}

static const char *
list_without(struct sio *sio, const char *array, const char *text)
{
	const char *item, *one, *list = "";
	size_t at;

	for (at = 0; (item = sio_each(sio, array, &at)) != NULL; ) {
		one = sio_text(sio, item);
		if (one == NULL || strcmp(one, text) != 0)
			list = sio_json(sio, "%j%j%j", list, *list == '\0' ? "" : ",",
			    item);
	}
	return sio_json(sio, "[%j]", list);
}

/* ---- who and where -------------------------------------------------------------- */

/* Rooms that the socket has entered, as it knows them itself. */
static const char *
my_rooms(struct sio *sio)
{
	const char *rooms = sio_member(sio, sio_data(sio), "rooms");

	return *rooms == '[' ? rooms : "[]";
}

static void
remember(struct sio *sio, const char *nick, const char *rooms)
{
	sio_set_data(sio, sio_json(sio, "{\"nick\":%s,\"rooms\":%j}", nick, rooms));
}

/* The sockets of a room; `not_id` does not count. */
static const char *
people_in(struct sio *sio, const char *name, const char *not_id)
{
	char room[ROOM_MAX + 2];

	return sio_query(sio, sio_to(sio, not_id == NULL ? "room:%s" :
	    "room:%s -id:%s", room_of(name, room), not_id));
}

/* Nicks in a room, each once, as a JSON array; `not_id` does not count. */
static const char *
nicks_in(struct sio *sio, const char *name, const char *not_id)
{
	const char *people = people_in(sio, name, not_id), *one, *nick, *nicks = "[]";
	size_t at;

	for (at = 0; (one = sio_each(sio, people, &at)) != NULL; ) {
		nick = sio_text(sio, sio_member(sio, one, "user"));
		if (nick != NULL && *nick != '\0')
			nicks = list_with(sio, nicks, nick);
	}
	return nicks;
}

/* With how many pages somebody is among those people. */
static unsigned
pages_of(struct sio *sio, const char *people, const char *nick)
{
	const char *one, *user;
	unsigned n = 0;
	size_t at;

	for (at = 0; (one = sio_each(sio, people, &at)) != NULL; ) {
		user = sio_text(sio, sio_member(sio, one, "user"));
		n += user != NULL && strcmp(user, nick) == 0;
	}
	return n;
}

/* With how many pages the nick of this call is in a room, without this one. */
static unsigned
my_other_pages(struct sio *sio, const char *name)
{
	return pages_of(sio, people_in(sio, name, sio_id(sio)), sio_user(sio));
}

/* {nick: n} of those who have several pages: one is this call's, others are those
 * of everybody else in the room. */
static const char *
devices_in(struct sio *sio, const char *others, const char *nicks)
{
	const char *item, *nick, *out = "";
	unsigned n;
	size_t at;

	for (at = 0; (item = sio_each(sio, nicks, &at)) != NULL; ) {
		nick = sio_text(sio, item);
		n = nick == NULL ? 0 : pages_of(sio, others, nick) +
		    (strcmp(nick, sio_user(sio)) == 0);
		if (n > 1)
			out = sio_json(sio, "%j%j%j:%u", out, *out == '\0' ? "" : ",",
			    item, n);
	}
	return sio_json(sio, "{%j}", out);
}

static void
tell_devices(struct sio *sio, const char *name, unsigned n)
{
	char room[ROOM_MAX + 2];

	sio_emitf(sio, sio_to(sio, "room:%s -me", room_of(name, room)), "devices",
	    "[{\"room\":%s,\"nick\":%s,\"n\":%u}]", name, sio_user(sio), n);
}

static int64_t
pages_in(struct sio *sio, const char *list, const char *name)
{
	const char *one, *room;
	size_t at;

	for (at = 0; (one = sio_each(sio, list, &at)) != NULL; ) {
		room = sio_text(sio, sio_member(sio, one, "room"));
		if (room != NULL && strcmp(room + 1, name) == 0)
			return atoll(sio_member(sio, one, "members"));
	}
	return 0;
}

/* [{name, members}]: those that are always there, then the others. */
static const char *
room_list(struct sio *sio)
{
	static const char *const always[] = { "lobby", "coffee", "help" };
	const char *list = sio_room_list(sio, "#"), *out = "", *one, *room;
	size_t at, i;

	for (i = 0; i < 3; i++)
		out = sio_json(sio, "%j%j{\"name\":%s,\"members\":%lld}", out,
		    i == 0 ? "" : ",", always[i],
		    (long long)pages_in(sio, list, always[i]));
	for (at = 0; (one = sio_each(sio, list, &at)) != NULL; ) {
		room = sio_text(sio, sio_member(sio, one, "room"));
		if (room == NULL || atoll(sio_member(sio, one, "members")) == 0)
			continue;
		for (i = 0; i < 3 && strcmp(room + 1, always[i]) != 0; i++)
			;
		if (i == 3)
			out = sio_json(sio, "%j,{\"name\":%s,\"members\":%j}", out,
			    room + 1, sio_member(sio, one, "members"));
	}
	return sio_json(sio, "[%j]", out);
}

/* The list goes out when the dust has settled, once for many changes. */
static void
rooms_changed(struct sio *sio)
{
	sio_nsp_after(sio, 300, "rooms", NULL);
}

static int
on_rooms_due(struct sio *sio)
{
	sio_emitf(sio, SIO_ALL, "rooms", "[%j]", room_list(sio));
	return 0;
}

static void
announce(struct sio *sio, const char *event, const char *name, const char *nick)
{
	char room[ROOM_MAX + 2];

	sio_emitf(sio, sio_to(sio, "room:%s -me", room_of(name, room)), event,
	    "[{\"room\":%s,\"nick\":%s}]", name, nick);
}

/* ---- hello ------------------------------------------------------------------------ */

/* Others see a nick go and another come, room by room. */
static void
rename_me(struct sio *sio, const char *old, const char *nick)
{
	const char *rooms = my_rooms(sio), *name, *item;
	char key[160], new_key[160];
	size_t at;

	for (at = 0; (item = sio_each(sio, rooms, &at)) != NULL; ) {
		if ((name = sio_text(sio, item)) == NULL)
			continue;
		if (!has_text(sio, nicks_in(sio, name, sio_id(sio)), old))
			announce(sio, "left", name, old);
		announce(sio, "entered", name, nick);
	}
	if (strcmp(nick_key("nick", old, key),
	    nick_key("nick", nick, new_key)) != 0)
		sio_set_value(sio, key, sio_value(sio, key), NICK_AWAY);
}

static int
on_hello(struct sio *sio)
{
	const char *card = sio_arg(sio, 0), *old = sio_user(sio), *owner, *holder;
	const char *nick = sio_text(sio, sio_member(sio, card, "nick"));
	const char *token = sio_text(sio, sio_member(sio, card, "token"));
	char key[160], claim[160], fresh[21];

	if (!is_name(nick, NICK_MAX))
		return refuse(sio, "bad-nick", "A nickname has 1 to 24 characters.");
	nick_key("nick", nick, key);
	owner = sio_text(sio, sio_member(sio, sio_value(sio, key), "token"));
	holder = sio_text(sio, sio_member(sio, sio_value(sio, key), "nick"));
	if (owner != NULL && (token == NULL || strcmp(token, owner) != 0) &&
	    (holder == NULL || strcmp(holder, old) != 0))
		return refuse(sio, "taken", "Somebody else has this nickname.");
	if (owner == NULL) {
		/* Of two in the same instant one gets no answer, and asks again. */
		sio_once(sio, nick_key("claim", nick, claim), CLAIM_TIME);
		random_name(fresh);
		owner = is_random_name(token, 16, 64) ? token : fresh;
	}
	sio_set_value(sio, key, sio_json(sio, "{\"nick\":%s,\"token\":%s}", nick, owner),
	    NICK_TIME);
	if (*old != '\0' && strcmp(old, nick) != 0)
		rename_me(sio, old, nick);
	sio_set_user(sio, nick);
	remember(sio, nick, my_rooms(sio));
	sio_ackf(sio, "[{\"ok\":true,\"nick\":%s,\"token\":%s,\"rooms\":%j}]", nick,
	    owner, room_list(sio));
	return 0;
}

/* ---- rooms --------------------------------------------------------------------------- */

/* The room of the first argument, when the socket may ask about it; else NULL and
 * the refusal has been said. */
static const char *
room_asked(struct sio *sio, bool inside)
{
	const char *name = sio_arg_string(sio, 0);

	if (*sio_user(sio) == '\0')
		refuse(sio, "hello-first", "Say hello first.");
	else if (!is_name(name, ROOM_MAX))
		refuse(sio, "bad-room", "A room's name has 1 to 64 bytes.");
	else if (inside && !has_text(sio, my_rooms(sio), name))
		refuse(sio, "not-in-room", "You are not in this room.");
	else
		return name;
	return NULL;
}

static const char *
messages(struct sio *sio, const char *name, int64_t before)
{
	char room[ROOM_MAX + 2];
	const char *kept, *one, *m, *out = "";
	size_t at;

	kept = sio_history(sio, room_of(name, room), before, HISTORY_PAGE);
	for (at = 0; (one = sio_each(sio, kept, &at)) != NULL; ) {
		m = sio_item(sio, sio_member(sio, one, "args"), 0);
		out = sio_json(sio, "%j%j{\"seq\":%j,\"id\":%j,\"at\":%j,\"nick\":%j,"
		    "\"text\":%j}", out, *out == '\0' ? "" : ",",
		    sio_member(sio, one, "seq"), sio_member(sio, m, "id"),
		    sio_member(sio, m, "at"), sio_member(sio, m, "nick"),
		    sio_member(sio, m, "text"));
	}
	return sio_json(sio, "[%j]", out);
}

/* The key of "this socket was away from the room": it may have been announced as
 * gone, and who entered meanwhile did not see it. */
static const char *
away_key(const char *id, const char *name, char key[160])
{
	snprintf(key, 160, "away/%s/%s", id, name);
	return key;
}

static int
on_enter(struct sio *sio)
{
	const char *name = room_asked(sio, false), *rooms = my_rooms(sio);
	const char *nicks, *others, *seen;
	char room[ROOM_MAX + 2], key[160];
	bool was_away;

	if (name == NULL)
		return 0;
	if (!has_text(sio, rooms, name) && count(sio, rooms) >= ROOMS_MAX)
		return refuse(sio, "too-many", "You are in too many rooms.");
	nicks = nicks_in(sio, name, NULL);
	was_away = strcmp(sio_value(sio, away_key(sio_id(sio), name, key)), "null") != 0;
	if (was_away)
		sio_set_value(sio, key, NULL, 0);
	if (was_away || !has_text(sio, nicks, sio_user(sio)))
		announce(sio, "entered", name, sio_user(sio));
	nicks = list_with(sio, nicks, sio_user(sio));
	others = people_in(sio, name, sio_id(sio));
	tell_devices(sio, name, pages_of(sio, others, sio_user(sio)) + 1);
	seen = sio_seen(sio, room_of(name, room), sio_user(sio));
	sio_join(sio, SIO_ME, room);
	remember(sio, sio_user(sio), list_with(sio, rooms, name));
	rooms_changed(sio);
	sio_ackf(sio, "[{\"ok\":true,\"room\":%s,\"members\":%j,\"devices\":%j,"
	    "\"seen\":%j,\"history\":%j}]", name, nicks, devices_in(sio, others, nicks),
	    sio_member(sio, seen, "seen"), messages(sio, name, 0));
	return 0;
}

static int
on_leave(struct sio *sio)
{
	const char *name = room_asked(sio, true);
	char room[ROOM_MAX + 2];

	if (name == NULL)
		return 0;
	sio_leave(sio, SIO_ME, room_of(name, room));
	remember(sio, sio_user(sio), list_without(sio, my_rooms(sio), name));
	tell_devices(sio, name, my_other_pages(sio, name));
	if (!has_text(sio, nicks_in(sio, name, sio_id(sio)), sio_user(sio)))
		announce(sio, "left", name, sio_user(sio));
	rooms_changed(sio);
	sio_ackf(sio, "[{\"ok\":true,\"room\":%s}]", name);
	return 0;
}

static int
on_rooms(struct sio *sio)
{
	sio_ackf(sio, "[{\"ok\":true,\"rooms\":%j}]", room_list(sio));
	return 0;
}

/* ---- talking ---------------------------------------------------------------------------- */

static bool
is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

static int
on_say(struct sio *sio)
{
	const char *name = room_asked(sio, true), *text = sio_arg_string(sio, 1);
	const char *id = sio_arg_string(sio, 2), *nick = sio_user(sio);
	char room[ROOM_MAX + 2], fresh[21];
	long long at = now_ms();

	if (name == NULL)
		return 0;
	if (text == NULL || is_blank(text) || strlen(text) > TEXT_MAX)
		return refuse(sio, "bad-text", "A message has 1 to 2000 bytes.");
	random_name(fresh);
	if (!is_random_name(id, 8, 32))
		id = fresh;
	sio_ackf(sio, "[{\"ok\":true,\"room\":%s,\"id\":%s,\"at\":%lld}]", name, id, at);
	/* An id is of one message, whoever says it: nobody replaces another's. */
	sio_once(sio, sio_json(sio, "[%s,%s]", name, id), day);
	sio_emitf(sio, sio_to(sio, "room:%s", room_of(name, room)), "said",
	    "[{\"room\":%s,\"id\":%s,\"at\":%lld,\"nick\":%s,\"text\":%s}]", name, id,
	    at, nick, text);
	sio_emit_keep(sio, HISTORY_TIME, HISTORY_COUNT);
	return 0;
}

static int
on_typing(struct sio *sio)
{
	const char *name = room_asked(sio, true);
	char room[ROOM_MAX + 2];

	if (name == NULL)
		return 0;
	sio_emitf(sio, sio_to(sio, "room:%s -me", room_of(name, room)), "typing",
	    "[{\"room\":%s,\"nick\":%s,\"on\":%b}]", name, sio_user(sio),
	    strcmp(sio_arg(sio, 1), "true") == 0);
	sio_emit_volatile(sio);
	sio_ack(sio, "[{\"ok\":true}]");
	return 0;
}

static int
on_history(struct sio *sio)
{
	const char *name = room_asked(sio, true);

	if (name == NULL)
		return 0;
	sio_ackf(sio, "[{\"ok\":true,\"room\":%s,\"history\":%j}]", name,
	    messages(sio, name, sio_arg_int(sio, 1, 0)));
	return 0;
}

/* ---- going ----------------------------------------------------------------------------------- */

static int
on_disconnect(struct sio *sio)
{
	const char *rooms = my_rooms(sio), *item, *name;
	char key[160];
	size_t at;

	rooms_changed(sio);
	for (at = 0; (item = sio_each(sio, rooms, &at)) != NULL; )
		if ((name = sio_text(sio, item)) != NULL) {
			sio_set_value(sio, away_key(sio_id(sio), name, key), "true", hour);
			tell_devices(sio, name, my_other_pages(sio, name));
		}
	if (*sio_user(sio) != '\0')
		sio_nsp_after(sio, GRACE, sio_json(sio, "gone:%j", sio_id(sio)),
		    sio_json(sio, "{\"nick\":%s,\"rooms\":%j}", sio_user(sio), rooms));
	return 0;
}

/* The grace of a lost connection is over: whoever is not back has left. */
static int
on_gone(struct sio *sio)
{
	const char *gone = sio_context(sio), *item, *name;
	const char *nick = sio_text(sio, sio_member(sio, gone, "nick"));
	const char *rooms = sio_member(sio, gone, "rooms");
	char key[160];
	size_t at;

	if (nick == NULL)
		return 0;
	for (at = 0; (item = sio_each(sio, rooms, &at)) != NULL; )
		if ((name = sio_text(sio, item)) != NULL &&
		    !has_text(sio, nicks_in(sio, name, NULL), nick))
			announce(sio, "left", name, nick);
	if (sio_count(sio, sio_to(sio, "user:%s", nick)) == 0) {
		nick_key("nick", nick, key);
		sio_set_value(sio, key, sio_value(sio, key), NICK_AWAY);
	}
	return 0;
}

/* ---- the module ---------------------------------------------------------------------------------- */

static const struct sio_event events[] = {
	{ "hello", on_hello },
	{ "enter", on_enter },
	{ "leave", on_leave },
	{ "say", on_say },
	{ "typing", on_typing },
	{ "history", on_history },
	{ "rooms", on_rooms },
	{ NULL, NULL }
};

static const struct sio_event named[] = {
	{ "gone", on_gone },
	{ "rooms", on_rooms_due },
	{ NULL, NULL }
};

SIOGATE_MODULE("chat", "/chat", events, named, NULL, on_disconnect);
