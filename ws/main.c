/*
 * main.c - siogate-ws: sockets and plain HTTP, with or without a web server
 *
 * Somebody starts this program on purpose and reads what it says, so what cannot
 * be opened ends it with a sentence; a supervisor tries again.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arguments.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store.h"
#include "ws/app.h"
#include "ws/deflate.h"
#include "ws/door_private.h"
#include "ws/files.h"
#include "ws/tls.h"

/* What may wait for a client that reads too slowly, before it is closed: a few
 * great messages, or many small ones. */
enum { SLOW_PAYLOADS = 4, SLOW_MIN = 1 << 20 };

struct arguments {
	const char *config, *listen, *folder;
};

static const char usage[] = "[--config FILE] [--listen [tls:]HOST:PORT] "
    "[--static FOLDER]\n\n"
    "A Socket.IO server on a port of its own.  Several may share a port and a store.\n"
    "--static serves a folder of files at all other addresses.";

/* What the command line says, as if it stood in the file. */
static enum rc
conf_adjust(struct conf *conf, void *arg, char **error)
{
	const struct arguments *arguments = arg;
	enum rc rc = RC_OK;

	if (arguments->listen != NULL)
		rc = conf_set(conf, "ws_listen", arguments->listen, error);
	if (rc == RC_OK && arguments->folder != NULL)
		rc = conf_set(conf, "static_dir", arguments->folder, error);
	return rc;
}

static void
compression_open(struct door *door)
{
	const struct conf *conf = door->house.conf;

	door->extensions = (struct extension_conf){
		.is_on = conf->ws_compression,
		.window = (uint8_t)conf->ws_compression_window,
		.may_remember = conf->ws_compression_context,
	};
	door->packed.threshold = (size_t)conf->ws_compression_threshold;
	door->packed.deflate = deflate_new((int)conf->ws_compression_memory);
	door->limits.packed = &door->packed;
}

/* The house is open; what else is there. */
static enum rc
door_open(struct door *door, char **error)
{
	const struct conf *conf = door->house.conf;
	enum rc rc;

	door->max_body = (size_t)conf->max_payload;
	door->limits.message = door->max_body;
	door->limits.out = SLOW_PAYLOADS * door->max_body > SLOW_MIN ?
	    SLOW_PAYLOADS * door->max_body : SLOW_MIN;
	compression_open(door);
	if (conf->static_dir[0] != '\0' &&
	    (rc = conf_check_place(conf, conf->static_dir, error)) != RC_OK)
		return rc;
	if (conf->static_dir[0] != '\0' &&
	    (rc = files_open(conf->static_dir, &door->files, error)) != RC_OK)
		return rc;
	if (conf->app[0] != '\0' && conf->static_dir[0] != '\0') {
		*error = mem_strdup("app and static_dir both want all other "
		    "addresses: set one of them");
		return RC_BAD_INPUT;
	}
	if (conf->app[0] != '\0' &&
	    (rc = app_open(conf, &door->app, error)) != RC_OK)
		return rc;
	if (conf->tls_certificate[0] != '\0' &&
	    (rc = tls_open(conf->tls_certificate, conf->tls_key[0] == '\0' ?
	    conf->tls_certificate : conf->tls_key, &door->tls, error)) != RC_OK)
		return rc;
	if (conf->flash_listen[0] != '\0' && conf->flash_policy[0] == '\0') {
		*error = mem_strdup("flash_listen without flash_policy: name the "
		    "domains and ports that Flash films may connect from and to");
		return RC_BAD_INPUT;
	}
	if ((rc = listen_open(door, conf->flash_listen, true, error)) != RC_OK)
		return rc;
	if ((rc = listen_open(door, conf->ws_listen, false, error)) != RC_OK)
		return rc;
	if (strstr(conf->transports, "websocket") != NULL)
		store_offer_sockets(door->store);
	return RC_OK;
}

static int
fail(const char *error)
{
	fprintf(stderr, "siogate-ws: %s\n", error);
	return EXIT_FAILURE;
}

static int
door_run(struct door *door)
{
	char *error = NULL;
	int status;

	if (!house_open(&door->house))
		return fail(door->house.said);
	/* Nothing of the house is opened again while we run. */
	door->conf = door->house.conf;
	door->store = door->house.store;
	door->engine = door->house.engine;
	door->gateway = door->house.gateway;
	if (door_open(door, &error) == RC_OK) {
		status = loop_run(door);
	} else {
		log_error("ws", "cannot start: %s", error);
		status = fail(error);
	}
	free(error);
	return status;
}

int
main(int argc, char **argv)
{
	struct door door = { .argv = argv };
	struct arguments arguments = { NULL, NULL, NULL };
	const struct argument table[] = {
		{ "config", 'c', &arguments.config },
		{ "listen", 'l', &arguments.listen },
		{ "static", 's', &arguments.folder },
	};
	int status = arguments_read("siogate-ws", usage, table,
	    N_ELEMENTS(table), argc, argv);

	if (status != -1)
		return status;
	signal(SIGPIPE, SIG_IGN);
	handover_hear(false);           /* before the loop can */
	inherited_read(&door.inherited);
	door.house = (struct house){
		.door = "ws",
		.path = arguments.config,
		.adjust = conf_adjust,
		.arg = &arguments,
		.max_parked = house_descriptors(),
		.loads_at_once = true,
	};
	status = door_run(&door);
	files_close(&door.files);
	app_close(&door.app);
	tls_close(&door.tls);
	deflate_free(&door.packed.deflate);
	house_close(&door.house);
	log_close();
	return status;
}
