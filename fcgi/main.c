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

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"
#include "fcgi/door_private.h"
#include "fcgi/environment.h"

enum { EXIT_USAGE = 2, DESCRIPTORS_OTHER = 64 };

struct arguments {
	const char *listen, *config;
	mode_t mode;
};

static void
help_print(FILE *to)
{
	struct buf options = BUF_INIT;

	conf_print_help(&options);
	fprintf(to, "usage: siogate.fcgi [--config FILE] "
	    "[--listen PATH|HOST:PORT [--mode 0660]]\n\n"
	    "A Socket.IO gateway.  Started by a web server it finds out by itself "
	    "whether it\nis a FastCGI child or a CGI program; --listen makes it an "
	    "external responder.\n\nOptions of siogate.conf:\n%.*s",
	    SLICE_ARGS(buf_slice(&options)));
	buf_free(&options);
}

/* -1: go on; else the exit status. */
static int
arguments_read(int argc, char **argv, struct arguments *arguments_r)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "listen", required_argument, NULL, 'l' },
		{ "mode", required_argument, NULL, 'm' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	char *end;
	int c;

	*arguments_r = (struct arguments){ .mode = 0660 };
	while ((c = getopt_long(argc, argv, "c:hl:m:V", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			arguments_r->config = optarg;
			break;
		case 'h':
			help_print(stdout);
			return EXIT_SUCCESS;
		case 'l':
			arguments_r->listen = optarg;
			break;
		case 'm':
			arguments_r->mode = (mode_t)strtoul(optarg, &end, 8);
			if (*end == '\0' && optarg != end &&
			    arguments_r->mode <= 0777)
				break;
			fprintf(stderr, "siogate.fcgi: --mode is an octal number "
			    "such as 0660, not %s\n", optarg);
			return EXIT_USAGE;
		case 'V':
			printf("siogate " PACKAGE_VERSION "\n");
			return EXIT_SUCCESS;
		default:
			fprintf(stderr, "Try siogate.fcgi --help.\n");
			return EXIT_USAGE;
		}
	}
	return -1;
}

static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t n = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) == 0 && on;
}

/* All the descriptors that we may have; how many polls they are good for. */
static size_t
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return 0;
	return limit.rlim_cur > 2 * DESCRIPTORS_OTHER ?
	    limit.rlim_cur - DESCRIPTORS_OTHER : limit.rlim_cur / 2;
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
	struct arguments arguments;
	struct door door = { .listener = -1, .set = -1 };
	int status = arguments_read(argc, argv, &arguments);

	if (status != -1)
		return status;
	signal(SIGPIPE, SIG_IGN);
	LIST_INIT(&door.fresh);
	LIST_INIT(&door.seated);
	LIST_INIT(&door.ready);
	door.house.path = arguments.config;
	door.house.max_parked = descriptors_raise();
	house_open(&door.house);
	status = door_run(&door, &arguments);
	house_close(&door.house);
	environment_fini();
	log_close();
	return status;
}
