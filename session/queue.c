/*
 * queue.c - exchanges, one behind the other
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "session/engine.h"
#include "session/queue.h"

void
queue_init(struct queue *q)
{
	q->first = NULL;
	q->end = &q->first;
}

void
queue_put(struct queue *q, struct exchange *x)
{
	x->next = NULL;
	*q->end = x;
	q->end = &x->next;
}

void
queue_push(struct queue *q, struct exchange *x)
{
	if ((x->next = q->first) == NULL)
		q->end = &x->next;
	q->first = x;
}

struct exchange *
queue_take(struct queue *q)
{
	struct exchange *x = q->first;

	if (x == NULL)
		return NULL;
	if ((q->first = x->next) == NULL)
		q->end = &q->first;
	x->next = NULL;
	return x;
}

bool
queue_drop(struct queue *q, const struct exchange *x)
{
	struct exchange **at = &q->first;

	while (*at != NULL && *at != x)
		at = &(*at)->next;
	if (*at == NULL)
		return false;
	if ((*at = x->next) == NULL)
		q->end = at;
	return true;
}
