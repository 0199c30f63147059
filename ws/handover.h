/*
 * handover.h - a newer process takes the listening sockets over
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_HANDOVER_H
#define WS_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <uv.h>

struct door;

enum { LISTENERS_MAX = 8 };

/* ---- the new process ------------------------------------------------------------ */

/* What it was given and has not taken yet. */
struct inherited {
	int ready;              /* where it says that it serves; -1: to nobody */
	int fds[LISTENERS_MAX];
	size_t n;
};

/* Once, before anything is opened. */
void inherited_read(struct inherited *in);

/* A socket that listens at this address already (port 0: at any port), yours now;
 * -1: none. */
int  inherited_take(struct inherited *in, const struct sockaddr_storage *at);

/* It serves.  What it did not take is closed. */
void inherited_ready(struct inherited *in);

/* ---- the old one ---------------------------------------------------------------- */

struct handover {
	struct door *door;
	uv_process_t process;
	uv_pipe_t ready;
	uv_timer_t patience;
	unsigned n_handles;     /* that are not closed yet; 0: nothing is under way */
	bool is_done;           /* the new one serves */
};

/* Starts this program anew, as it was started.  is_done, or a line in the log, says
 * later what came of it.  The loop's memory; its handles are closed with the loop. */
void handover_begin(struct handover *h, struct door *door, uv_loop_t *loop);

/* Whether SIGUSR2 is taken now, or waits. */
void handover_hear(bool hears);

/* We leave: nobody is to be left behind that does not serve yet. */
void handover_cancel(struct handover *h);

#endif
