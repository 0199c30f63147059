/*
 * file.h - a file as an answer, for the client scripts and for the doors' files
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_FILE_H
#define HTTP_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct buf;
struct stat;

enum { FILE_TAG_SIZE = 64 };

/* What a file is called in ETag: another one when its size or time is. */
void file_tag(const struct stat *st, char tag_r[FILE_TAG_SIZE]);

/* Whether If-None-Match, a list of tags or "*", has it. */
bool file_tag_is_known(struct slice known, const char *tag);

/* Appends size bytes; false: there are not so many. */
bool file_read(int fd, size_t size, struct buf *body);

#endif
