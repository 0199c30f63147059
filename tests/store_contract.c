/*
 * store_contract.c - the stage on which the contract of the store is played
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "tests/store_contract.h"
#include "tests/t.h"

struct scene scene;

/* The process of t_elsewhere(), or the handle that plays its part. */
static struct {
	pid_t pid;
	struct store *handle, *own;
} elsewhere;

/* ---- the stage --------------------------------------------------------- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
open_store(void)
{
	char *error = NULL;
	enum rc rc = store_open(&scene.conf, &scene.clock.clock, &scene.store, &error);

	if (rc != RC_OK)
		T_FAIL("store_open: %s: %s", rc_name(rc), error == NULL ? "" : error);
}

static void
scene_begin(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(scene.dir, sizeof scene.dir, "%s/store-contract-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(scene.dir) == NULL) {
		perror(scene.dir);
		exit(1);
	}
	clock_fake_init(&scene.clock);
	scene.conf = (struct store_conf){
		.driver = scene.contract->driver, .path = scene.dir,
		.journal = "wal", .synchronous = "normal",
		.retention_ms = 600 * 1000, .recovery_ms = 120 * 1000,
		.lock_wait_ms = 50, .connect_timeout_ms = 45 * 1000,
		.ping_interval_ms = 25 * 1000, .ping_timeout_ms = 20 * 1000,
	};
	scene.ticket = 0;
	scene.t = 0;
	scene.turn_open = false;
	memset(scene.tickets, 0, sizeof scene.tickets);
	memset(scene.shared, 0, 64 * sizeof *scene.shared);
}

static void
scene_end(void)
{
	t_elsewhere_dies();
	store_close(&scene.store);
	arena_free(&scene.arena);
	nftw(scene.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void (*scene_test)(void);

static void
scene_play(void)
{
	open_store();
	scene_test();
}

void
scene_run(const char *name, void (*test)(void))
{
	scene_test = test;
	scene_begin();
	t_run(name, scene_play);
	scene_end();
}

int
contract_main(const struct contract *contract)
{
	scene.contract = contract;
	scene.shared = mmap(NULL, 64 * sizeof *scene.shared, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (scene.shared == MAP_FAILED)
		return 1;
	contract_turn();
	contract_poll();
	contract_close();
	contract_room();
	contract_recover();
	contract_refuse();
	contract_log();
	contract_task();
	contract_inbox();
	contract_look();
	contract_worker();
	contract_lost();
	contract_acl();
	contract_user();
	contract_follow();
	return t_end();
}

void
t_reopen(void)
{
	store_close(&scene.store);
	open_store();
}

void
t_wait(int64_t ms)
{
	clock_fake_turn(&scene.clock, ms);
}

/* ---- elsewhere --------------------------------------------------------- */

static void
play_in_child(void (*what)(void), int done)
{
	sigset_t leave;
	int signal;

	sigemptyset(&leave);
	sigaddset(&leave, SIGTERM);
	sigprocmask(SIG_BLOCK, &leave, NULL);
	scene.store = NULL;     /* the parent's, never to be touched here */
	scene.turn_open = false;
	if (setjmp(t_out) == 0) {
		open_store();
		what();
		if (write(done, "+", 1) != 1)
			_exit(1);
		fflush(stdout);
		sigwait(&leave, &signal);       /* t_elsewhere_leaves() */
		store_close(&scene.store);
		_exit(0);
	}
	fflush(stdout);
	_exit(1);
}

static void
play_with_handle(void (*what)(void))
{
	elsewhere.own = scene.store;
	open_store();
	elsewhere.handle = scene.store;
	what();
	scene.store = elsewhere.own;
}

void
t_elsewhere(void (*what)(void))
{
	int done[2];
	char c = 0;

	if (!scene.contract->has_processes) {
		play_with_handle(what);
		return;
	}
	fflush(stdout);
	if (pipe(done) != 0 || (elsewhere.pid = fork()) < 0)
		T_FAIL("no other process");
	if (elsewhere.pid == 0) {
		close(done[0]);
		play_in_child(what, done[1]);
	}
	close(done[1]);
	if (read(done[0], &c, 1) != 1)
		c = 0;
	close(done[0]);
	if (c != '+')
		T_FAIL("it failed in the other process");
}

void
t_elsewhere_dies(void)
{
	if (elsewhere.pid > 0) {
		kill(elsewhere.pid, SIGKILL);
		waitpid(elsewhere.pid, NULL, 0);
		elsewhere.pid = 0;
	}
	if (elsewhere.handle != NULL)
		scene.store = elsewhere.own;    /* also when the case failed in there */
	store_close(&elsewhere.handle);
}

void
t_elsewhere_leaves(void)
{
	T_OK(elsewhere.pid > 0);
	kill(elsewhere.pid, SIGTERM);
	waitpid(elsewhere.pid, NULL, 0);
	elsewhere.pid = 0;
}

bool
t_woken(void)
{
	struct pollfd p = { .fd = store_wake_fd(scene.store), .events = POLLIN };
	bool woken;

	T_OK(p.fd >= 0);
	woken = poll(&p, 1, 5000) == 1;
	store_wake_take(scene.store);
	return woken;
}
