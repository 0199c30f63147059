/*
 * look.c - commands that only look: sessions, sockets, rooms, stats, options
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "ctl/command.h"
#include "ctl/list.h"
#include "store/store.h"
#include "wire/codec.h"

static const char *
generation_name(int generation)
{
	const struct codec *codec = generation >= 0 && generation < GENERATION__COUNT ?
	    codec_of((enum generation)generation) : NULL;

	return codec == NULL ? "?" : codec->name;
}

static const char *
transport_name(int transport)
{
	return transport == 0 ? "polling" : "websocket";
}

/* ---- sessions -------------------------------------------------------------------- */

static void
session_visit(void *arg, const struct session_row *row)
{
	struct list *list = arg;
	int64_t heard = clock_boot(&clock_system) - row->heard_boot;
	int64_t age = clock_wall(&clock_system) - row->opened_wall;

	list_item(list);
	list->last = row->n;
	buf_printf(&list->out, list->ctl->json ?
	    "{\"sid\":\"%s\",\"generation\":\"%s\",\"transport\":\"%s\","
	    "\"namespaces\":%u,\"age_ms\":%" PRId64 ",\"heard_ms\":%" PRId64 "}" :
	    "%-20s  %-5s %-9s %10u %8" PRId64 " %8" PRId64,
	    row->sid, generation_name(row->generation), transport_name(row->transport),
	    row->namespaces, list->ctl->json ? age : age / 1000,
	    list->ctl->json ? heard : heard / 1000);
}

int
command_sessions(struct ctl *ctl)
{
	struct list list;

	list_begin(&list, ctl, "sid                   gen   transport namespaces   age(s) heard(s)");
	store_sessions(ctl->store, 0, (size_t)ctl->limit, &ctl->arena, session_visit, &list);
	return list_end(&list);
}

/* ---- sockets ---------------------------------------------------------------------- */

static void
rooms_json(struct buf *out, struct store *store, uint64_t socket)
{
	struct buf packed = BUF_INIT;
	struct slice rest, room;
	bool is_first = true;

	store_rooms_of(store, socket, &packed);
	buf_char(out, '[');
	for (rest = buf_slice(&packed); pack_next(&rest, &room); is_first = false) {
		if (!is_first)
			buf_char(out, ',');
		json_quote(out, room);
	}
	buf_char(out, ']');
	buf_free(&packed);
}

static void
socket_visit(void *arg, const struct socket_row *row)
{
	struct list *list = arg;
	struct buf *out = &list->out;

	list_item(list);
	if (!list->ctl->json) {
		buf_printf(out, "%-20s  %-12.*s %-12.*s ", row->id, SLICE_ARGS(row->nsp),
		    SLICE_ARGS(row->user.p == NULL ? SLICE("-") : row->user));
		rooms_json(out, list->ctl->store, row->n);
		return;
	}
	buf_printf(out, "{\"id\":\"%s\",\"nsp\":", row->id);
	json_quote(out, row->nsp);
	buf_str(out, ",\"user\":");
	json_quote(out, row->user);
	buf_str(out, ",\"rooms\":");
	rooms_json(out, list->ctl->store, row->n);
	buf_str(out, ",\"data\":");
	buf_add(out, row->data.n == 0 ? SLICE("null") : row->data);
	buf_char(out, '}');
}

int
command_sockets(struct ctl *ctl)
{
	struct selector who;
	struct list list;
	int code;

	if (!ctl_selector(ctl, ctl->argc == 0 ? "*" : ctl->argv[0], &who, &code))
		return code;
	list_begin(&list, ctl, "id                    namespace    user         rooms");
	store_select(ctl->store, &who, 0, (size_t)ctl->limit, false, &ctl->arena,
	    socket_visit, &list);
	return list_end(&list);
}

/* ---- rooms ------------------------------------------------------------------------- */

static void
room_visit(void *arg, struct slice nsp, struct slice room, int64_t members)
{
	struct list *list = arg;

	list_item(list);
	if (!list->ctl->json) {
		buf_printf(&list->out, "%8" PRId64 "  %-12.*s %.*s", members,
		    SLICE_ARGS(nsp), SLICE_ARGS(room));
		return;
	}
	buf_str(&list->out, "{\"nsp\":");
	json_quote(&list->out, nsp);
	buf_str(&list->out, ",\"room\":");
	json_quote(&list->out, room);
	buf_printf(&list->out, ",\"members\":%" PRId64 "}", members);
}

int
command_rooms(struct ctl *ctl)
{
	struct list list;

	list_begin(&list, ctl, " members  namespace    room");
	store_rooms(ctl->store, ctl->nsp, SLICE_NONE, (size_t)ctl->limit, room_visit, &list);
	return list_end(&list);
}

/* ---- stats -------------------------------------------------------------------------- */

static const struct stat_row {
	const char *name, *help;
	size_t offset;
} stat_rows[] = {
#define ROW(field, help) { #field, help, offsetof(struct store_stats, field) }
	ROW(sessions, "live sessions"),
	ROW(sockets, "sockets in namespaces"),
	ROW(gone, "sockets that may still come back"),
	ROW(claims, "polls that are held now"),
	ROW(rooms, "rooms with members"),
	ROW(records, "records in the log"),
	ROW(kept, "records kept as history"),
	ROW(timers, "appointments"),
	ROW(tasks, "tasks that wait"),
	ROW(inbox, "events and connects that wait for a backend"),
	ROW(set_aside, "tasks set aside after three attempts"),
	ROW(questions, "acks that are awaited"),
	ROW(log_bytes, "bytes of the log"),
	ROW(file_bytes, "bytes of the files"),
	ROW(last_seq, "seq of the newest record"),
	ROW(floor, "seq of the oldest record"),
	ROW(schema, "version of the schema"),
#undef ROW
};

/* People read what there is to say; programs like all names to be there. */
static void
tallies_write(struct ctl *ctl, struct buf *out)
{
	int64_t counts[TALLY__COUNT];
	bool some = false;
	size_t i;

	store_tallies(ctl->store, counts);
	buf_str(out, ctl->json ? ",\"refused\":{" : "");
	for (i = 0; i < TALLY__COUNT; i++) {
		if (ctl->json) {
			buf_printf(out, "%s\"%s\":%" PRId64, i == 0 ? "" : ",",
			    tally_rows[i].name, counts[i]);
		} else if (counts[i] > 0) {
			buf_str(out, some ? "" : "\n\nrefused since the store was made:");
			buf_printf(out, "\n%12" PRId64 "  %-18s %s", counts[i],
			    tally_rows[i].name, tally_rows[i].help);
			some = true;
		}
	}
	buf_str(out, ctl->json ? "}" : "");
}

int
command_stats(struct ctl *ctl)
{
	struct store_stats stats;
	struct buf out = BUF_INIT;
	size_t i, n = sizeof(stat_rows) / sizeof(stat_rows[0]);
	int64_t value;

	if (store_stats(ctl->store, &stats) != RC_OK)
		return ctl_fail(EXIT_FAILED, "%s", store_error(ctl->store));
	for (i = 0; i < n; i++) {
		memcpy(&value, (const char *)&stats + stat_rows[i].offset, sizeof(value));
		if (ctl->json)
			buf_printf(&out, "%s\"%s\":%" PRId64, i == 0 ? "{" : ",",
			    stat_rows[i].name, value);
		else
			buf_printf(&out, "%s%12" PRId64 "  %-10s %s", i == 0 ? "" : "\n",
			    value, stat_rows[i].name, stat_rows[i].help);
	}
	tallies_write(ctl, &out);
	if (ctl->json)
		buf_char(&out, '}');
	ctl_print(&out);
	buf_free(&out);
	return EXIT_DONE;
}

/* ---- options -------------------------------------------------------------------------- */

int
command_options(struct ctl *ctl)
{
	const char *how = ctl->argc == 0 ? "help" : ctl->argv[0];
	struct buf out = BUF_INIT;

	if (strcmp(how, "sample") == 0)
		conf_print_sample(&out);
	else if (strcmp(how, "mdoc") == 0)
		conf_print_mdoc(&out);
	else if (strcmp(how, "help") == 0)
		conf_print_help(&out);
	else
		return ctl_fail(EXIT_WRONG_USAGE, "options: '%s' is none of sample, help, mdoc", how);
	fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
	return EXIT_DONE;
}
