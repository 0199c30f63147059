/*
 * setup.c - from the configuration to an open store and an engine
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/conf.h"
#include "session/engine.h"
#include "session/setup.h"
#include "store/store.h"

/* To hand a socket its message takes a fraction of the write, and who is not written to
 * yet when the next message comes gets both in one. */
enum { FAN_OUT = 4 };

enum rc
setup_store(const struct conf *conf, const struct clock *clock,
    struct store **store_r, char **error_r)
{
	struct store_conf sc = {
		.driver = "sqlite",
		.path = conf->store,
		.journal = conf->journal,
		.synchronous = conf->synchronous,
		.max_size = conf->store_max_size,
		.retention_ms = conf->log_retention,
		.recovery_ms = conf->recovery_window,
		.lock_wait_ms = conf->lock_wait,
		.connect_timeout_ms = conf->connect_timeout,
		.ping_interval_ms = conf->ping_interval,
		.ping_timeout_ms = conf->ping_timeout,
	};

	return store_open(&sc, clock, store_r, error_r);
}

struct engine *
setup_engine(const struct conf *conf, struct store *store, const struct app *app,
    const struct clock *clock, size_t max_parked)
{
	struct engine_conf ec = {
		.ping_interval_ms = conf->ping_interval,
		.ping_timeout_ms = conf->ping_timeout,
		.connect_timeout_ms = conf->connect_timeout,
		.upgrade_ms = conf->upgrade_timeout,
		.poll_hold_ms = conf->poll_hold,
		.recovery_ms = conf->recovery_window,
		.max_replay = conf->max_replay,
		.max_payload = conf->max_payload,
		.max_sessions = conf->max_sessions,
		.max_namespaces = conf->max_namespaces,
		.max_rooms = conf->max_rooms,
		.slots = conf->slots,
		.max_event = conf->max_event,
		.max_timers = conf->max_timers,
		.max_questions = conf->max_questions,
		.max_inbox = conf->max_inbox,
		.max_inbox_bytes = conf->max_inbox_size,
		.max_tasks = conf->max_tasks,
		.give_up_ms = conf->lock_give_up,
		.max_parked = max_parked,
		.fan_out = FAN_OUT * (size_t)conf->ws_turn_sockets,
		.refuses_old_binary = slice_is(slice_str(conf->old_binary), "refuse"),
		.can_park = true,
		.wire = {
			.max_packets = (unsigned)conf->max_packets,
			.max_attachments = (unsigned)conf->max_attachments,
			.max_depth = (unsigned)conf->max_depth,
			.max_payload = (size_t)conf->max_payload,
			.max_name = (size_t)conf->max_name,
		},
	};

	return engine_new(&ec, store, app, clock);
}
