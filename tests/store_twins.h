/*
 * store_twins.h - two drivers that live the same random life
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_STORE_TWINS_H
#define TESTS_STORE_TWINS_H

#include "tests/store_contract.h"

enum {
	PROCESSES = 3, SESSIONS = 6, SOCKETS = 12, ROOMS = 4, QUESTIONS = 8,
	OPS_MAX = 4, TASKS = 200, LOGGED = 40
};
extern const char *const nsps[2];
extern const char *const kind_names[OP__COUNT];

/* One operation, in numbers that mean the same to both. */
struct step {
	enum store_op_kind kind;
	int gate;                       /* an earlier step of the turn, or -1 */
	bool is_again;
	unsigned session, socket, nsp, room, other, pick, flags;
	uint64_t ticket;
	int64_t offset, upto;
	char sid[24], id[24], t[24], name[24];
};

/* What the two have in common, as the clients know it. */
struct life {
	uint64_t seed;
	char sid[SESSIONS][24], t[SESSIONS][24], id[SOCKETS][24];
	uint64_t ticket[SESSIONS], probe[SESSIONS];
	unsigned session_of[SOCKETS], nsp_of[SOCKETS];
	int64_t known[SOCKETS], before[SOCKETS];        /* offsets of the client */
	unsigned count;
	char log[LOGGED][200];
	unsigned logged;
};
extern struct life life;

/* One of the two. */
struct twin {
	const char *driver;
	char dir[128];
	struct store *stores[PROCESSES], *store;        /* store: whose turn it is */
	uint64_t session[SESSIONS], socket[SOCKETS];
	int64_t question[QUESTIONS];
	struct task tasks[TASKS];
	size_t n_tasks;
	struct store_op *ops[OPS_MAX];
	const char *said;
};
extern struct twin twins[2];

/* ---- store_twins_step.c: making steps up, and filling them in ---------- */

unsigned roll(unsigned n);
const char *room_name(unsigned room);
/* Before each turn, so that most steps mean something that is there. */
void look_around(void);
void make_step(struct step *step, int place);
/* An operation of the turn under construction. */
struct store_op *fill(struct twin *twin, const struct step *step);
/* For the log of a life that fails. */
void note(const char *text);
void note_step(const struct step *step);

/* ---- store_twins_say.c: what came of it -------------------------------- */

/* The result in words; numbers that it gave out are remembered. */
void say_op(struct twin *twin, const struct step *step, const struct store_op *op,
    struct buf *out);
/* All that the queries see. */
void say_world(struct twin *twin, struct buf *out);
void load_tasks(struct twin *twin);
/* What the clients learn from it. */
void remember(const struct step *step, const struct store_op *op);

#endif
