/*
 * file.c - a file as an answer, for the client scripts and for the doors' files
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "http/file.h"

void
file_tag(const struct stat *st, char tag_r[FILE_TAG_SIZE])
{
	snprintf(tag_r, FILE_TAG_SIZE, "W/\"%" PRIx64 "-%" PRIx64 "-%lx\"",
	    (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
	    st->st_mtim.tv_nsec);
}

bool
file_tag_is_known(struct slice known, const char *tag)
{
	struct slice each;

	while (slice_cut(&known, ',', &each)) {
		each = slice_trim(each);
		if (slice_is(each, "*") || slice_is(each, tag) ||
		    slice_is(each, tag + strlen("W/")))
			return true;
	}
	return false;
}

bool
file_read(int fd, size_t size, struct buf *body)
{
	ssize_t got;

	buf_reserve(body, size);
	while (body->n < size) {
		got = read(fd, body->p + body->n, size - body->n);
		if (got <= 0)
			return false;
		body->n += (size_t)got;
	}
	return true;
}
