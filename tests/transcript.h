/*
 * transcript.h - the fields of a captured exchange with a reference server
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_TRANSCRIPT_H
#define TESTS_TRANSCRIPT_H

#include <cjson/cJSON.h>
#include <dirent.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
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

/* Bytes of a step, however the capture holds them; absent: there are none. */
static inline struct slice
body_of(const cJSON *step, struct arena *arena)
{
	struct slice text = text_of(step, "body_base64");
	struct buf bytes = BUF_INIT;

	if (text.p == NULL)
		return text_of(step, "body_utf8");
	T_EQ(base64_decode(&bytes, text), RC_OK);
	text = arena_dup(arena, buf_slice(&bytes));
	buf_free(&bytes);
	return text;
}

/* The payload of a JSONP response, CALL("PAYLOAD");  Absent: there is something
 * else than a string (1.7.4 puts an object there if it was not told b64). */
static inline struct slice
jsonp_payload(struct slice body, struct arena *arena)
{
	struct slice literal = slice_skip(body, slice_find(body, '(') + 1), payload;
	cJSON *json = cJSON_ParseWithLength(literal.p, literal.n - 2);

	payload = arena_dup(arena, slice_str(cJSON_GetStringValue(json)));
	cJSON_Delete(json);
	return payload;
}

/* The transcript that replay() is about. */
static char *transcript_path;

/* Runs replay() for each file of the folder whose name begins so, as a test
 * that is called as the file with `what` behind it. */
static inline void
transcripts_run(const char *folder, const char *prefix, const char *what,
    void (*replay)(void))
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort), i;
	struct slice file;
	char *name;

	for (i = 0; i < count; i++) {
		file = slice_str(entries[i]->d_name);
		if (slice_starts(file, slice_str(prefix)) &&
		    slice_ends(file, SLICE(".json"))) {
			transcript_path = mem_printf("%s/%s", folder, file.p);
			name = mem_printf("%.*s_%s", (int)file.n - 5, file.p, what);
			t_run(name, replay);
			free(name);
			free(transcript_path);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

#endif
