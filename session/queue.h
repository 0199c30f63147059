/*
 * queue.h - exchanges, one behind the other
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SESSION_QUEUE_H
#define SESSION_QUEUE_H

#include <stdbool.h>

struct exchange;

struct queue {
	struct exchange *first, **end;
};

void queue_init(struct queue *q);
void queue_put(struct queue *q, struct exchange *x);     /* behind all others */
void queue_push(struct queue *q, struct exchange *x);    /* before all others */
struct exchange *queue_take(struct queue *q);           /* NULL: it is empty */
/* Takes x out of the middle; false: it is not in there. */
bool queue_drop(struct queue *q, const struct exchange *x);

#endif
