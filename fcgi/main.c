/*
 * main.c - siogate.fcgi: how were we started?
 *
 * Detected, not configured:
 *   - --listen: an external responder on that address
 *   - descriptor 0 listens: child of lighttpd, spawn-fcgi or mod_fcgid
 *   - REQUEST_METHOD is in the environment: CGI, one request
 *   - the option `listen`: an external responder again
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/conf.h"
#include "base/log.h"
#include "fcgi/door_private.h"
#include "fcgi/environment.h"

struct arguments {
	const char *listen, *config;
	mode_t mode;
};

static const char usage[] = "[--config FILE] [--listen PATH|HOST:PORT "
    "[--mode 0660]]\n\n"
    "A Socket.IO gateway.  Started by a web server it finds out by itself whether it\n"
    "is a FastCGI child or a CGI program; --listen makes it an external responder.";

/* -1: go on; else the exit status. */
static int
command_line_read(int argc, char **argv, struct arguments *arguments_r)
{
	const char *mode = "0660";
	const struct argument table[] = {
		{ "config", 'c', &arguments_r->config },
		{ "listen", 'l', &arguments_r->listen },
		{ "mode", 'm', &mode },
	};
	int status = arguments_read("siogate.fcgi", usage, table,
	    N_ELEMENTS(table), argc, argv);
	char *end;

	arguments_r->mode = (mode_t)strtoul(mode, &end, 8);
	if (status == -1 &&
	    (*end != '\0' || mode == end || arguments_r->mode > 0777)) {
		fprintf(stderr, "siogate.fcgi: --mode is an octal number such as "
		    "0660, not %s\n", mode);
		return EXIT_USAGE;
	}
	return status;
}

/*
 * Words of a query without "=" are a CGI program's arguments (RFC 3875, 4.4): they
 * are the visitor's, who has nothing to configure here.
 */
static bool
arguments_are_foreign(void)
{
	const char *query = getenv("QUERY_STRING");

	return getenv("REQUEST_METHOD") != NULL && query != NULL &&
	    query[0] != '\0' && strchr(query, '=') == NULL;
}

static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t n = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) == 0 && on;
}

static int
responder_run(struct door *door, const char *at, mode_t mode)
{
	char *error = NULL;
	int status;

	if (listen_open(at, mode, &door->listener, &error) != RC_OK) {
		log_error("fcgi", "%s", error);
		free(error);
		return EXIT_FAILURE;
	}
	log_info("fcgi", "listening at=%s", at);
	status = loop_run(door);
	listen_close(at, &door->listener);
	return status;
}

static int
door_run(struct door *door, const struct arguments *arguments)
{
	const char *at = arguments->listen;

	if (at == NULL && is_listening(STDIN_FILENO)) {
		door->listener = STDIN_FILENO;
		return loop_run(door);
	}
	if (at == NULL && getenv("REQUEST_METHOD") != NULL)
		return cgi_run(&door->house);
	if (at == NULL && door->house.conf->listen[0] != '\0')
		at = door->house.conf->listen;
	if (at != NULL)
		return responder_run(door, at, arguments->mode);
	fprintf(stderr, "siogate.fcgi: no web server started this, and neither "
	    "--listen nor the option\n`listen` names an address.  Try "
	    "siogate.fcgi --help.\n");
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	struct arguments arguments = { NULL, NULL, 0 };
	struct door door = { .listener = -1, .set = -1 };
	int status = command_line_read(arguments_are_foreign() ? 1 : argc, argv,
	    &arguments);

	if (status != -1)
		return status;
	signal(SIGPIPE, SIG_IGN);
	LIST_INIT(&door.fresh);
	LIST_INIT(&door.seated);
	LIST_INIT(&door.ready);
	door.house.door = "fcgi";
	door.house.path = arguments.config;
	door.house.max_parked = house_descriptors();
	house_open(&door.house);
	status = door_run(&door, &arguments);
	house_close(&door.house);
	environment_fini();
	log_close();
	return status;
}
