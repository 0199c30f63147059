/*
 * fuzz_json.c - JSON from anywhere is refused or walked whole
 *
 * What must hold: what json_check() takes can be walked to its last byte and
 * written again in ASCII; what it refuses harms no walker; any bytes can be
 * quoted and the string is JSON.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/utf8.h"
#include "tests/fuzz/fuzz.h"

enum { DEPTH = 16 };

const struct slice fuzz_seeds[] = {
	SLICE("[\"chat\",{\"text\":\"h\xc3\xa9llo \xf0\x9f\x98\x80\",\"n\":[1,-2.5e3,true]}]"),
	SLICE("{\"sid\":\"abc\",\"upgrades\":[],\"pingInterval\":25000,\"a\":null}"),
	SLICE("[\"\\u00e9\\ud83d\\ude00\\ud800\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"),
	SLICE(" [ [ ] , { } , { \"a\" : { \"a\" : [ [ [ 0 ] ] ] } } ]\r\n\t"),
	SLICE("{\"_placeholder\":true,\"num\":0}"),
	SLICE("12345678901234567890"),
	SLICE("\"plain text that is longer than a few machine words\""),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("\\u"), SLICE("\\ud800"), SLICE("\\udc00"), SLICE("\""), SLICE("\\"),
	SLICE("["), SLICE("]"), SLICE("{"), SLICE("}"), SLICE(","), SLICE(":"),
	SLICE("null"), SLICE("true"), SLICE("1e5"), SLICE("\xed\xa0\x80"),
	SLICE("\xe2\x80\xa8"), SLICE("\xf0\x9f\x98\x80"), SLICE("[[[[[[[[[[[[[[[[["),
	SLICE("\"a\":"), SLICE(" "), SLICE("\n"), SLICE_NONE
};

/* Returns how many values there were. */
static size_t
walk(struct slice value, unsigned depth)
{
	struct slice rest = value, key, item;
	enum json_kind kind = json_kind(value);
	size_t count = 1;

	if (depth == 0 || (kind != JSON_ARRAY && kind != JSON_OBJECT))
		return count;
	json_open(&rest);
	if (kind == JSON_ARRAY) {
		while (json_next(&rest, &item))
			count += walk(item, depth - 1);
	} else {
		while (json_next_member(&rest, &key, &item)) {
			FUZZ_MUST(item.p >= value.p &&
			    item.p + item.n <= value.p + value.n);
			count += walk(item, depth - 1);
		}
	}
	return count;
}

static void
walk_checked(struct slice value)
{
	struct slice rest = value, key, item;
	struct buf b = BUF_INIT;

	switch (json_kind(value)) {
	case JSON_ARRAY:
		json_open(&rest);
		while (json_next(&rest, &item)) {
			FUZZ_MUST(json_check(item, DEPTH) == RC_OK);
			walk_checked(item);
		}
		FUZZ_MUST(rest.n > 0 && rest.p[0] == ']');
		break;
	case JSON_OBJECT:
		json_open(&rest);
		while (json_next_member(&rest, &key, &item)) {
			FUZZ_MUST(json_kind(key) == JSON_STRING);
			FUZZ_MUST(json_check(item, DEPTH) == RC_OK);
			walk_checked(item);
		}
		FUZZ_MUST(rest.n > 0 && rest.p[0] == '}');
		break;
	case JSON_STRING:
		FUZZ_MUST(json_unquote(&b, value) == RC_OK);
		FUZZ_MUST(utf8_valid(buf_slice(&b)));
		FUZZ_MUST(json_string_is(value, buf_slice(&b)));
		break;
	default:
		FUZZ_MUST(json_kind(value) != JSON_NONE);
	}
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);
	struct buf b = BUF_INIT;
	int64_t v;

	if (json_check(text, DEPTH) == RC_OK) {
		FUZZ_MUST(utf8_valid(text));
		walk_checked(text);
		json_ascii(&b, text);
		FUZZ_MUST(json_check(buf_slice(&b), DEPTH) == RC_OK);
	}
	walk(text, DEPTH);
	json_member(text, "sid");
	json_int(text, &v);
	buf_reset(&b);
	json_quote_script(&b, text);
	FUZZ_MUST(json_check(buf_slice(&b), 0) == RC_OK);
	buf_reset(&b);
	json_quote(&b, text);
	FUZZ_MUST(json_check(buf_slice(&b), 0) == RC_OK);
	FUZZ_MUST(!utf8_valid(text) || json_string_is(buf_slice(&b), text));
	buf_free(&b);
	return 0;
}
