/*
 * store_twins_test.c - the same random life on two drivers, side by side
 *
 * Every turn is made up once and committed to both; what each operation says,
 * what every session hears and what the queries see must be the same words.
 * Each driver is open three times, as if by three processes: turns go through
 * any of them, and now and then one dies and is started again.
 * A seed that fails prints its last turns.  TWINS_SEEDS=N runs more seeds (6),
 * TWINS_SEED=N one alone.
 *
 * The clients of this life are honest: they come back with the offset that they
 * really have, and the janitor comes whenever the clock was turned.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <ftw.h>

#include "tests/store_twins.h"
#include "tests/t.h"

enum { TURNS = 250 };

struct twin twins[2] = { { .driver = "memory" }, { .driver = "sqlite" } };

static void
twin_turn(struct twin *w, const struct step *steps, int n, bool looks)
{
	struct buf b = BUF_INIT;
	int i;

	scene.store = w->store;
	load_tasks(w);
	for (i = 0; i < n; i++)
		w->ops[i] = fill(w, &steps[i]);
	t_commit();
	for (i = 0; i < n; i++) {
		say_op(w, &steps[i], w->ops[i], &b);
		buf_char(&b, '\n');
	}
	if (looks) {
		load_tasks(w);
		say_world(w, &b);
	}
	w->said = arena_str(&scene.arena, buf_slice(&b));
	buf_free(&b);
}

static struct slice
line_at(const char *text, size_t i)
{
	while (i > 0 && text[i - 1] != '\n')
		i--;
	return slice_head(slice_str(text + i), strcspn(text + i, "\n"));
}

static void
compare(uint64_t seed, int turn)
{
	const char *a = twins[0].said, *b = twins[1].said;
	size_t i = 0;
	unsigned k;

	while (a[i] != '\0' && a[i] == b[i])
		i++;
	if (a[i] == b[i])
		return;
	for (k = life.logged < LOGGED ? 0 : life.logged - LOGGED; k < life.logged; k++)
		printf("# %s\n", life.log[k % LOGGED]);
	printf("# memory: %.*s\n", SLICE_ARGS(line_at(a, i)));
	printf("# sqlite: %.*s\n", SLICE_ARGS(line_at(b, i)));
	T_FAIL("seed %d, turn %d: the twins differ", (int)seed, turn);
}

static void
both(const struct step *steps, int n, bool looks, uint64_t seed, int turn)
{
	int i;

	for (i = 0; i < n; i++)
		note_step(&steps[i]);
	twin_turn(&twins[0], steps, n, looks);
	twin_turn(&twins[1], steps, n, looks);
	compare(seed, turn);
	for (i = 0; i < n; i++)
		remember(&steps[i], twins[0].ops[i]);
}

static void
start(struct twin *w, int process)
{
	char *error = NULL;

	scene.conf = (struct store_conf){
		.driver = w->driver, .path = w->dir, .journal = "wal",
		.synchronous = "normal", .retention_ms = 60000, .recovery_ms = 30000,
		.lock_wait_ms = 50, .connect_timeout_ms = 20000,
		.ping_interval_ms = 25000, .ping_timeout_ms = 20000,
	};
	T_EQ(store_open(&scene.conf, &scene.clock.clock, &w->stores[process], &error),
	    RC_OK);
}

static void
die_and_start(int process)
{
	int i;

	note(t_text("process %d dies", process));
	for (i = 0; i < 2; i++) {
		store_close(&twins[i].stores[process]);
		start(&twins[i], process);
	}
}

static void
take_process(int process)
{
	note(t_text("process %d", process));
	twins[0].store = twins[0].stores[process];
	twins[1].store = twins[1].stores[process];
}

static void
live(uint64_t seed)
{
	static const int64_t waits[] = { 1, 100, 1000, 1000, 3000, 3000, 9000, 26000 };
	struct step steps[OPS_MAX], janitor = { .kind = OP_JANITOR, .gate = -1 };
	int turn, n, i;

	for (turn = 0; turn < TURNS; turn++) {
		arena_reset(&scene.arena);
		if (roll(20) == 0)
			die_and_start((int)roll(PROCESSES));
		take_process((int)roll(PROCESSES));
		n = 1 + (int)roll(OPS_MAX);
		look_around();
		for (i = 0; i < n; i++)
			make_step(&steps[i], i);
		both(steps, n, turn % 5 == 0, seed, turn);
		if (roll(4) == 0) {
			t_wait(waits[roll(8)]);
			note(t_text("clock %lld", (long long)scene.clock.wall));
			both(&janitor, 1, true, seed, turn);
		}
	}
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
twin_begin(struct twin *w)
{
	const char *tmp = getenv("TMPDIR");
	int i;

	snprintf(w->dir, sizeof w->dir, "%s/store-twins-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	T_OK(mkdtemp(w->dir) != NULL);
	memset(w->session, 0, sizeof w->session);
	memset(w->socket, 0, sizeof w->socket);
	memset(w->question, 0, sizeof w->question);
	for (i = 0; i < PROCESSES; i++)
		start(w, i);
}

static void
twin_end(struct twin *w)
{
	int i;

	for (i = 0; i < PROCESSES; i++)
		store_close(&w->stores[i]);
	nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static uint64_t seed_now;

static void
the_twins_live_the_same_life(void)
{
	twin_begin(&twins[0]);
	twin_begin(&twins[1]);
	live(seed_now);
}

static void
run_seed(uint64_t seed)
{
	unsigned k;

	memset(&life, 0, sizeof life);
	for (k = 0; k < SOCKETS; k++)
		life.session_of[k] = SESSIONS;
	clock_fake_init(&scene.clock);
	scene.turn_open = false;
	life.seed = (seed + 1) * 0x9e3779b97f4a7c15ull;
	seed_now = seed;
	T_RUN(the_twins_live_the_same_life);
	twin_end(&twins[0]);
	twin_end(&twins[1]);
	arena_free(&scene.arena);
}

int
main(void)
{
	const char *one = getenv("TWINS_SEED"), *many = getenv("TWINS_SEEDS");
	int seeds = many == NULL ? 6 : atoi(many), i;

	if (one != NULL)
		run_seed((uint64_t)atoi(one));
	for (i = 1; one == NULL && i <= seeds; i++)
		run_seed((uint64_t)i);
	return t_end();
}
