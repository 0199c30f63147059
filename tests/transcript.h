/*
 * transcript.h - the fields of a captured exchange with a reference server
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_TRANSCRIPT_H
#define TESTS_TRANSCRIPT_H

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "tests/t.h"

static inline struct slice
text_of(const cJSON *step, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(step, name);

	return cJSON_IsString(item) ? slice_str(item->valuestring) : SLICE_NONE;
}

static inline int
number_of(const cJSON *step, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(step, name);

	return cJSON_IsNumber(item) ? item->valueint : -1;
}

static inline struct slice
header_of(const cJSON *step, const char *name)
{
	const cJSON *headers = cJSON_GetObjectItemCaseSensitive(step, "headers");

	return slice_str(cJSON_GetStringValue(cJSON_GetObjectItem(headers, name)));
}

/* A parameter of the request target; absent if it is not there. */
static inline struct slice
query_of(struct slice target, const char *name)
{
	struct slice rest = slice_skip(target, slice_find(target, '?') + 1), pair;
	size_t n;

	while (slice_cut(&rest, '&', &pair)) {
		n = slice_find(pair, '=');
		if (slice_is(slice_head(pair, n), name))
			return slice_skip(pair, n + 1);
	}
	return SLICE_NONE;
}

static inline cJSON *
transcript_read(const char *path)
{
	struct buf text = BUF_INIT;
	FILE *f = fopen(path, "rb");
	cJSON *json;
	size_t n;

	if (f == NULL)
		T_FAIL("cannot open %s", path);
	do {
		buf_reserve(&text, 4096);
		n = fread(text.p + text.n, 1, 4096, f);
		text.n += n;
	} while (n > 0);
	fclose(f);
	json = cJSON_ParseWithLength(text.p, text.n);
	buf_free(&text);
	if (json == NULL)
		T_FAIL("no JSON: %s", path);
	return json;
}

#endif
