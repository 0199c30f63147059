/*
 * door_private.h - the FastCGI door, as its files share it
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FCGI_DOOR_PRIVATE_H
#define FCGI_DOOR_PRIVATE_H

#include <sys/queue.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/mem.h"
#include "fcgi/arrival.h"
#include "http/house.h"
#include "http/http.h"

enum connection_state {
	CONNECTION_READING,     /* idle, or a part of a request is here */
	CONNECTION_SERVING,     /* the http floor has the request */
	CONNECTION_STREAMING,   /* its answer was begun and goes on */
	CONNECTION_KEPT,        /* answered, but its end is not said yet (crew.c) */
	CONNECTION_WRITING,     /* the front does not read as fast as we write */
	CONNECTION__COUNT
};

struct door;

/* Small, since a parked poll is one of these and little else. */
struct connection {
	LIST_ENTRY(connection) link;
	struct door *door;
	int fd;
	enum connection_state state;
	unsigned watched;               /* epoll events; 0: not in the set */
	unsigned id;                    /* of the request */
	bool keep;
	bool is_post;                   /* the request, whose text is gone by now */
	bool is_old;                    /* READING: seen by the last sweep, too */
	struct arrival arrival;
	struct buf body;
	struct buf out;                 /* STREAMING, KEPT, WRITING: what is left */
	struct http_exchange x;
};
LIST_HEAD(connection_list, connection);

struct crew {
	int fd;                         /* 0: not tried yet, -1: cannot be opened */
	int64_t place;                  /* -1: none */
	int64_t second;                 /* boot ms: since when n were served */
	unsigned n;
	struct buf session;             /* whose the last one was */
	int64_t next;                   /* boot ms: not again before */
	struct connection *kept;        /* NULL: none */
	int64_t until;
};

struct door {
	struct house house;
	int listener;                   /* -1: no more */
	int set;                        /* epoll: listener, store, connections */
	struct connection_list fresh;   /* met in this turn, not watched yet */
	struct connection_list seated;  /* watched */
	struct connection_list ready;   /* READING: more than one request was there */
	struct shelf spare;             /* closed ones, to be used again */
	size_t n_connections, n_busy;   /* busy: not READING */
	uint64_t n_served;              /* requests so far */
	bool woken, leaving;
	int calls;                      /* descriptor of backend calls that is watched; -1 */
	bool calls_ready;
	int64_t accept_after;           /* boot ms: no descriptors till then; 0 */
	struct buf content, answer;     /* of the response that is being made */
	struct buf reply;               /* to the front itself */
	struct crew crew;
};

/* connection.c */
void connection_take(struct door *door, int fd);
void connection_event(struct connection *c, unsigned events);
/* What came behind a request that is answered now is read. */
void connections_catch_up(struct door *door);
/* Says the end of one that was kept. */
void connection_release(struct connection *c);
/* All that were met in this turn and wait are watched from now on. */
void connections_seat(struct door *door);
/* Closes those that sent half a request, and nothing since the last sweep. */
void connections_sweep(struct door *door);
void connections_close(struct door *door);

/* response.c: status line, headers and body as CGI wants them. */
void response_write(struct buf *out, const struct http_response *response);

/* crew.c: a request is here, with its text. */
void crew_hear(const struct connection *c);
/* Whether the front should think that this request goes on. */
bool crew_keeps(const struct connection *c);
void crew_keep(struct connection *c);
/* The one that was kept long enough, or NULL. */
struct connection *crew_release(struct door *door);
void crew_forget(struct connection *c);
void crew_fini(struct crew *crew);

/* stream.c: what a connection can do for http_exchange.stream. */
extern const struct http_stream_ops connection_stream;
/* connection.c, for it. */
void connection_enter(struct connection *c, enum connection_state next);
void connection_watch(struct connection *c, unsigned events);
void connection_close(struct connection *c);
void connection_done(struct connection *c);
/* How much the front took; -1: it is gone. */
ssize_t connection_send(const struct connection *c, struct slice s);

/* loop.c: serves until SIGTERM.  0: as it should be. */
int loop_run(struct door *door);

/* cgi.c: one request from the environment. */
int cgi_run(struct house *house);

/* listen.c: a listening socket at PATH or HOST:PORT.  RC_IO: error_r says why. */
enum rc listen_open(const char *at, mode_t mode, int *fd_r, char **error_r);
/* Takes the socket's name away, if it is still ours. */
void listen_close(const char *at, int *fd);

#endif
