/*
 * crew.c - several processes for what is sent, where one would be waited for
 *
 * mod_fcgid gives a process one request at a time.  When all processes of a
 * program are busy it sleeps for a second, looks again, and starts another only
 * if all are busy still.  Those that take POSTs are busy for some milliseconds,
 * so two POSTs that meet cost one of them a second, again and again, and no
 * second process comes of it.
 *
 * So when POSTs of several sessions come so fast that they will meet (those of one do
 * not: a client awaits an answer before it sends again), and fewer than `senders`
 * processes take them, a process says the end of a POST later than the answer: the
 * client has all of it (and is told not to send its next request on that
 * connection), to mod_fcgid the process is busy, and what is sent meanwhile waits
 * its second once and makes the process that was missing.  That is over when there
 * are enough, or after KEEP_MS.  A process that was made so does the same with its
 * first POST, or the next one would find it free.
 *
 * The answer must leave the web server as it is written (FcgidOutputBufferSize 0);
 * only who configures the server knows, so `senders` is 0 by default.
 *
 * Must stay true: a process that is not one of the crew is never kept.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "fcgi/door_private.h"
#include "http/query.h"
#include "store/worker.h"

enum {
	KEEP_MS = 2500,                 /* mod_fcgid looks again after 1000 */
	PAUSE_MS = 5000,                /* between two attempts of one process */
	MANY = 4        /* POSTs to one process in a second, each of another session */
};

/* A byte of a file, as long as the process lives. */
static void
place_take(struct crew *crew, const struct conf *conf)
{
	char *path = mem_printf("%s/senders.lock", conf->store);
	int64_t i;

	crew->place = -1;
	if (crew->fd == 0)
		crew->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (crew->fd == -1)
		log_warn("fcgi", "%s: %s", path, strerror(errno));
	for (i = 0; crew->fd != -1 && i < conf->senders; i++) {
		if (lock_byte(crew->fd, i, false) == 0) {
			crew->place = i;
			break;
		}
	}
	free(path);
}

static bool
crew_is_short(const struct crew *crew, int64_t wanted)
{
	int64_t i;

	for (i = 0; i < wanted; i++)
		if (i != crew->place && !byte_is_held(crew->fd, i))
			return true;
	return false;
}

/* Where the query names no session (older generations, the API) it may be. */
static bool
is_of_another(struct crew *crew, struct slice target)
{
	size_t at = slice_find(target, '?');
	struct buf scratch = BUF_INIT;
	struct query query;
	bool is_known;

	query_read(slice_skip(target, at < target.n ? at + 1 : target.n), &scratch, &query);
	is_known = query.sid.n != 0 && slice_eq(query.sid, buf_slice(&crew->session));
	if (!is_known) {
		buf_reset(&crew->session);
		buf_add(&crew->session, query.sid);
	}
	buf_free(&scratch);
	return !is_known;
}

void
crew_hear(const struct connection *c)
{
	struct crew *crew = &c->door->crew;
	int64_t now;

	if (!c->is_post || c->door->house.conf->senders < 2)
		return;
	now = clock_boot(&clock_system);
	if (now - crew->second >= 1000) {
		crew->second = now;
		crew->n = 0;
	}
	if (is_of_another(crew, c->x.request.target))
		crew->n++;
}

bool
crew_keeps(const struct connection *c)
{
	struct door *door = c->door;
	struct crew *crew = &door->crew;
	int64_t now = clock_boot(&clock_system);
	bool is_pressing;

	if (!c->is_post || door->house.conf->senders < 2)
		return false;
	is_pressing = crew->n >= MANY;
	if (crew->fd == 0) {
		place_take(crew, door->house.conf);
		is_pressing |= crew->place > 0;
	}
	if (crew->place == -1 || !is_pressing || crew->kept != NULL ||
	    door->leaving || now < crew->next)
		return false;
	crew->next = now + PAUSE_MS;
	return crew_is_short(crew, door->house.conf->senders);
}

void
crew_keep(struct connection *c)
{
	struct crew *crew = &c->door->crew;

	crew->kept = c;
	crew->until = clock_boot(&clock_system) + KEEP_MS;
	log_debug("fcgi", "kept until there are more that take what is sent");
}

struct connection *
crew_release(struct door *door)
{
	struct crew *crew = &door->crew;
	struct connection *c = crew->kept;

	if (c == NULL || (!door->leaving && clock_boot(&clock_system) < crew->until &&
	    crew_is_short(crew, door->house.conf->senders)))
		return NULL;
	crew->kept = NULL;
	return c;
}

void
crew_forget(struct connection *c)
{
	if (c->door->crew.kept == c)
		c->door->crew.kept = NULL;
}

void
crew_fini(struct crew *crew)
{
	if (crew->fd > 0)
		close(crew->fd);
	buf_free(&crew->session);
}
