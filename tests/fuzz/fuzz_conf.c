/*
 * fuzz_conf.c - whatever stands in siogate.conf, it is read or refused
 *
 * What must hold: a refusal has a reason that names the file, every option still
 * has a value within its range, and what is shown can be set again.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/conf.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

const struct slice fuzz_seeds[] = {
	SLICE("# comment\nping_interval = 25s\nmax_payload = 64k # inline\n"
	    "compression = off\nslots = 15\n"),
	SLICE("transports = polling websocket\norigins = self https://example.org\n"
	    "cookie = \"io\"\nresource = socket.io chat\r\nlisten = /run/x.sock\n"),
	SLICE("store = ~/data\nlog = log/x.log\nclient = socket.io.js\n"
	    "journal = truncate\n[relay /chat room-*]\npublish = a b\nrate = 10/s\n"
	    "[module echo]\nx = \"quoted # text\"\n"),
	SLICE("\xef\xbb\xbfping_timeout = 7d\nmax_depth = 64\nslots = 1\nslots = 2\n"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("="), SLICE("\n"), SLICE("\r\n"), SLICE("["), SLICE("]"), SLICE("#"),
	SLICE(" #"), SLICE("\""), SLICE("\t"), SLICE("ms"), SLICE("d"), SLICE("t"),
	SLICE("listen = "), SLICE("store = "), SLICE("origins = "), SLICE("resource = "),
	SLICE("~/"), SLICE("../"), SLICE("*"), SLICE("://"), SLICE("transports"),
	SLICE("[relay"), SLICE_NONE
};

static void
check_values(struct conf *conf)
{
	struct buf shown = BUF_INIT;
	char *value, *error = NULL;
	size_t i;

	for (i = 0; i < conf_options_count; i++) {
		const struct conf_option *o = &conf_options[i];

		if (o->type > CONF_FLAG) {
			int64_t v;

			memcpy(&v, (char *)conf + o->offset, sizeof(v));
			FUZZ_MUST(v >= o->min && v <= o->max);
		}
		buf_reset(&shown);
		conf_show(conf, o, &shown);
		value = mem_slicedup(buf_slice(&shown));
		FUZZ_MUST(conf_set(conf, o->name, value, &error) == RC_OK);
		free(value);
	}
	buf_free(&shown);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *conf = conf_new();
	char *error = NULL;
	enum rc rc;

	rc = conf_parse(conf, slice_of((const char *)data, size), "/x/fuzz.conf", &error);
	FUZZ_MUST(rc == RC_OK || rc == RC_BAD_INPUT);
	FUZZ_MUST((rc == RC_OK) == (error == NULL));
	FUZZ_MUST(error == NULL || strncmp(error, "/x/fuzz.conf:", 13) == 0);
	check_values(conf);
	free(error);
	conf_free(&conf);
	return 0;
}
