/*
 * mem.c - memory that is there, and arenas that end with a turn
 *
 * Must stay true:
 *   - no function here returns NULL
 *   - an arena's block never moves, so what was given out stays where it is
 *   - under AddressSanitizer a reset frees every block, and a shelf keeps nothing:
 *     whoever keeps a pointer too long is found by the sanitizer instead of by a
 *     user
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	BLOCK_FIRST = 4096 - 64,        /* with malloc's own words: one page */
	STACK_BYTES = 64 * 1024,        /* of a thread that frees */
	BLOCK_KEPT = 256 * 1024,        /* a larger one is not kept by a reset */
	SHELF_MAX = 128,                /* pieces; more go back to malloc() */
	/* glibc's tcache: so many free pieces of each size, for its own thread */
	TCACHE_SMALLEST = 24, TCACHE_LARGEST = 1032, TCACHE_STEP = 16, TCACHE_COUNT = 7
};

#if defined(__SANITIZE_ADDRESS__)
#define KEEPS_A_BLOCK 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS_A_BLOCK 0
#endif
#endif
#ifndef KEEPS_A_BLOCK
#define KEEPS_A_BLOCK 1
#endif

struct arena_block {
	struct arena_block *next;
	size_t used, size;              /* of bytes[] */
	alignas(max_align_t) char bytes[];
};

static void
out_of_memory(void)
{
	static const char said[] = "siogate: out of memory\n";
	ssize_t n = write(STDERR_FILENO, said, sizeof(said) - 1);

	(void)n;
	abort();
}

void *
mem_alloc(size_t n)
{
	void *p = calloc(1, n == 0 ? 1 : n);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
mem_resize(void *p, size_t n)
{
	if ((p = realloc(p, n == 0 ? 1 : n)) == NULL)
		out_of_memory();
	return p;
}

char *
mem_strdup(const char *s)
{
	return mem_slicedup(slice_str(s));
}

char *
mem_slicedup(struct slice s)
{
	char *p = mem_resize(NULL, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

char *
mem_printf(const char *fmt, ...)
{
	char *p = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return p;
}

static struct arena_block *
block_new(struct arena *a, size_t n)
{
	size_t size = a->block == NULL ? BLOCK_FIRST : a->block->size * 2;
	struct arena_block *block;

	if (size > BLOCK_KEPT)
		size = BLOCK_KEPT;
	if (size < n)
		size = n;
	block = mem_resize(NULL, sizeof(*block) + size);
	block->next = a->block;
	block->used = 0;
	block->size = size;
	a->block = block;
	return block;
}

/* n bytes that hold anything. */
static char *
arena_take(struct arena *a, size_t n)
{
	struct arena_block *block = a->block;
	char *p;

	if (n > SIZE_MAX / 2)
		out_of_memory();
	n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (block == NULL || block->size - block->used < n)
		block = block_new(a, n);
	p = block->bytes + block->used;
	block->used += n;
	return p;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	return memset(arena_take(a, n == 0 ? 1 : n), 0, n);
}

struct slice
arena_dup(struct arena *a, struct slice s)
{
	if (s.p == NULL)
		return SLICE_NONE;
	return slice_of(arena_str(a, s), s.n);
}

char *
arena_str(struct arena *a, struct slice s)
{
	char *p = arena_take(a, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

struct slice
arena_printf(struct arena *a, const char *fmt, ...)
{
	struct slice copy;
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	copy = arena_dup(a, slice_of(text, (size_t)n));
	free(text);
	return copy;
}

void
arena_move(struct arena *to, struct arena *from)
{
	struct arena_block **end = &to->block;

	while (*end != NULL)
		end = &(*end)->next;
	*end = from->block;
	from->block = NULL;
}

/* Frees all blocks behind the newest, which is the largest. */
void
arena_reset(struct arena *a)
{
	struct arena_block *kept = a->block;
	struct arena rest;

	if (kept == NULL)
		return;
	if (!KEEPS_A_BLOCK || kept->size > BLOCK_KEPT) {
		arena_free(a);
		return;
	}
	rest.block = kept->next;
	arena_free(&rest);
	kept->next = NULL;
	kept->used = 0;
}

void
arena_free(struct arena *a)
{
	struct arena_block *block, *next;

	for (block = a->block; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	a->block = NULL;
}

/* ---- shelves ------------------------------------------------------------------- */

struct piece {
	struct piece *next;
};

void *
shelf_take(struct shelf *shelf, size_t n)
{
	struct piece *piece = shelf->first;

	if (piece == NULL)
		return mem_alloc(n);
	shelf->first = piece->next;
	shelf->n--;
	return memset(piece, 0, n);
}

void
shelf_put(struct shelf *shelf, void *p)
{
	struct piece *piece = p;

	if (!KEEPS_A_BLOCK || shelf->n == SHELF_MAX) {
		free(p);
		return;
	}
	piece->next = shelf->first;
	shelf->first = piece;
	shelf->n++;
}

void
shelf_clear(struct shelf *shelf)
{
	struct piece *piece;

	while ((piece = shelf->first) != NULL) {
		shelf->first = piece->next;
		free(piece);
	}
	shelf->n = 0;
}

/* ---- giving back --------------------------------------------------------------- */

static void *
pieces_free(void *arg)
{
	struct piece *piece, *next;

	for (piece = arg; piece != NULL; piece = next) {
		next = piece->next;
		free(piece);
	}
	return NULL;
}

/* A module that was not compiled for it: the loader has written into its code. */
static bool
has_relocated_code(const struct dl_phdr_info *object)
{
	const ElfW(Phdr) *part = object->dlpi_phdr, *end = part + object->dlpi_phnum;
	const ElfW(Dyn) *d;

	while (part < end && part->p_type != PT_DYNAMIC)
		part++;
	if (part == end)
		return false;
	for (d = (const ElfW(Dyn) *)(object->dlpi_addr + part->p_vaddr);
	    d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_TEXTREL || (d->d_tag == DT_FLAGS &&
		    (d->d_un.d_val & DF_TEXTREL) != 0))
			return true;
	return false;
}

/*
 * What was read from the file and never written: code and constants.  Relocated
 * tables lie in a segment that may be written when it is loaded, and stay.
 */
static int
object_leave(struct dl_phdr_info *object, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin, end;
	const ElfW(Phdr) *part;

	(void)size;
	(void)arg;
	if (has_relocated_code(object))
		return 0;
	for (part = object->dlpi_phdr; part < object->dlpi_phdr + object->dlpi_phnum;
	    part++) {
		if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0)
			continue;
		begin = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);
		end = object->dlpi_addr + part->p_vaddr + part->p_memsz;
		madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

/*
 * A few hundred small free pieces that this thread has in store for itself keep as
 * many pages, and malloc_trim() does not touch them.  Only a thread that ends gives
 * its own back: so they are taken out here, and freed by one that ends.
 */
void
mem_give_back(void)
{
	struct piece *pieces = NULL, *piece;
	void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	mallopt(M_ARENA_MAX, 1);        /* no second heap for it */
	for (size_t n = TCACHE_SMALLEST; n <= TCACHE_LARGEST; n += TCACHE_STEP)
		for (int i = 0; i < TCACHE_COUNT; i++) {
			piece = mem_resize(NULL, n);
			piece->next = pieces;
			pieces = piece;
		}
	if (stack != MAP_FAILED &&      /* one of glibc's own would stay */
	    pthread_attr_setstack(&attributes, stack, STACK_BYTES) == 0 &&
	    pthread_create(&thread, &attributes, pieces_free, pieces) == 0)
		pthread_join(thread, NULL);
	else
		pieces_free(pieces);
	pthread_attr_destroy(&attributes);
	if (stack != MAP_FAILED)
		munmap(stack, STACK_BYTES);
	malloc_trim(0);
	dl_iterate_phdr(object_leave, NULL);
}
