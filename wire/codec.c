/*
 * codec.c - which generations are built in
 *
 * A generation is a file and a row here; taking one out is deleting both.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>

#include "base/buf.h"
#include "wire/codec.h"

static const struct codec *const codecs[] = {
	[GENERATION_V0] = &codec_v0,
	[GENERATION_V1] = &codec_v1,
	[GENERATION_EIO3] = &codec_eio3,
	[GENERATION_EIO4] = &codec_eio4,
};
static_assert(sizeof(codecs) / sizeof(codecs[0]) <= GENERATION__COUNT,
    "a codec without a generation");

#define N_CODECS (sizeof(codecs) / sizeof(codecs[0]))

const struct codec *
codec_of(enum generation generation)
{
	return (size_t)generation < N_CODECS ? codecs[generation] : NULL;
}

const struct codec *
codec_named(struct slice name)
{
	size_t i;

	for (i = 0; i < N_CODECS; i++) {
		if (codecs[i] != NULL && slice_is(name, codecs[i]->name))
			return codecs[i];
	}
	return NULL;
}

void
codec_join(const struct codec *codec, struct buf *out, struct slice piece)
{
	if (piece.n == 0)
		return;
	if (out->n == 0)
		buf_add(out, piece);
	else
		codec->join(out, piece);
}
