/*
 * session_kit.c - see session_kit.h
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/json.h"
#include "base/mem.h"
#include "tests/session_kit.h"

/* ---- the application: what the tests need --------------------------------------- */

static struct effect *
emit(const struct app_call *call, struct effects *out, const char *name,
    struct slice args)
{
	struct effect *f = effects_add(out, call->arena, EFFECT_EMIT);

	f->name = slice_str(name);
	f->data = args;
	f->attachments = call->attachments;
	return f;
}

static struct slice
packed(const struct app_call *call, struct slice name)
{
	struct buf b = BUF_INIT;
	struct slice s;

	pack_add(&b, name);
	s = arena_dup(call->arena, buf_slice(&b));
	buf_free(&b);
	return s;
}

static struct slice
first_text(const struct app_call *call)
{
	struct slice rest = call->args, item;
	struct buf b = BUF_INIT;
	struct slice s;

	json_open(&rest);
	if (json_next(&rest, &item))
		json_unquote(&b, item);
	s = arena_dup(call->arena, buf_slice(&b));
	buf_free(&b);
	return s;
}

static void
on_event(const struct app_call *call, struct effects *out)
{
	struct effect *f;

	if (slice_is(call->name, "broadcast")) {
		emit(call, out, "broadcast", call->args);
	} else if (slice_is(call->name, "others")) {
		emit(call, out, "others", call->args)->not_self = true;
	} else if (slice_is(call->name, "volatile")) {
		emit(call, out, "volatile", call->args)->is_volatile = true;
	} else if (slice_is(call->name, "room")) {
		emit(call, out, "room", call->args)->who.rooms =
		    packed(call, SLICE("red"));
	} else if (slice_is(call->name, "join") || slice_is(call->name, "leave")) {
		f = effects_add(out, call->arena,
		    slice_is(call->name, "join") ? EFFECT_JOIN : EFFECT_LEAVE);
		f->self = true;
		f->name = first_text(call);
	} else if (slice_is(call->name, "ask")) {
		f = emit(call, out, "question", call->args);
		f->question = SLICE("answered");
		f->timeout_ms = 5000;
	} else if (slice_is(call->name, "kick") || slice_is(call->name, "kick hard")) {
		f = effects_add(out, call->arena, EFFECT_DISCONNECT);
		f->self = true;
		f->engine = slice_is(call->name, "kick hard");
	} else if (slice_is(call->name, "after")) {
		f = effects_add(out, call->arena, EFFECT_TIMER);
		f->self = true;
		f->name = first_text(call);
		if (f->name.n == 0)
			f->name = SLICE("alarm");
		f->after_ms = 3000;
	} else if (slice_is(call->name, "count")) {
		f = effects_add(out, call->arena, EFFECT_DATA);
		f->data = arena_printf(call->arena, "%lld",
		    call->data.n == 0 ? 1LL : atoll(arena_str(call->arena, call->data)) + 1);
		if (call->wants_ack)
			effects_add(out, call->arena, EFFECT_ACK)->data =
			    arena_printf(call->arena, "[%.*s]", SLICE_ARGS(f->data));
		return;
	} else if (slice_is(call->name, "iam")) {
		effects_add(out, call->arena, EFFECT_USER)->name = first_text(call);
	} else if (slice_is(call->name, "to anna")) {
		emit(call, out, "letter", call->args)->who.users =
		    packed(call, SLICE("anna"));
	} else if (slice_is(call->name, "once")) {
		f = effects_add(out, call->arena, EFFECT_ONCE);
		f->name = first_text(call);
		f->ttl_ms = 60000;
		emit(call, out, "once", call->args);
	}
	if (call->wants_ack)
		effects_add(out, call->arena, EFFECT_ACK)->data = call->args;
}

static enum rc
app_call(void *arg, const struct app_call *call, struct effects *out)
{
	struct kit *kit = arg;
	struct slice rest, first;
	struct effect *f;

	kit->calls++;
	switch (call->kind) {
	case APP_CONNECT:
		if (slice_is(call->nsp, "/nosuch"))
			return RC_GONE;
		snprintf(kit->last_auth, sizeof(kit->last_auth), "%.*s",
		    SLICE_ARGS(call->auth));
		if (slice_is(call->nsp, "/locked") ||
		    (kit->refuses_root && slice_is(call->nsp, "/"))) {
			f = effects_add(out, call->arena, EFFECT_REFUSE);
			f->name = SLICE("not allowed");
			f->data = SLICE("{\"code\":7}");
		}
		return RC_OK;
	case APP_EVENT:
		on_event(call, out);
		return RC_OK;
	case APP_DISCONNECT:
		snprintf(kit->last_reason, sizeof(kit->last_reason), "%.*s",
		    SLICE_ARGS(call->reason));
		emit(call, out, "left", SLICE("[]"));
		return RC_OK;
	case APP_TIMER:
		snprintf(kit->last_timer, sizeof(kit->last_timer), "%.*s",
		    SLICE_ARGS(call->name));
		return RC_OK;
	case APP_ACK:
		snprintf(kit->last_answers, sizeof(kit->last_answers), "%.*s %.*s%s",
		    call->timeout ? 7 : 4, call->timeout ? "timeout" : "done",
		    SLICE_ARGS(call->args), call->attachments.p == NULL ? "" :
		    " with attachments");
		rest = call->attachments;       /* a list for each answer */
		if (pack_next(&rest, &first))
			emit(call, out, "answers", call->args)->attachments = first;
		return RC_OK;
	}
	return RC_NONE;
}

static bool
app_room(void *arg, struct slice nsp, struct slice room, struct room_rule *rule_r)
{
	struct kit *kit = arg;

	if (!kit->has_rules || !slice_is(nsp, "/"))
		return false;
	*rule_r = (struct room_rule){ .has_presence = true, .grace_ms = 5000,
	    .seen_ms = 60000, .event = SLICE("presence") };
	if (room.n == 0)
		rule_r->mail_ms = 60000;
	else
		rule_r->keep_ms = 60000;
	return room.n == 0 || slice_is(room, "red");
}

/* ---- processes and requests ----------------------------------------------------------- */

void
kit_configure(struct kit *kit)
{
	struct app app = { .call = app_call, .room = app_room, .arg = kit };
	int i;

	for (i = 0; i < KIT_PROCESSES; i++) {
		engine_free(&kit->engines[i]);
		kit->engines[i] = engine_new(&kit->conf, kit->stores[i], &app,
		    &kit->clock.clock);
	}
}

void
kit_init(struct kit *kit)
{
	kit_init_on(kit, "memory", "");
}

void
kit_init_on(struct kit *kit, const char *driver, const char *path)
{
	struct store_conf sc = {
		.driver = driver, .path = path, .journal = "wal",
		.synchronous = "normal", .retention_ms = 300000,
		.recovery_ms = 120000, .lock_wait_ms = 50,
		.connect_timeout_ms = 45000, .ping_interval_ms = 25000,
		.ping_timeout_ms = 20000,
	};
	char *error = NULL;
	int i;

	memset(kit, 0, sizeof(*kit));
	kit->codec = codec_of(GENERATION_EIO4);
	clock_fake_init(&kit->clock);
	for (i = 0; i < KIT_PROCESSES; i++)
		T_EQ(store_open(&sc, &kit->clock.clock, &kit->stores[i], &error),
		    RC_OK);
	kit->store = kit->stores[0];
	kit->conf = (struct engine_conf){
		.ping_interval_ms = 25000, .ping_timeout_ms = 20000,
		.connect_timeout_ms = 45000, .recovery_ms = 120000,
		.max_replay = 1000, .max_payload = 100000, .max_namespaces = 32,
		.max_rooms = 32, .max_event = 100000, .max_timers = 32,
		.max_questions = 32, .give_up_ms = 5000, .upgrade_ms = 10000, .can_park = true,
		.wire = { 256, 10, 64, 100000, 256 },
	};
	kit_configure(kit);
}

void
kit_leave(struct kit *kit, int i)
{
	engine_free(&kit->engines[i]);
	store_close(&kit->stores[i]);
}

void
kit_fini(struct kit *kit)
{
	int i;

	for (i = 0; i < KIT_PROCESSES; i++)
		engine_free(&kit->engines[i]);
	for (i = 0; i < KIT_PROCESSES; i++)
		store_close(&kit->stores[i]);
}

/* Nobody waits at a wake descriptor here: all are told that they were woken. */
void
kit_settle(struct kit *kit)
{
	int i, pass;

	for (pass = 0; pass < 6; pass++)
		for (i = 0; i < KIT_PROCESSES; i++)
			if (kit->engines[i] != NULL)
				engine_turn(kit->engines[i], true);
}

void
kit_pass(struct kit *kit, int64_t ms)
{
	clock_fake_turn(&kit->clock, ms);
	kit_settle(kit);
}

static void
request_done(struct exchange *x)
{
	struct kit_request *request = x->door;

	request->is_done = true;
	T_OK(x->body_r.n < sizeof(request->body));
	if (x->body_r.n > 0)
		memcpy(request->body, x->body_r.p, x->body_r.n);
	request->body[x->body_r.n] = '\0';
	request->body_n = x->body_r.n;
	buf_free(&x->body_r);
}

static void
request_init(const struct kit *kit, struct kit_request *request, const char *sid,
    const char *t)
{
	memset(request, 0, sizeof(*request));
	request->x.codec = kit->codec;
	request->x.wants_text = kit->wants_text;
	request->x.transport = TRANSPORT_POLLING;
	request->x.sid = slice_str(sid);
	request->x.t = slice_str(t);
	request->x.done = request_done;
	request->x.door = request;
}

void
kit_open(struct kit *kit, int i, char *sid_r)
{
	struct kit_request request;

	request_init(kit, &request, NULL, NULL);
	request.x.info = SLICE("{}");
	request.x.without = kit->without;
	request.x.upgrades = kit->upgrades.p != NULL ? kit->upgrades : SLICE("[]");
	engine_open(kit->engines[i], &request.x);
	kit_settle(kit);
	T_OK(request.is_done);
	T_EQ(request.x.answer, ANSWER_PAYLOAD);
	strcpy(sid_r, request.x.sid_r);
	snprintf(kit->greeting, sizeof(kit->greeting), "%.500s", request.body);
}

void
kit_poll(struct kit *kit, int i, const char *sid, const char *t,
    struct kit_request *request)
{
	request_init(kit, request, sid, t);
	engine_poll(kit->engines[i], &request->x);
	kit_settle(kit);
}

static enum answer
post(struct kit *kit, int i, const char *sid, struct slice body, bool is_octets)
{
	static unsigned n;
	char t[16];
	struct kit_request request;

	snprintf(t, sizeof(t), "p%u", n++);
	request_init(kit, &request, sid, t);
	request.x.body = body;
	request.x.is_octets = is_octets;
	engine_post(kit->engines[i], &request.x);
	kit_settle(kit);
	T_OK(request.is_done);
	return request.x.answer;
}

enum answer
kit_post(struct kit *kit, int i, const char *sid, const char *body)
{
	return post(kit, i, sid, slice_str(body), false);
}

enum answer
kit_post_octets(struct kit *kit, int i, const char *sid, struct slice body)
{
	return post(kit, i, sid, body, true);
}

const char *
kit_read(struct kit *kit, int i, const char *sid)
{
	static unsigned n;
	static struct kit_request request;
	static char t[16];

	snprintf(t, sizeof(t), "g%u", n++);
	kit_poll(kit, i, sid, t, &request);
	if (!request.is_done) {
		engine_cancel(kit->engines[i], &request.x);
		kit_settle(kit);
		return "";
	}
	return request.x.answer == ANSWER_PAYLOAD ? request.body :
	    request.x.answer == ANSWER_UNKNOWN_SID ? "unknown" : "refused";
}

void
kit_connect(struct kit *kit, int i, char *sid_r)
{
	kit_open(kit, i, sid_r);
	T_EQ(kit_post(kit, i, sid_r, "40"), ANSWER_OK);
	T_OK(strncmp(kit_read(kit, (i + 1) % KIT_PROCESSES, sid_r), "40{\"sid\":\"", 10) == 0);
}
