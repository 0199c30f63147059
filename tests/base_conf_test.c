/*
 * base_conf_test.c - the option table has no holes, the file is read strictly
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/conf.h"
#include "base/mem.h"
#include "tests/t.h"

static struct conf *conf;
static char *error;

static enum rc
parse(const char *text)
{
	conf_free(&conf);
	free(error);
	error = NULL;
	conf = conf_new();
	return conf_parse(conf, slice_str(text), "/etc/x/siogate.conf", &error);
}

static void
done(void)
{
	conf_free(&conf);
	free(error);
	error = NULL;
}

static bool
says(const char *text)
{
	return error != NULL && strstr(error, text) != NULL;
}

static void
every_row_is_whole(void)
{
	size_t i, k;

	T_OK(conf_options_count > 40);
	for (i = 0; i < conf_options_count; i++) {
		const struct conf_option *o = &conf_options[i];

		T_OK(o->name != NULL && *o->name != '\0');
		T_OK(o->dflt != NULL);
		T_OK(o->group != NULL && *o->group != '\0');
		if (o->help == NULL || strlen(o->help) < 15 ||
		    o->help[strlen(o->help) - 1] != '.')
			T_FAIL("%s has no sentence", o->name);
		if ((o->words != NULL) != (o->type == CONF_WORD || o->type == CONF_WORDS))
			T_FAIL("%s: words and type differ", o->name);
		if (o->type > CONF_FLAG && o->min >= o->max)
			T_FAIL("%s has no range", o->name);
		for (k = 0; k < i; k++) {
			if (strcmp(o->name, conf_options[k].name) == 0)
				T_FAIL("%s is there twice", o->name);
			if (o->offset == conf_options[k].offset)
				T_FAIL("%s lies on %s", o->name, conf_options[k].name);
		}
	}
}

static void
every_row_lies_within_the_values(void)
{
	size_t i, size;

	for (i = 0; i < conf_options_count; i++) {
		const struct conf_option *o = &conf_options[i];

		size = o->type == CONF_FLAG ? sizeof(bool) : sizeof(int64_t);
		T_OK(o->offset + size <= offsetof(struct conf, sections));
		T_EQ(o->offset % size, 0);
	}
}

/* A member without a row would be a hole between the offsets. */
static void
every_value_has_its_row(void)
{
	unsigned char covered[offsetof(struct conf, sections)] = { 0 };
	size_t i, run = 0;

	for (i = 0; i < conf_options_count; i++)
		memset(covered + conf_options[i].offset, 1,
		    conf_options[i].type == CONF_FLAG ? 1 : 8);
	for (i = 0; i < sizeof(covered); i++) {
		run = covered[i] ? 0 : run + 1;
		if (run >= 8)
			T_FAIL("nothing sets the value at offset %zu", i - 7);
	}
}

static void
rows_of_one_group_stand_together(void)
{
	size_t i, k;

	for (i = 1; i < conf_options_count; i++) {
		if (strcmp(conf_options[i].group, conf_options[i - 1].group) == 0)
			continue;
		for (k = 0; k < i; k++)
			T_OK(strcmp(conf_options[i].group, conf_options[k].group) != 0);
	}
}

static void
every_default_is_written_as_it_is_shown(void)
{
	struct buf shown = BUF_INIT;
	size_t i;

	conf = conf_new();
	for (i = 0; i < conf_options_count; i++) {
		buf_reset(&shown);
		conf_show(conf, &conf_options[i], &shown);
		if (conf_options[i].type == CONF_SIZE)
			continue;       /* 1024 is shown as 1k */
		T_SLICE(buf_slice(&shown), conf_options[i].dflt);
		T_STR(conf_origin(conf, conf_options[i].name), "default");
	}
	T_EQ(conf->ping_interval, 25000);
	T_EQ(conf->ping_timeout, 20000);
	T_EQ(conf->max_payload, 100000);
	T_EQ(conf->store_max_size, 64 << 20);
	T_EQ(conf->recovery_window, 120000);
	T_OK(conf->compression);
	T_STR(conf->resource, "socket.io");
	buf_free(&shown);
	done();
}

static void
what_is_shown_can_be_set_again(void)
{
	struct buf shown = BUF_INIT, again = BUF_INIT;
	size_t i;

	conf = conf_new();
	for (i = 0; i < conf_options_count; i++) {
		char *value;

		buf_reset(&shown);
		buf_reset(&again);
		conf_show(conf, &conf_options[i], &shown);
		value = mem_slicedup(buf_slice(&shown));
		if (conf_set(conf, conf_options[i].name, value, &error) != RC_OK)
			T_FAIL("%s", error);
		free(value);
		conf_show(conf, &conf_options[i], &again);
		T_OK(slice_eq(buf_slice(&shown), buf_slice(&again)));
		T_STR(conf_origin(conf, conf_options[i].name), "argument");
	}
	buf_free(&shown);
	buf_free(&again);
	done();
}

static void
options_are_read_with_comments_quotes_and_blanks(void)
{
	T_EQ(parse("\xef\xbb\xbf# a comment\r\n"
	    "ping_interval=5s   # with a comment\r\n"
	    "\n"
	    "  max_payload =\t64k\n"
	    "status_key = \"a # b \"  # quoted\n"
	    "trusted_proxies = a#b\n"
	    "compression = off\n"
	    "transports = polling  websocket\n"
	    "slots = 15"), RC_OK);
	T_OK(error == NULL);
	T_EQ(conf->ping_interval, 5000);
	T_EQ(conf->max_payload, 65536);
	T_STR(conf->status_key, "a # b ");
	T_STR(conf->trusted_proxies, "a#b");
	T_OK(!conf->compression);
	T_STR(conf->transports, "polling  websocket");
	T_EQ(conf->slots, 15);
	T_STR(conf_origin(conf, "slots"), "/etc/x/siogate.conf:9");
	T_STR(conf_origin(conf, "max_packets"), "default");
	done();
}

static void
sections_keep_their_lines_as_text(void)
{
	struct conf_section *s;

	T_EQ(parse("slots = 3\n[relay /chat  room-*]  # of the site\n"
	    "publish = a b\nrate = 10/s # fast\nrate = 2\n\n[module chat]\n"
	    "[relay]\nx = \"\"\n"), RC_OK);
	s = conf->sections;
	T_STR(s->kind, "relay");
	T_STR(s->words, "/chat  room-*");
	T_EQ(s->line, 2);
	T_STR(s->lines->name, "publish");
	T_STR(s->lines->value, "a b");
	T_EQ(s->lines->line, 3);
	T_STR(s->lines->next->value, "10/s");
	T_STR(s->lines->next->next->name, "rate");
	T_OK(s->lines->next->next->next == NULL);
	s = s->next;
	T_STR(s->kind, "module");
	T_STR(s->words, "chat");
	T_OK(s->lines == NULL);
	s = s->next;
	T_STR(s->words, "");
	T_STR(s->lines->value, "");
	T_OK(s->next == NULL);
	done();
}

static void
a_mistake_is_named_with_file_line_and_what_is_allowed(void)
{
	static const char *const bad[][2] = {
		{ "\n\nping_intervall = 5s", "/etc/x/siogate.conf:3: there is no option "
		    "ping_intervall; did you mean ping_interval?" },
		{ "frobnicate = 1", "siogate.conf:1: there is no option frobnicate; "
		    "`siogate options`" },
		{ "ping_interval = 25", "ping_interval cannot be \"25\": write a time as "
		    "500ms, 25s, 2m, 1h or 7d, from 100ms to 10m" },
		{ "ping_interval = 1h", "from 100ms to 10m" },
		{ "ping_interval = -1s", "from 100ms to 10m" },
		{ "max_payload = 99999999999999999999", "write a size" },
		{ "max_payload = 9999999999t", "write a size" },
		{ "slots = many", "write a whole number, from 0 to 1000000" },
		{ "slots =", "write a whole number" },
		{ "compression = maybe", "write on or off" },
		{ "journal = off", "write one of: wal truncate" },
		{ "journal = wal truncate", "write one of" },
		{ "transports = polling websockets", "write one or more of: polling" },
		{ "transports =", "write one or more of" },
		{ "cookie = a b", "write a cookie's name" },
		{ "resource = /socket.io", "without a slash at either end" },
		{ "resource = ", "at least one name" },
		{ "resource = a?b", "letters" },
		{ "origins = example.org", "write self, *" },
		{ "origins = https://example.org/", "no slash at the end" },
		{ "client = ../x.js", "name one file" },
		{ "client = 0.9.17/../x.js", "name one file" },
		{ "client = a/b/x.js", "name one file" },
		{ "client = 0.9.17/", "name one file" },
		{ "listen = 9000", "host:port" },
		{ "flash_listen = 10843", "write host:port" },
		{ "flash_listen = tls:127.0.0.1:10843", "write host:port" },
		{ "flash_policy = example.org", "write domain:ports" },
		{ "flash_policy = :80", "write domain:ports" },
		{ "flash_policy = example.org:80,", "write domain:ports" },
		{ "flash_policy = example.org:80 *", "write domain:ports" },
		{ "flash_policy = <x>:80", "write domain:ports" },
		{ "slots = 1\nslots = 2", ":2: slots is set already, on line 1" },
		{ "slots", "no line of the form: name = value" },
		{ "= 5", "no line of the form" },
		{ "Slots = 5", "no line of the form" },
		{ "[relay", "does not end with ]" },
		{ "[]", "begins with a word" },
		{ "[Relay x]", "begins with a word" },
		{ "cookie = \"io", "one quote too few" },
		{ "cookie = \"io\" x", "text behind its quotes" },
		{ "cookie = \xff", "not UTF-8" },
	};
	size_t i;

	for (i = 0; i < N_ELEMENTS(bad); i++) {
		T_EQ(parse(bad[i][0]), RC_BAD_INPUT);
		if (!says("/etc/x/siogate.conf:") || !says(bad[i][1]))
			T_FAIL("'%s' gives: %s", bad[i][0], error);
	}
	T_EQ(parse("cookie = a\nstatus_key = x"), RC_OK);
	done();
}

static void
a_zero_byte_is_no_text(void)
{
	conf = conf_new();
	T_EQ(conf_parse(conf, SLICE("cookie = a\0b"), "c", &error), RC_BAD_INPUT);
	T_OK(says("c:1: this line is not UTF-8 text"));
	done();
}

static void
a_mistake_does_not_hide_the_lines_behind_it(void)
{
	T_EQ(parse("slots = x\nlog_level = debug\njournal = y\n"), RC_BAD_INPUT);
	T_OK(says(":1: slots"));
	T_STR(conf->log_level, "debug");
	T_EQ(conf->slots, 0);
	T_STR(conf->journal, "wal");
	done();
}

static void
paths_are_relative_to_the_file(void)
{
	T_EQ(parse("store = data\nlog = ./log/x.log\nmodule_dir = /opt/m\n"
	    "listen = run/sock\n"), RC_OK);
	T_STR(conf->store, "/etc/x/data");
	T_STR(conf->log, "/etc/x/log/x.log");
	T_STR(conf->module_dir, "/opt/m");
	T_STR(conf->listen, "/etc/x/run/sock");
	T_EQ(parse("listen = 127.0.0.1:9000\nlog = ~/x.log\n"), RC_OK);
	T_STR(conf->listen, "127.0.0.1:9000");
	T_OK(conf->log[0] == '/' && strstr(conf->log, "~") == NULL);
	done();
}

static void
a_socket_whose_name_is_too_long_is_refused_by_name(void)
{
	char line[256], name[120];

	memset(name, 'n', sizeof(name));
	snprintf(line, sizeof(line), "listen = /%.*s", 106, name);
	T_EQ(parse(line), RC_OK);
	T_EQ(strlen(conf->listen), 107);
	snprintf(line, sizeof(line), "listen = /%.*s", 107, name);
	T_EQ(parse(line), RC_BAD_INPUT);
	T_OK(says("107 bytes at most"));
	snprintf(line, sizeof(line), "listen = run/%.*s", 98, name);
	T_EQ(parse(line), RC_BAD_INPUT);
	done();
}

static void
times_and_sizes_have_units(void)
{
	static const struct {
		const char *text;
		int64_t time, size;     /* -1: refused */
	} rows[] = {
		{ "0", 0, 0 }, { "500ms", 500, -1 }, { "25s", 25000, -1 },
		{ "2m", 120000, 2 << 20 }, { "1h", 3600000, -1 },
		{ "7d", 604800000, -1 }, { "100", -1, 100 }, { "16k", -1, 16384 },
		{ "16K", -1, 16384 }, { "2g", -1, INT64_C(2) << 30 }, { "", -1, -1 },
		{ "s", -1, -1 }, { "-1s", -1, -1 }, { "1.5s", -1, -1 },
		{ "1 s", -1, -1 }, { "1ss", -1, -1 }, { "9223372036854775807d", -1, -1 },
		{ "9223372036854775807t", -1, -1 }, { "99999999999999999999", -1, -1 },
	};
	int64_t v;
	size_t i;

	for (i = 0; i < N_ELEMENTS(rows); i++) {
		struct slice s = slice_str(rows[i].text);

		if (rows[i].time == -1)
			T_EQ(conf_parse_time(s, &v), RC_BAD_INPUT);
		else {
			T_EQ(conf_parse_time(s, &v), RC_OK);
			T_EQ(v, rows[i].time);
		}
		if (rows[i].size == -1)
			T_EQ(conf_parse_size(s, &v), RC_BAD_INPUT);
		else {
			T_EQ(conf_parse_size(s, &v), RC_OK);
			T_EQ(v, rows[i].size);
		}
	}
}

static void
the_sample_lists_every_option_and_changes_nothing(void)
{
	struct buf sample = BUF_INIT, with = BUF_INIT;
	struct slice rest, line;
	struct buf was = BUF_INIT, is = BUF_INIT;
	struct conf *plain = conf_new();
	size_t i, count = 0;

	conf_print_sample(&sample);
	rest = buf_slice(&sample);
	while (slice_cut(&rest, '\n', &line)) {
		T_OK(line.n <= 80);
		T_OK(line.n == 0 || line.p[0] == '#');
		if (line.n > 1 && line.p[1] != ' ') {
			buf_add(&with, slice_skip(line, 1));
			buf_char(&with, '\n');
			count++;
		}
	}
	T_EQ(count, conf_options_count);
	conf = conf_new();
	if (conf_parse(conf, buf_slice(&with), "sample", &error) != RC_OK)
		T_FAIL("%s", error);
	for (i = 0; i < conf_options_count; i++) {
		buf_reset(&was);
		buf_reset(&is);
		conf_show(plain, &conf_options[i], &was);
		conf_show(conf, &conf_options[i], &is);
		T_OK(slice_eq(buf_slice(&was), buf_slice(&is)));
	}
	conf_free(&plain);
	buf_free(&sample);
	buf_free(&with);
	buf_free(&was);
	buf_free(&is);
	done();
}

static void
help_and_manual_name_every_option(void)
{
	struct buf help = BUF_INIT, manual = BUF_INIT;
	struct slice rest, line;
	char *text, *name;
	size_t i;
	int lists = 0;

	conf_print_help(&help);
	text = buf_take(&help);
	for (i = 0; i < conf_options_count; i++) {
		name = mem_printf("  %s =", conf_options[i].name);
		T_OK(strstr(text, name) != NULL);
		free(name);
	}
	rest = slice_str(text);
	while (slice_cut(&rest, '\n', &line))
		T_OK(line.n <= 80);
	free(text);
	conf_print_mdoc(&manual);
	rest = buf_slice(&manual);
	i = 0;
	while (slice_cut(&rest, '\n', &line)) {
		lists += slice_starts(line, SLICE(".Bl"));
		lists -= slice_starts(line, SLICE(".El"));
		T_OK(lists == 0 || lists == 1);
		i += slice_starts(line, SLICE(".It Ic "));
	}
	T_EQ(lists, 0);
	T_EQ(i, conf_options_count);
	buf_free(&manual);
}

int
main(void)
{
	T_RUN(every_row_is_whole);
	T_RUN(every_row_lies_within_the_values);
	T_RUN(every_value_has_its_row);
	T_RUN(rows_of_one_group_stand_together);
	T_RUN(every_default_is_written_as_it_is_shown);
	T_RUN(what_is_shown_can_be_set_again);
	T_RUN(options_are_read_with_comments_quotes_and_blanks);
	T_RUN(sections_keep_their_lines_as_text);
	T_RUN(a_mistake_is_named_with_file_line_and_what_is_allowed);
	T_RUN(a_zero_byte_is_no_text);
	T_RUN(a_mistake_does_not_hide_the_lines_behind_it);
	T_RUN(paths_are_relative_to_the_file);
	T_RUN(a_socket_whose_name_is_too_long_is_refused_by_name);
	T_RUN(times_and_sizes_have_units);
	T_RUN(the_sample_lists_every_option_and_changes_nothing);
	T_RUN(help_and_manual_name_every_option);
	return t_end();
}
