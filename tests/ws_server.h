/*
 * ws_server.h - siogate-ws in a folder of its own, and a client by hand
 *
 * Bytes are sent as they stand in a test, so that it can send halves of them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_WS_SERVER_H
#define TESTS_WS_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tests/t.h"

enum { PATIENCE_MS = 60000 };

static char server_dir[] = "/tmp/siogate-ws-XXXXXX";
static struct sockaddr_in server_address;
static int server_place = -1;           /* keeps the port ours, listens not */
static pid_t server_pid;

static inline void
server_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", server_dir, name);
	FILE *f = fopen(path, "w");

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	fputs(text, f);
	fclose(f);
	free(path);
}

static inline void
server_init(void)
{
	struct sockaddr_in *a = &server_address;
	socklen_t n = sizeof(*a);
	int on = 1;

	signal(SIGPIPE, SIG_IGN);
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server_place = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(server_place, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (mkdtemp(server_dir) == NULL ||
	    bind(server_place, (struct sockaddr *)a, n) == -1 ||
	    getsockname(server_place, (struct sockaddr *)a, &n) == -1) {
		perror(server_dir);
		exit(1);
	}
}

static inline void
server_fini(void)
{
	char *command = mem_printf("rm -rf '%s'", server_dir);

	if (system(command) != 0)
		perror("rm");
	free(command);
	close(server_place);
}

static inline int
server_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&server_address,
	    sizeof(server_address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static inline pid_t
server_spawn(const char *const *argv)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	execv(PROGRAM, (char *const *)argv);
	perror(PROGRAM);
	_exit(127);
}

/* Its line in the log: a connection would not tell which process took it. */
static inline bool
server_listens(pid_t pid)
{
	char *path = mem_printf("%s/log", server_dir), line[512], want[64];
	FILE *f = fopen(path, "r");
	bool listens = false;

	free(path);
	snprintf(want, sizeof(want), "pid=%d listening", (int)pid);
	while (f != NULL && !listens && fgets(line, sizeof(line), f) != NULL)
		listens = strstr(line, want) != NULL;
	if (f != NULL)
		fclose(f);
	return listens;
}

/* more: further lines of siogate.conf.  Returns when it listens. */
static inline void
server_start(const char *more)
{
	char *conf = mem_printf("%s/siogate.conf", server_dir), *text, at[32];
	const char *argv[] = { "siogate-ws", "--config", conf, "--listen", at, NULL };
	int tries;

	snprintf(at, sizeof(at), "127.0.0.1:%u", ntohs(server_address.sin_port));
	text = mem_printf("store = %s/store\nclient_dir = %s/client\n"
	    "log = %s/log\nlog_level = info\n%s", server_dir, server_dir,
	    server_dir, more);
	server_file("siogate.conf", text);
	server_pid = server_spawn(argv);
	for (tries = 0; tries < 12000 && !server_listens(server_pid); tries++)
		usleep(5000);   /* a file tells nobody that it grows */
	free(text);
	free(conf);
}

/* The exit status; 128 + signal if one ended it. */
static inline int
server_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline int
server_stop(void)
{
	pid_t pid = server_pid;

	server_pid = 0;
	kill(pid, SIGTERM);
	return server_wait(pid);
}

/* ---- a client ---------------------------------------------------------------- */

static inline bool
client_send(int fd, struct slice bytes)
{
	ssize_t n;

	while (bytes.n > 0) {
		if ((n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL)) <= 0)
			return false;
		bytes = slice_skip(bytes, (size_t)n);
	}
	return true;
}

#define SEND(fd, literal) T_OK(client_send(fd, SLICE(literal)))

/* One more piece; false: the end, or silence. */
static inline bool
client_more(int fd, struct buf *in)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, PATIENCE_MS) <= 0)
		return false;
	buf_reserve(in, 65536);
	if ((n = recv(fd, in->p + in->n, 65535, 0)) <= 0)
		return false;
	in->n += (size_t)n;
	in->p[in->n] = '\0';
	return true;
}

/* An answer; what came behind it stays in rest. */
struct fcgi_answer {
	int status;
	char *head, *body;      /* in all */
	size_t body_n;
	struct buf all;
};

static inline void
answer_free(struct fcgi_answer *a)
{
	buf_free(&a->all);
	*a = (struct fcgi_answer){ .status = 0 };
}

/* The value of a header of the answer; "" if there is none. */
static inline const char *
answer_header(const struct fcgi_answer *a, const char *name)
{
	static char value[512];
	char *line = strcasestr(a->head, name), *end;

	value[0] = '\0';
	if (line == NULL || line >= a->body ||
	    line[strlen(name)] != ':' || line[-1] != '\n')
		return value;
	line += strlen(name) + 2;
	end = strstr(line, "\r\n");
	snprintf(value, sizeof(value), "%.*s", (int)(end - line), line);
	return value;
}

/* Reads one answer; rest holds what was read beyond it, from call to call. */
static inline bool
client_receive(int fd, struct buf *rest, struct fcgi_answer *a, bool has_body)
{
	char *end, *length;
	size_t n = 0;

	answer_free(a);
	while (rest->n == 0 || (end = strstr(rest->p, "\r\n\r\n")) == NULL)
		if (!client_more(fd, rest))
			return false;
	if (has_body && (length = strcasestr(rest->p, "\nContent-Length: ")) != NULL &&
	    length < end)
		n = strtoul(length + 17, NULL, 10);
	n += (size_t)(end + 4 - rest->p);
	while (rest->n < n)
		if (!client_more(fd, rest))
			return false;
	buf_add(&a->all, slice_of(rest->p, n));
	buf_char(&a->all, '\0');
	rest->n -= n;
	memmove(rest->p, rest->p + n, rest->n + 1);
	a->head = a->all.p;
	a->body = strstr(a->all.p, "\r\n\r\n") + 4;
	a->body_n = n - (size_t)(a->body - a->all.p);
	a->status = atoi(a->all.p + 9);
	return true;
}

/* Nothing more comes but the end. */
static inline bool
client_is_closed(int fd)
{
	struct buf in = BUF_INIT;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	bool closed = poll(&p, 1, PATIENCE_MS) == 1 && !client_more(fd, &in);

	buf_free(&in);
	return closed;
}

#endif
