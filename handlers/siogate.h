/*
 * siogate.h - write a handler module for siogate
 *
 * A module is a shared object with one symbol, SIOGATE_MODULE.  It says which
 * namespaces it serves and which function hears which event.  Functions are
 * called with a context, look at what happened, and return after asking for
 * effects (emit, join, acknowledge ...).  Effects happen all together when the
 * function has returned, or not at all.
 *
 * Rules:
 *   - keep nothing in static variables: the next event may be another process.
 *     What must last goes into the socket's data, a value, or the log.
 *   - do not block: a call past `handler_time` ends the process.
 *   - a call may be repeated when its effects came too late; only effects count.
 *   - JSON arguments are text.  cJSON is at hand for those who want a tree.
 *   - strings given to you live until the function returns; strings that you
 *     give are copied.
 *
 * The least module:
 *
 *     #include <siogate.h>
 *
 *     static int
 *     on_hello(struct sio *sio)
 *     {
 *             sio_emit(sio, SIO_ALL, "hello", sio_args(sio));
 *             return 0;
 *     }
 *
 *     static const struct sio_event events[] = {
 *             { "hello", on_hello },
 *             { NULL, NULL }
 *     };
 *     SIOGATE_MODULE("hello", "/", events, NULL, NULL, NULL);
 *
 * See siogate-module(3) and examples/skeleton.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SIOGATE_H
#define SIOGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SIOGATE_ABI 1

struct sio;                     /* one call */

/* 0: done, effects happen.  Anything else: failed; nothing of it happens, and
 * what the error hook asks for happens instead.  A connect function refuses with
 * sio_refuse(); a connect whose function fails is refused, too. */
typedef int sio_fn(struct sio *sio);

struct sio_event {
	const char *name;       /* event name; "*" hears what no other row does;
	                         * for timers and acks: the name given to them. One
	                         * given as "gone:anna" is heard by the row "gone",
	                         * so that one function has many appointments */
	sio_fn *fn;
};

struct sio_module {
	unsigned abi;           /* SIOGATE_ABI */
	size_t size;            /* sizeof(struct sio_module) */
	const char *name;
	const char *nsp;        /* "/chat", or a pattern: "/room-*", or "*" */
	const struct sio_event *events;         /* ends with a NULL name */
	const struct sio_event *named;          /* timers and ack handlers; or NULL */
	sio_fn *connect;        /* or NULL: everybody may */
	sio_fn *disconnect;     /* or NULL */
	sio_fn *error;          /* a function of this module failed; or NULL */
	const struct sio_module *next;          /* further namespaces; or NULL */
};

#define SIOGATE_NAMESPACE(name_, nsp_, events_, named_, connect_, disconnect_,  \
    error_, next_)                                                             \
	{                                                                      \
		SIOGATE_ABI, sizeof(struct sio_module), name_, nsp_, events_,  \
		named_, connect_, disconnect_, error_, next_                   \
	}

/* SIOGATE_EXPORT = SIOGATE_NAMESPACE(...); for a module with an error hook or
 * with several namespaces. */
#ifdef __cplusplus
#define SIOGATE_EXPORT                                                         \
	extern "C" const struct sio_module siogate_module                      \
	    __attribute__((visibility("default")));                            \
	const struct sio_module siogate_module
#else
#define SIOGATE_EXPORT                                                         \
	extern const struct sio_module siogate_module                          \
	    __attribute__((visibility("default")));                            \
	const struct sio_module siogate_module
#endif

#define SIOGATE_MODULE(name_, nsp_, events_, named_, connect_, disconnect_)    \
	SIOGATE_EXPORT = SIOGATE_NAMESPACE(name_, nsp_, events_, named_,       \
	    connect_, disconnect_, NULL, NULL)

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* ---- what happened ----------------------------------------------------- */

const char *sio_nsp(const struct sio *sio);     /* "/chat" */
const char *sio_id(const struct sio *sio);      /* the socket's id; "" if none */
const char *sio_name(const struct sio *sio);    /* event, timer or ack name */
const char *sio_args(const struct sio *sio);    /* JSON array of the arguments */
const char *sio_auth(const struct sio *sio);    /* connect: JSON object or "null" */
const char *sio_reason(const struct sio *sio);  /* disconnect: why; error hook:
                                                 * what went wrong */
const char *sio_context(const struct sio *sio); /* timers, acks: as it was given */
/* connect: the socket is an old one that came back (connection state recovery)
 * after its disconnect had been told (to the disconnect function of this module,
 * without which nothing is told here); its rooms, data and user are as they were.
 * sio_refuse() disconnects it.  A client that came back sooner is not told about:
 * it was never gone. */
bool sio_is_recovered(const struct sio *sio);
bool sio_wants_ack(const struct sio *sio);
bool sio_timed_out(const struct sio *sio);      /* acks: not all came in time */
int64_t sio_expected(const struct sio *sio);    /* acks: how many were asked */

/* The i-th argument as JSON text; "null" if there is none. */
const char *sio_arg(const struct sio *sio, unsigned i);
/* The i-th argument as text when it is a string (without zero bytes), else NULL. */
const char *sio_arg_string(const struct sio *sio, unsigned i);
/* The i-th argument as a whole number, else dflt. */
int64_t sio_arg_int(const struct sio *sio, unsigned i, int64_t dflt);
unsigned sio_arg_count(const struct sio *sio);
/* The arguments from the i-th on, again as a JSON array. */
const char *sio_args_from(const struct sio *sio, unsigned i);
/* Bytes of a binary argument (a {"_placeholder":true,"num":N}): by N; NULL if
 * there is none.  In an ack function sio_args() has an array for each answer and
 * N counts within each: by the answer's place and N; sio_attachment() is the
 * first answer's. */
const void *sio_attachment(const struct sio *sio, unsigned num, size_t *size_r);
const void *sio_answer_attachment(const struct sio *sio, unsigned answer,
    unsigned num, size_t *size_r);

/* About the client: "address", "query", or a header's name in lower case; NULL. */
const char *sio_info(const struct sio *sio, const char *what);

/* The socket's data (JSON, "null" at first) and user ("" if none). */
const char *sio_data(const struct sio *sio);
const char *sio_user(const struct sio *sio);

/* ---- JSON without a library ----------------------------------------------- */

/* A member of an object, an element of an array, as JSON text; "null" if there
 * is none.  sio_text(): what a string says, NULL if it is none. */
const char *sio_member(const struct sio *sio, const char *json, const char *name);
const char *sio_item(const struct sio *sio, const char *json, unsigned i);
const char *sio_text(const struct sio *sio, const char *json);

/* Walks an array: for (at = 0; (item = sio_each(sio, json, &at)) != NULL;) */
const char *sio_each(const struct sio *sio, const char *json, size_t *at);

/*
 * A printf for JSON: %s is written as a JSON string (NULL: null), %j as JSON
 * text (NULL: null), %b as true or false, %d %u %ld %lu %lld %llu %zu as
 * numbers, %% as a percent sign.  Anything else makes the call fail.
 */
const char *sio_json(struct sio *sio, const char *fmt, ...);

/* ---- who: one selector grammar ------------------------------------------ */

/*
 * A text of words, blanks between:
 *   *                everybody in the namespace
 *   me               the call's own socket
 *   room:NAME        members of a room (several: the union)
 *   user:NAME        all sockets of a user
 *   id:ID            one socket
 *   -me -room:NAME -user:NAME -id:ID     but not these
 *   nsp:/NAME        in another namespace
 * A name with blanks or other such characters is percent-encoded (%20).  NULL
 * and "" mean nobody.  A selector that cannot be read makes the call fail, with
 * the reason in the log.
 */
#define SIO_ALL    "*"
#define SIO_ME     "me"
#define SIO_OTHERS "* -me"

/* Builds a selector: sio_to(sio, "room:%s -me", room) percent-encodes each %s. */
const char *sio_to(struct sio *sio, const char *fmt, ...);

/* ---- effects -------------------------------------------------------------- */

/* args: a JSON array of arguments.  Text that is no JSON array makes the call
 * fail, with the reason in the log. */
void sio_emit(struct sio *sio, const char *to, const char *event,
    const char *args);
/* The same with the printf of sio_json() for the arguments:
 * sio_emitf(sio, SIO_ALL, "said", "[%s,%j]", name, json). */
void sio_emitf(struct sio *sio, const char *to, const char *event,
    const char *fmt, ...);

/* Options of the emit before (the attachments: or ack): call right after it. */
void sio_emit_volatile(struct sio *sio);
void sio_emit_attach(struct sio *sio, const void *data, size_t size);
/* It is history of its rooms (or namespace): for so long, at most so many. */
void sio_emit_keep(struct sio *sio, int64_t ms, int64_t count);
/* For users (user:NAME) of whom nobody is there: it waits for so long, at most so
 * many for each user, and is said to the first socket of theirs that comes. */
void sio_emit_mail(struct sio *sio, int64_t ms, int64_t count);
/* It asks for acks: the function `name` of this module's `named` is called once
 * with all answers, or with those that came within the time-out. */
void sio_emit_ask(struct sio *sio, const char *name, const char *context,
    int64_t timeout_ms);
/* Hands on the binary arguments of this call's event, or of the first answer. */
void sio_emit_attachments(struct sio *sio);

void sio_ack(struct sio *sio, const char *args);        /* once; ignored if none is wanted */
void sio_ackf(struct sio *sio, const char *fmt, ...);
/* Who is in max_rooms rooms already stays out, and the log says it: effects happen
 * after the call, so what sio_rooms() tells the next call is what came of it. */
void sio_join(struct sio *sio, const char *who, const char *room);
void sio_leave(struct sio *sio, const char *who, const char *room);
/* hard: the connection too, not only this namespace. */
void sio_disconnect(struct sio *sio, const char *who, bool hard);
void sio_set_data(struct sio *sio, const char *json);
void sio_set_user(struct sio *sio, const char *user);   /* "" unbinds */
/* Refuses a connect: CONNECT_ERROR with message and data (JSON or NULL). */
void sio_refuse(struct sio *sio, const char *message, const char *data);

/*
 * Access lists: patterns of event names that may be sent, blanks between.  of:
 * "nsp" (everybody in the namespace), "me", "user:NAME" or "id:ID".  The most
 * particular list decides: the socket's, its user's, the namespace's, the
 * configuration's.  "*" opens everything; NULL forgets the list, so that the
 * next one decides.  Whoever may not send an event gets the event "error" with
 * "method_access_denied", and no function is called.  Where there is no list,
 * adding begins one with these names, and removing does nothing.
 */
void sio_acl_set(struct sio *sio, const char *of, const char *names);
void sio_acl_add(struct sio *sio, const char *of, const char *names);
void sio_acl_remove(struct sio *sio, const char *of, const char *names);

/* Appointments: the function `name` of `named`, once or again and again, in
 * this namespace, with this socket if there is one (`sio_after`), or with none
 * (`sio_nsp_after`).  The same name again replaces it. */
void sio_after(struct sio *sio, int64_t ms, const char *name, const char *context);
void sio_every(struct sio *sio, int64_t ms, const char *name, const char *context);
void sio_nsp_after(struct sio *sio, int64_t ms, const char *name, const char *context);
void sio_nsp_every(struct sio *sio, int64_t ms, const char *name, const char *context);
void sio_cancel(struct sio *sio, const char *name);
void sio_nsp_cancel(struct sio *sio, const char *name);

/* The effects that follow happen only if this key was not used within ttl: for
 * clients that say the same again (`retries`).  Acknowledge before it: what is
 * said again wants its answer, too. */
void sio_once(struct sio *sio, const char *key, int64_t ttl_ms);

/* A free-standing JSON value of this namespace. NULL removes it. */
void sio_set_value(struct sio *sio, const char *key, const char *json, int64_t ttl_ms);

/* ---- looking --------------------------------------------------------------- */

const char *sio_value(struct sio *sio, const char *key);        /* "null" if none */
/* Rooms of the call's socket, its own (named by its id) not among them: a JSON
 * array of names. */
const char *sio_rooms(struct sio *sio);
/* The namespace's rooms whose names begin so: a JSON array of {"room","members"},
 * by name, at most 1000.  A prefix keeps the sockets' own rooms out. */
const char *sio_room_list(struct sio *sio, const char *prefix);
/* Who is meant by a selector: a JSON array of {"id","user","data"}. */
const char *sio_query(struct sio *sio, const char *who);
int64_t     sio_count(struct sio *sio, const char *who);
/* Users who are in a room ("" or NULL: in the namespace), where the configuration
 * keeps presence (section [rooms] or [users]), behind the name `after`: a JSON array
 * of {"user","since"}, by name, at most 1000.  "left" is there, too, while one who
 * just left may still come back. */
const char *sio_present(struct sio *sio, const char *room, const char *after);
/* Whether a user is there: {"here","since"}, and "seen" of one who left: ms since
 * 1970.  "null": never there, or too long ago. */
const char *sio_seen(struct sio *sio, const char *room, const char *user);
/* An access list: a JSON array of its patterns; "null" if there is none. */
const char *sio_acl(struct sio *sio, const char *of);
/* Acks that were asked for and have not all come, in this namespace: a JSON array
 * of {"n","name","context","until","expected","answered","answers"}, at most 1000. */
const char *sio_questions(struct sio *sio);
/* Where the log stands: for a page, which asks later for what came after it. */
int64_t sio_cursor(struct sio *sio);
/* Kept events of a room ("" or NULL: the namespace), oldest first: a JSON array
 * of {"seq","at","event","args"}; before 0: the newest. */
const char *sio_history(struct sio *sio, const char *room, int64_t before,
    unsigned count);
/* The same from a point on: the first `count` with seq > after. */
const char *sio_history_after(struct sio *sio, const char *room, int64_t after,
    unsigned count);

void sio_log(struct sio *sio, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
