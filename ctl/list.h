/*
 * list.h - a list on its way to stdout: a table for people, an array for programs
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CTL_LIST_H
#define CTL_LIST_H

#include "ctl/command.h"

struct list {
	struct ctl *ctl;
	struct buf out;
	int64_t n;
	uint64_t last;
};

/* head: the line above the table. */
void list_begin(struct list *list, struct ctl *ctl, const char *head);
/* What is written to out from here on is one more of it. */
void list_item(struct list *list);
/* Prints it; what main() returns. */
int  list_end(struct list *list);

#endif
