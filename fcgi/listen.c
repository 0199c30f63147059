/*
 * listen.c - a socket of our own, for an external responder
 *
 * A Unix socket is 0660 at most by default and never replaced while somebody
 * listens on it: two responders on one name would be a fight that the log of
 * neither explains.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "fcgi/door_private.h"

/* A full queue is an error page at once in every front: as long as allowed. */
enum { BACKLOG = 4096 };

/* "host:port", ":port" or "[::1]:port"; anything with a slash is a path. */
static bool
is_address(const char *at)
{
	const char *colon = strrchr(at, ':');

	return strchr(at, '/') == NULL && colon != NULL && colon[1] != '\0' &&
	    strspn(colon + 1, "0123456789") == strlen(colon + 1);
}

static bool
somebody_listens(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool listens;

	if (fd == -1)
		return true;
	listens = connect(fd, (const struct sockaddr *)address,
	    sizeof(*address)) == 0 || errno == EAGAIN;
	close(fd);
	return listens;
}

/* Takes a name away that a dead responder left; RC_CLASH: it is not one. */
static enum rc
stale_remove(const struct sockaddr_un *address)
{
	struct stat st;

	if (lstat(address->sun_path, &st) == -1)
		return RC_OK;
	if (!S_ISSOCK(st.st_mode) || somebody_listens(address))
		return RC_CLASH;
	return unlink(address->sun_path) == 0 || errno == ENOENT ? RC_OK : RC_IO;
}

static enum rc
unix_open(const char *path, mode_t mode, int fd, char **error_r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int bound;

	if (strlen(path) >= sizeof(address.sun_path)) {
		*error_r = mem_printf("listen: the name of a Unix socket ends at %zu "
		    "bytes, this one has %zu: %s", sizeof(address.sun_path) - 1,
		    strlen(path), path);
		return RC_TOO_BIG;
	}
	memcpy(address.sun_path, path, strlen(path));
	if (stale_remove(&address) == RC_CLASH) {
		*error_r = mem_printf("listen: somebody listens there already, or "
		    "it is no socket: %s", path);
		return RC_CLASH;
	}
	mask = umask(~mode & 0777);     /* never wider, not for a moment */
	bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (bound == -1 || chmod(path, mode) == -1) {
		*error_r = mem_printf("listen: %s: %s", path, strerror(errno));
		return RC_IO;
	}
	return RC_OK;
}

/* Numbers only: asking for names would load half a resolver. */
static bool
address_parse(struct slice host, struct slice port,
    struct sockaddr_storage *address_r, socklen_t *n_r)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address_r;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address_r;
	char text[INET6_ADDRSTRLEN];
	int64_t number;

	*address_r = (struct sockaddr_storage){ .ss_family = AF_INET };
	*n_r = sizeof(*v4);
	/* Without a host: this machine only.  FastCGI knows no password. */
	if (host.n == 0 || slice_is(host, "localhost"))
		host = SLICE("127.0.0.1");
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_of(host.p + 1, host.n - 2);
	if (host.n >= sizeof(text) || !slice_int64(port, &number) ||
	    number < 0 || number > 65535)
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	v4->sin_port = htons((uint16_t)number);
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		return true;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)number);
	*n_r = sizeof(*v6);
	return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
}

static enum rc
address_open(const char *at, int *fd_r, char **error_r)
{
	const char *colon = strrchr(at, ':');
	struct sockaddr_storage address;
	socklen_t n;
	int on = 1;

	if (!address_parse(slice_of(at, (size_t)(colon - at)),
	    slice_str(colon + 1), &address, &n)) {
		*error_r = mem_printf("listen: not an address: %s", at);
		return RC_BAD_INPUT;
	}
	*fd_r = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(*fd_r, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(*fd_r, (struct sockaddr *)&address, n) == -1) {
		*error_r = mem_printf("listen: %s: %s", at, strerror(errno));
		return RC_IO;
	}
	return RC_OK;
}

enum rc
listen_open(const char *at, mode_t mode, int *fd_r, char **error_r)
{
	enum rc rc;

	*fd_r = -1;
	if (is_address(at)) {
		rc = address_open(at, fd_r, error_r);
	} else {
		*fd_r = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		rc = unix_open(at, mode, *fd_r, error_r);
	}
	if (rc == RC_OK && listen(*fd_r, BACKLOG) == -1) {
		*error_r = mem_printf("listen: %s: %s", at, strerror(errno));
		rc = RC_IO;
	}
	if (rc != RC_OK && *fd_r != -1) {
		close(*fd_r);
		*fd_r = -1;
	}
	return rc;
}

void
listen_close(const char *at, int *fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (*fd != -1)
		close(*fd);
	*fd = -1;
	if (is_address(at))
		return;
	/* A successor may have taken the name meanwhile: then it stays. */
	memcpy(address.sun_path, at, strlen(at));
	stale_remove(&address);
}
