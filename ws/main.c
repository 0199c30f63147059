/*
 * main.c - siogate-ws: sockets and plain HTTP, with or without a web server
 *
 * Somebody starts this program on purpose and reads what it says, so what cannot
 * be opened ends it with a sentence; a supervisor tries again.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "handlers/handlers.h"
#include "http/http.h"
#include "session/engine.h"
#include "session/setup.h"
#include "store/store.h"
#include "ws/deflate.h"
#include "ws/door_private.h"
#include "ws/files.h"

enum { EXIT_USAGE = 2, DESCRIPTORS_OTHER = 64 };

/* What may wait for a client that reads too slowly, before it is closed: a few
 * great messages, or many small ones. */
enum { SLOW_PAYLOADS = 4, SLOW_MIN = 1 << 20 };

struct arguments {
	const char *config, *listen, *folder;
};

static void
help_print(void)
{
	struct buf options = BUF_INIT;

	conf_print_help(&options);
	printf("usage: siogate-ws [--config FILE] [--listen HOST:PORT] "
	    "[--static FOLDER]\n\n"
	    "A Socket.IO server on a port of its own.  Several may share a port and "
	    "a store.\n--static serves a folder of files at all other addresses.\n\n"
	    "Options of siogate.conf:\n%.*s", SLICE_ARGS(buf_slice(&options)));
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
		{ "static", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	*arguments_r = (struct arguments){ NULL, NULL, NULL };
	while ((c = getopt_long(argc, argv, "c:hl:s:V", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			arguments_r->config = optarg;
			break;
		case 'h':
			help_print();
			return EXIT_SUCCESS;
		case 'l':
			arguments_r->listen = optarg;
			break;
		case 's':
			arguments_r->folder = optarg;
			break;
		case 'V':
			printf("siogate " PACKAGE_VERSION "\n");
			return EXIT_SUCCESS;
		default:
			fprintf(stderr, "Try siogate-ws --help.\n");
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "siogate-ws: unknown argument %s.  Try siogate-ws --help.\n",
	    argv[optind]);
	return EXIT_USAGE;
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

static enum rc
conf_open(struct door *door, const struct arguments *arguments, char **error)
{
	enum log_level level = LOG_LEVEL_INFO;
	enum rc rc = conf_load(arguments->config, &door->conf, error);

	log_level_parse(door->conf->log_level, &level);
	log_open(level, door->conf->log[0] == '\0' ? NULL : door->conf->log,
	    door->conf->log_max_size);
	if (rc == RC_OK && arguments->listen != NULL)
		rc = conf_set(door->conf, "ws_listen", arguments->listen, error);
	if (rc == RC_OK && arguments->folder != NULL)
		rc = conf_set(door->conf, "static_dir", arguments->folder, error);
	return rc;
}

static enum rc
store_and_engine_open(struct door *door, char **error)
{
	size_t limit = descriptors_raise(), wanted;
	enum rc rc;

	wanted = (size_t)door->conf->max_parked;
	if (wanted > 0 && (limit == 0 || wanted < limit))
		limit = wanted;
	if ((rc = setup_store(door->conf, &clock_system, &door->store,
	    error)) != RC_OK)
		return rc;
	if (store_wake_fd(door->store) == -1) {
		*error = mem_strdup(store_error(door->store));
		return RC_IO;
	}
	if ((rc = handlers_new(door->conf, &door->handlers, error)) != RC_OK)
		return rc;
	door->engine = setup_engine(door->conf, door->store,
	    handlers_app(door->handlers), &clock_system, limit);
	door->gateway = gateway_new(door->conf, door->engine, NULL);
	log_info("ws", "polls=%zu", limit);
	return RC_OK;
}

static void
compression_open(struct door *door)
{
	const struct conf *conf = door->conf;

	door->extensions = (struct extension_conf){
		.is_on = conf->ws_compression,
		.window = (uint8_t)conf->ws_compression_window,
		.may_remember = conf->ws_compression_context,
	};
	door->packed.threshold = (size_t)conf->ws_compression_threshold;
	door->packed.deflate = deflate_new((int)conf->ws_compression_memory);
	door->limits.packed = &door->packed;
}

static enum rc
door_open(struct door *door, const struct arguments *arguments, char **error)
{
	enum rc rc;

	if ((rc = conf_open(door, arguments, error)) != RC_OK)
		return rc;
	door->max_body = (size_t)door->conf->max_payload;
	door->limits.message = door->max_body;
	door->limits.out = SLOW_PAYLOADS * door->max_body > SLOW_MIN ?
	    SLOW_PAYLOADS * door->max_body : SLOW_MIN;
	compression_open(door);
	if (door->conf->static_dir[0] != '\0' &&
	    (rc = conf_check_place(door->conf, door->conf->static_dir,
	    error)) != RC_OK)
		return rc;
	if (door->conf->static_dir[0] != '\0' &&
	    (rc = files_open(door->conf->static_dir, &door->files, error)) != RC_OK)
		return rc;
	if ((rc = store_and_engine_open(door, error)) != RC_OK)
		return rc;
	if ((rc = listen_open(door->conf->ws_listen, &door->listener,
	    error)) != RC_OK)
		return rc;
	listen_name(door->listener, door->host, door->port);
	return RC_OK;
}

static void
door_close(struct door *door)
{
	gateway_free(&door->gateway);
	engine_free(&door->engine);
	if (door->handlers != NULL)
		handlers_free(&door->handlers);
	if (door->store != NULL)
		store_close(&door->store);
	files_close(&door->files);
	deflate_free(&door->packed.deflate);
	conf_free(&door->conf);
}

int
main(int argc, char **argv)
{
	struct door door = { .listener = -1 };
	struct arguments arguments;
	char *error = NULL;
	int status = arguments_read(argc, argv, &arguments);

	if (status != -1)
		return status;
	signal(SIGPIPE, SIG_IGN);
	if (door_open(&door, &arguments, &error) == RC_OK) {
		log_info("ws", "listening at=%s port=%s", door.conf->ws_listen,
		    door.port);
		status = loop_run(&door);
	} else {
		fprintf(stderr, "siogate-ws: %s\n", error);
		log_error("ws", "cannot start: %s", error);
		status = EXIT_FAILURE;
	}
	free(error);
	door_close(&door);
	log_close();
	return status;
}
