/*
 * door_private.h - the WebSocket door, as its files share it
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_DOOR_PRIVATE_H
#define WS_DOOR_PRIVATE_H

#include <sys/socket.h>

#include "base/buf.h"
#include "base/rc.h"
#include "http/house.h"
#include "ws/extension.h"
#include "ws/http1.h"
#include "ws/live.h"
#include "ws/packed.h"
#include "ws/socket.h"
#include "ws/stream.h"

struct app_proxy;
struct conf;
struct engine;
struct files;
struct gateway;
struct store;

struct door {
	struct house house;
	const struct conf *conf;        /* these four: the house's */
	struct store *store;
	struct engine *engine;
	struct gateway *gateway;
	struct files *files;            /* NULL: no static_dir */
	struct app_proxy *app;          /* NULL: no app */
	int listener;                   /* -1: no more */
	char host[46], port[8];         /* of the listener */
	struct streams streams;
	struct http1_list waiting;      /* pipelined requests are there */
	struct live_list lives;         /* WebSockets, and who would like to be one */
	struct live_list halted;        /* of these: to be read on after a turn */
	struct socket_limits limits;
	struct extension_conf extensions;
	struct packed packed;
	size_t n_busy;                  /* requests that are being served */
	size_t max_body;
	int calls;                      /* descriptor of backend calls that is watched; -1 */
	bool leaving;                   /* every answer closes its connection */
	struct buf answer;              /* head of the one that is being made */
};

/* loop.c: serves until SIGTERM. */
int loop_run(struct door *door);

/* listen.c: a listening socket at HOST:PORT that others may share.  RC_IO:
 * error_r says why. */
enum rc listen_open(const char *at, int *fd_r, char **error_r);
/* HOST:PORT with a number for a host; false: it is none. */
bool listen_address(const char *at, struct sockaddr_storage *address_r,
    socklen_t *n_r);
/* As numbers; with port 0 the kernel has chosen one. */
void listen_name(int fd, char host_r[46], char port_r[8]);

#endif
