/*
 * memory_acl.c - access lists, in the order of their keys
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/memory_private.h"

static struct mem_acl *
acl_find(struct town *town, struct slice key)
{
	struct mem_acl *a;

	DL_FOREACH(town->acls, a)
		if (slice_eq(a->row.key, key))
			return a;
	return NULL;
}

static void
acl_drop(struct town *town, struct mem_acl *a)
{
	DL_DELETE(town->acls, a);
	memory_disown(&a->row.key);
	memory_disown(&a->row.names);
	memory_disown(&a->row.by);
	free(a);
}

static int
acl_order(const struct mem_acl *a, const struct mem_acl *b)
{
	return slice_cmp(a->row.key, b->row.key);
}

static void
acl_put(struct memory *m, const struct store_op *op, struct slice names)
{
	struct mem_acl *a = mem_alloc(sizeof(*a));

	a->row.key = memory_own(op->u.acl.key);
	a->row.names = memory_own(names);
	a->row.by = memory_own(op->u.acl.by);
	a->row.wall = m->wall;
	a->socket = op->u.acl.socket == NULL ? 0 : *op->u.acl.socket;
	DL_INSERT_INORDER(m->town->acls, a, acl_order);
}

void
memory_op_acl(struct memory *m, struct store_op *op)
{
	struct mem_acl *old = acl_find(m->town, op->u.acl.key);
	bool forget = op->u.acl.verb == ACL_SET && op->u.acl.names.p == NULL;
	struct buf names = BUF_INIT;

	if (op->u.acl.socket != NULL &&
	    memory_socket_get(m->town, *op->u.acl.socket) == NULL)
		op->rc = RC_GONE;
	else if (op->u.acl.verb == ACL_REMOVE && old == NULL)
		op->rc = RC_NONE;
	else if (!forget)
		op->rc = acl_merge(&names, op->u.acl.verb, old == NULL ? SLICE_NONE :
		    old->row.names, op->u.acl.names);
	if (op->rc == RC_OK) {
		if (old != NULL)
			acl_drop(m->town, old);
		if (!forget)
			acl_put(m, op, names.n == 0 ? SLICE("") : buf_slice(&names));
		m->town->acl_version++;
	}
	buf_free(&names);
}

void
memory_acls_end(struct town *town, uint64_t socket)
{
	struct mem_acl *a, *next;

	DL_FOREACH_SAFE(town->acls, a, next)
		if (a->socket == socket)
			acl_drop(town, a);
}

void
memory_acls_free(struct town *town)
{
	while (town->acls != NULL)
		acl_drop(town, town->acls);
}

static void
row_copy(struct arena *arena, const struct mem_acl *a, struct acl_row *row_r)
{
	*row_r = (struct acl_row){ arena_dup(arena, a->row.key),
	    arena_dup(arena, a->row.names), arena_dup(arena, a->row.by), a->row.wall };
}

int64_t
memory_acl_version(struct store *store)
{
	return memory_of(store)->town->acl_version;
}

enum rc
memory_acl(struct store *store, struct slice key, struct arena *arena,
    struct acl_row *row_r)
{
	const struct mem_acl *a = acl_find(memory_of(store)->town, key);

	*row_r = (struct acl_row){ .wall = 0 };
	if (a == NULL)
		return RC_NONE;
	row_copy(arena, a, row_r);
	return RC_OK;
}

enum rc
memory_acls(struct store *store, struct slice after, size_t limit,
    struct arena *arena, store_acl_fn *visit, void *arg)
{
	const struct mem_acl *a;
	struct acl_row row;
	size_t n = 0;

	DL_FOREACH(memory_of(store)->town->acls, a)
		if (slice_cmp(a->row.key, after) > 0 && n++ < limit) {
			row_copy(arena, a, &row);
			visit(arg, &row);
		}
	return RC_OK;
}
