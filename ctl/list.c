/*
 * list.c - a list on its way to stdout: a table for people, an array for programs
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "ctl/list.h"

void
list_begin(struct list *list, struct ctl *ctl, const char *head)
{
	memset(list, 0, sizeof(*list));
	list->ctl = ctl;
	buf_str(&list->out, ctl->json ? "[" : head);
}

void
list_item(struct list *list)
{
	buf_str(&list->out, !list->ctl->json ? "\n" : list->n == 0 ? "" : ",");
	list->n++;
}

int
list_end(struct list *list)
{
	if (list->ctl->json)
		buf_char(&list->out, ']');
	ctl_print(&list->out);
	buf_free(&list->out);
	return list->n == 0 ? EXIT_NOBODY : EXIT_DONE;
}
