/*
 * poll.c - a handler module to copy: a question, and votes that are counted
 *
 * Read it from top to bottom; it takes ten minutes.  Then copy the folder, call
 * it what you like, and begin by changing the names in the table at the end.
 *
 * What it does: everybody in /poll may vote for one of the answers, once; all see
 * the count at once, also on twenty processes, also after all were restarted.
 *
 *     socket.emit("vote", "tea", (answer) => ...)     {ok, error?}
 *     socket.on("count", ({ tea, coffee }) => ...)
 *
 * Try it here: make, a siogate.conf with   modules = poll   and   module_dir = .
 * and siogate-ws --config siogate.conf --listen 127.0.0.1:8080.  On the site: make
 * install, and in its siogate.conf   modules = poll
 */

/* The one header.  There is nothing to link with: the program that loads the
 * module has the functions. */
#include <siogate.h>

#include <string.h>

/*
 * A function is called with one thing that happened, looks at it, and asks for
 * effects.  It never keeps anything in a variable of its own: the next vote may
 * meet another process.  What must last lies in the store: in the socket's data,
 * in a value, in a room, in history.
 */
static const char *
how_many(struct sio *sio, const char *answer)
{
	/* Whoever votes joins a room of that answer (see below), so the count is
	 * the number of members.  sio_to() encodes what would confuse a selector. */
	return sio_json(sio, "%lld", (long long)sio_count(sio,
	    sio_to(sio, "room:%s", answer)));
}

static void
tell_count(struct sio *sio, const char *to)
{
	/* A printf for JSON: %j is JSON text, %s would be a quoted string. */
	sio_emitf(sio, to, "count", "[{\"tea\":%j,\"coffee\":%j}]",
	    how_many(sio, "tea"), how_many(sio, "coffee"));
}

/* ---- somebody comes ------------------------------------------------------ */

/*
 * Asked before the client is let in.  sio_auth() is what the page gave as
 * io("/poll", { auth: {...} }); sio_refuse() would turn it away.
 */
static int
on_connect(struct sio *sio)
{
	if (strstr(sio_auth(sio), "\"robot\"") != NULL) {
		sio_refuse(sio, "no robots, please", NULL);
		return 0;
	}
	tell_count(sio, SIO_ME);
	return 0;
}

/* ---- an event --------------------------------------------------------------- */

static int
on_vote(struct sio *sio)
{
	const char *answer = sio_arg_string(sio, 0);    /* NULL: it is no string */

	/* Never believe a client. */
	if (answer == NULL || (strcmp(answer, "tea") != 0 && strcmp(answer, "coffee") != 0)) {
		sio_ack(sio, "[{\"ok\":false,\"error\":\"tea or coffee?\"}]");
		return 0;
	}
	/* The socket's data is JSON of your own, "null" at first. */
	if (strcmp(sio_data(sio), "null") != 0) {
		sio_ack(sio, "[{\"ok\":false,\"error\":\"you have voted\"}]");
		return 0;
	}
	sio_set_data(sio, sio_json(sio, "{\"vote\":%s}", answer));
	sio_join(sio, SIO_ME, answer);
	sio_ack(sio, "[{\"ok\":true}]");

	/* All effects of this call happen together, when it has returned 0; what
	 * the functions above see is the store as it was before.  So the new count
	 * is told by an appointment, a moment later: one for many votes. */
	sio_nsp_after(sio, 200, "count", NULL);
	return 0;
}

/* ---- an appointment ------------------------------------------------------------ */

static int
on_count(struct sio *sio)
{
	tell_count(sio, SIO_ALL);
	return 0;
}

/* ---- somebody goes --------------------------------------------------------------- */

static int
on_disconnect(struct sio *sio)
{
	sio_log(sio, "a voter has gone: %s", sio_reason(sio));
	sio_nsp_after(sio, 200, "count", NULL);
	return 0;
}

/* ---- the tables -------------------------------------------------------------------- */

/* Which function hears which event; "*" would hear the rest. */
static const struct sio_event events[] = {
	{ "vote", on_vote },
	{ NULL, NULL }
};

/* Functions for appointments (sio_after ...) and for answers (sio_emit_ask). */
static const struct sio_event named[] = {
	{ "count", on_count },
	{ NULL, NULL }
};

/* The module's name, its namespace ("/poll-*" would be a pattern), the tables, and
 * who is asked when somebody comes and goes (NULL: nobody). */
SIOGATE_MODULE("poll", "/poll", events, named, on_connect, on_disconnect);
