/*
 * check_places.c - options that name a place or an address, tried
 *
 * A responder tries them when it starts, and says what is wrong where nobody
 * looks; so `siogate check` does what it would do, and leaves nothing behind.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/mem.h"
#include "ctl/check.h"
#include "http/peer.h"

/* The folder that a file lies in; yours. */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_strdup(".");
	return mem_slicedup(slice_of(path, slash == path ? 1 : (size_t)(slash - path)));
}

/* NULL, or what keeps us from making a file there (yours). */
static char *
folder_fault(const char *path)
{
	char *folder = folder_of(path), *fault = NULL;

	if (access(folder, W_OK | X_OK) != 0)
		fault = mem_printf("%s: the folder %s: %s", path, folder,
		    strerror(errno));
	free(folder);
	return fault;
}

void
check_log(struct findings *f)
{
	const char *path = f->ctl->conf->log;
	char *fault = NULL;
	int fd;

	if (path[0] == '\0') {
		found(f, true, "log", "what the web server does with standard error");
		return;
	}
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
	if (fd != -1)
		close(fd);
	else if (errno == ENOENT)
		fault = folder_fault(path);
	else
		fault = mem_printf("%s: %s", path, strerror(errno));
	found(f, fault == NULL, "log can be written", fault == NULL ? path : fault);
	free(fault);
}

/* ---- listen ------------------------------------------------------------------------ */

static char *
unix_fault(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return folder_fault(path);
	return S_ISSOCK(st.st_mode) ? NULL : mem_printf("%s: is there, and no socket",
	    path);
}

/* In use is as it should be while the responder runs. */
static char *
bind_fault(const char *at, const struct addrinfo *a)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	char *fault = NULL;

	if (fd != -1)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd == -1 || (bind(fd, a->ai_addr, a->ai_addrlen) != 0 &&
	    errno != EADDRINUSE))
		fault = mem_printf("%s: %s", at, strerror(errno));
	if (fd != -1)
		close(fd);
	return fault;
}

static char *
inet_fault(const char *at)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	const char *colon = strrchr(at, ':');
	struct slice host = slice_of(at, (size_t)(colon - at));
	struct addrinfo *found_r = NULL;
	char *name, *fault;
	int got;

	if (host.n == 0 || slice_is(host, "localhost"))
		host = SLICE("127.0.0.1");
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_of(host.p + 1, host.n - 2);
	name = mem_slicedup(host);
	if ((got = getaddrinfo(name, colon + 1, &hints, &found_r)) != 0) {
		fault = mem_printf("%s: %s", at, gai_strerror(got));
	} else {
		fault = bind_fault(at, found_r);
		freeaddrinfo(found_r);
	}
	free(name);
	return fault;
}

void
check_listen(struct findings *f)
{
	const char *at = f->ctl->conf->listen;
	char *fault;

	if (at[0] == '\0')
		return;                 /* the web server hands a socket over */
	if (strchr(at, '/') != NULL || strrchr(at, ':') == NULL)
		fault = unix_fault(at);
	else
		fault = inet_fault(at);
	found(f, fault == NULL, "listen can be opened", fault == NULL ? at : fault);
	free(fault);
}

/* ---- trusted_proxies ------------------------------------------------------------------ */

void
check_proxies(struct findings *f)
{
	const char *list = f->ctl->conf->trusted_proxies;
	struct slice bad;
	char *fault;

	if (peers_check(list, &bad)) {
		found(f, true, "trusted_proxies", list[0] == '\0' ?
		    "nobody's X-Forwarded-For is believed" : list);
		return;
	}
	fault = mem_printf("'%.*s' is no address: write numbers, as 10.0.0.0/8 or ::1",
	    SLICE_ARGS(bad));
	found(f, false, "trusted_proxies", fault);
	free(fault);
}
