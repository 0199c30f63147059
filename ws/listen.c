/*
 * listen.c - a listening socket that processes share
 *
 * With SO_REUSEPORT the kernel spreads new connections over all processes that
 * listen on the port; it lets only one account's processes do that together.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "ws/door_private.h"

enum { BACKLOG = 4096 };

/* "[::1]" is how an address with colons is written before a port. */
static bool
host_copy(struct slice host, char text_r[INET6_ADDRSTRLEN])
{
	if (host.n == 0 || slice_is(host, "localhost"))
		host = SLICE("127.0.0.1");
	else if (slice_is(host, "*"))
		host = SLICE("0.0.0.0");
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_of(host.p + 1, host.n - 2);
	if (host.n >= INET6_ADDRSTRLEN)
		return false;
	memcpy(text_r, host.p, host.n);
	text_r[host.n] = '\0';
	return true;
}

bool
listen_address(const char *at, struct sockaddr_storage *address_r,
    socklen_t *n_r)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address_r;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address_r;
	const char *colon = strrchr(at, ':');
	char host[INET6_ADDRSTRLEN];
	int64_t port;

	*address_r = (struct sockaddr_storage){ .ss_family = AF_INET };
	*n_r = sizeof(*v4);
	if (colon == NULL || !slice_int64(slice_str(colon + 1), &port) ||
	    port < 0 || port > 65535 ||
	    !host_copy(slice_of(at, (size_t)(colon - at)), host))
		return false;
	v4->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1)
		return true;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	*n_r = sizeof(*v6);
	return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1;
}

enum rc
listen_at(const char *at, int *fd_r, char **error_r)
{
	struct sockaddr_storage address;
	socklen_t n;
	int on = 1, fd;

	*fd_r = -1;
	if (!listen_address(at, &address, &n)) {
		*error_r = mem_printf("listen: not host:port with a number for a "
		    "host: %s", at);
		return RC_BAD_INPUT;
	}
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	/* What is accepted inherits it: every turn's bytes leave at once. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fd == -1 || bind(fd, (struct sockaddr *)&address, n) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		*error_r = mem_printf("listen: %s: %s", at, strerror(errno));
		if (fd != -1)
			close(fd);
		return RC_IO;
	}
	*fd_r = fd;
	return RC_OK;
}

void
listen_name(int fd, char host_r[46], char port_r[8])
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
	socklen_t n = sizeof(address);
	unsigned port = 0;

	host_r[0] = '\0';
	if (getsockname(fd, (struct sockaddr *)&address, &n) == 0 &&
	    address.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host_r, 46);
		port = ntohs(v6->sin6_port);
	} else if (address.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, host_r, 46);
		port = ntohs(v4->sin_port);
	}
	snprintf(port_r, 8, "%u", port & 0xffff);
}

/* From a process that was here before, or new. */
static enum rc
listener_open(struct door *door, const char *at, int *fd_r, char **error_r)
{
	struct sockaddr_storage address;
	socklen_t n;

	*fd_r = listen_address(at, &address, &n) ?
	    inherited_take(&door->inherited, &address) : -1;
	return *fd_r != -1 ? RC_OK : listen_at(at, fd_r, error_r);
}

static enum rc
listener_add(struct door *door, struct slice word, bool is_policy, char **error_r)
{
	struct listener *l = &door->listeners[door->n_listeners];
	bool is_tls = slice_starts(word, SLICE("tls:"));
	char *at;
	enum rc rc;

	if (door->n_listeners == LISTENERS_MAX) {
		*error_r = mem_printf("ws_listen, flash_listen: more than %d "
		    "addresses", LISTENERS_MAX);
		return RC_BAD_INPUT;
	}
	if (is_tls)
		word = slice_skip(word, 4);
	if (is_tls && door->tls == NULL) {
		*error_r = mem_strdup("ws_listen: tls: needs the options "
		    "tls_certificate and tls_key");
		return RC_BAD_INPUT;
	}
	at = mem_slicedup(word);
	rc = listener_open(door, at, &l->fd, error_r);
	free(at);
	if (rc != RC_OK)
		return rc;
	l->door = door;
	l->is_tls = is_tls;
	l->is_policy = is_policy;
	listen_name(l->fd, l->host, l->port);
	log_info("ws", "listening at=%.*s for=%s port=%s", SLICE_ARGS(word),
	    is_policy ? "policy" : is_tls ? "tls" : "http", l->port);
	door->n_listeners++;
	return RC_OK;
}

enum rc
listen_open(struct door *door, const char *list, bool is_policy, char **error_r)
{
	struct slice rest = slice_str(list), word;
	enum rc rc = RC_OK;

	while (rc == RC_OK && slice_cut(&rest, ' ', &word))
		if (word.n > 0)
			rc = listener_add(door, word, is_policy, error_r);
	return rc;
}
