/*
 * tally_file.c - the counters of what was refused, in a file
 *
 * A row of the database would be a write transaction for whoever wants to make us
 * write.  So the counters are a small file that the processes share in memory:
 * one addition each, which no lock guards and no kill undoes.
 *
 * Must stay true:
 *   - the whole file has its blocks on the disk before it is used: an addition to
 *     a hole on a full disk would end the process
 *   - no counters are a reason to refuse anything
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/tally_file.h"
#include "store/worker.h"

enum { HEAD = 8 };              /* numbers before the first counter */

static const char magic[8] = { 'S', 'I', 'O', 'T', 'A', 'L', 'Y', '1' };

static_assert(TALLY_FILE_BYTES >= (HEAD + TALLY__COUNT) * sizeof(uint64_t),
    "the file is too small for all counters");

/* Every process writes the same: there is no first one. */
static bool
file_make(int fd)
{
	return posix_fallocate(fd, 0, TALLY_FILE_BYTES) == 0 &&
	    pwrite(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic);
}

/* Asked before each use: somebody may have emptied it, and what is mapped behind
 * its end must not be touched. */
static bool
file_is_good(const struct tallies *t)
{
	static const char nothing[sizeof(magic)];
	char head[sizeof(magic)] = "";
	struct stat st;

	if (fstat(t->fd, &st) != 0 || pread(t->fd, head, sizeof(head), 0) == -1)
		return false;
	if (memcmp(head, nothing, sizeof(head)) == 0)
		return !t->read_only && file_make(t->fd);
	return memcmp(head, magic, sizeof(head)) == 0 && st.st_size >= TALLY_FILE_BYTES;
}

static void
file_open(struct tallies *t, int dir, uid_t owner)
{
	t->fd = t->read_only ?
	    openat(dir, "tallies", O_RDONLY | O_CLOEXEC | O_NOFOLLOW) :
	    store_file_open(dir, "tallies", owner);
	if (t->fd < 0)
		return;
	t->map = mmap(NULL, TALLY_FILE_BYTES, t->read_only ? PROT_READ :
	    PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	if (t->map == MAP_FAILED) {
		t->map = NULL;
		close(t->fd);
	}
}

uint64_t *
tallies_counters(struct tallies *t, int dir, uid_t owner)
{
	if (t->map == NULL)
		file_open(t, dir, owner);
	return t->map != NULL && file_is_good(t) ? t->map + HEAD : NULL;
}

void
tallies_fini(struct tallies *t)
{
	if (t->map == NULL)
		return;
	munmap(t->map, TALLY_FILE_BYTES);
	close(t->fd);
	t->map = NULL;
}
