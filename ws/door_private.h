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
#include "ws/handover.h"
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
struct tls;

struct door {
	struct house house;
	char **argv;                    /* as it was started */
	const struct conf *conf;        /* these four: the house's */
	struct store *store;
	struct engine *engine;
	struct gateway *gateway;
	struct files *files;            /* NULL: no static_dir */
	struct app_proxy *app;          /* NULL: no app */
	struct listener {
		uv_tcp_t uv;
		struct door *door;
		int fd;
		bool is_tls, is_policy; /* policy: only Flash's question is answered */
		char host[46], port[8];
	} listeners[LISTENERS_MAX];
	size_t n_listeners;
	struct inherited inherited;     /* of a process that was here before */
	struct tls *tls;                /* NULL: no listener wants it */
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
	int64_t leave_from;             /* boot ms: of those who do not go by themselves;
	                                 * 0: they may stay */
	int64_t n_sent_away;            /* WebSockets, since then */
	struct buf answer;              /* head of the one that is being made */
};

/* loop.c: serves until SIGTERM. */
int loop_run(struct door *door);

/* listen.c: listening sockets that others may share, as ws_listen or flash_listen
 * names them.
 * RC_IO, RC_BAD_INPUT: error_r says why. */
enum rc listen_open(struct door *door, const char *list, bool is_policy,
    char **error_r);
/* One of them. */
enum rc listen_at(const char *at, int *fd_r, char **error_r);
/* As numbers; with port 0 the kernel has chosen one. */
void listen_name(int fd, char host_r[46], char port_r[8]);
/* HOST:PORT with a number for a host; false: it is none. */
bool listen_address(const char *at, struct sockaddr_storage *address_r,
    socklen_t *n_r);

#endif
