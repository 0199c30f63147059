/*
 * fuzz_jsonp.c - any payload becomes a script, any form is read
 *
 * What must hold: what jsonp_write() writes is one string literal that ends
 * neither the script element nor the line, and holds the payload; no form harms
 * jsonp_read(); a payload that went into a form as the client does it comes
 * back.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "wire/jsonp.h"

const struct slice fuzz_seeds[] = {
	SLICE("d=42%5B%22echo%22%2C%22li%5C%5Cnne%20%5C%22q%5C%22%20%5C%5C%5Cn%22%5D"),
	SLICE("d=40&x=1"),
	SLICE("452-[\"bin\",{\"s\":\"\xc3\xa9\"}]\x1e" "bAAEC/w==\x1e" "baGk="),
	SLICE("42[\"a\\nb\\\\n\",\"</script>\xe2\x80\xa8\xe2\x80\xa9\"]\n"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("d="), SLICE("&"), SLICE("="), SLICE("%"), SLICE("%5C"), SLICE("%0A"),
	SLICE("+"), SLICE("n"), SLICE("\\"), SLICE("\\n"), SLICE("\\\\n"),
	SLICE("\n"), SLICE("\x1e"), SLICE("</script>"), SLICE("\xe2\x80\xa8"),
	SLICE("\xf0\x9f\x98\x80"), SLICE("\""), SLICE_NONE
};

static bool
contains(struct slice text, struct slice what)
{
	for (; text.n >= what.n; text = slice_skip(text, 1)) {
		if (slice_starts(text, what))
			return true;
	}
	return false;
}

static void
write_script(struct slice payload)
{
	struct buf out = BUF_INIT;
	struct slice literal;

	jsonp_write(&out, SLICE("7"), payload);
	FUZZ_MUST(slice_starts(buf_slice(&out), SLICE("___eio[7](\"")));
	FUZZ_MUST(slice_ends(buf_slice(&out), SLICE("\");")));
	literal = slice_of(out.p + 10, out.n - 12);
	FUZZ_MUST(json_check(literal, 0) == RC_OK);
	FUZZ_MUST(!contains(literal, SLICE("</")));
	FUZZ_MUST(!contains(literal, SLICE("\xe2\x80\xa8")));
	FUZZ_MUST(!contains(literal, SLICE("\xe2\x80\xa9")));
	FUZZ_MUST(!utf8_valid(payload) || json_string_is(literal, payload));
	buf_free(&out);
}

/* The client: line feeds are hidden, then every byte is percent-encoded. */
static void
form_write(struct buf *form, struct slice payload)
{
	buf_str(form, "a=1&d=");
	for (; payload.n > 0; payload = slice_skip(payload, 1)) {
		if (slice_starts(payload, SLICE("\\n")))
			buf_str(form, "%5C");
		if (payload.p[0] == '\n')
			buf_str(form, "%5Cn");
		else
			buf_printf(form, "%%%02X", (unsigned)(unsigned char)payload.p[0]);
	}
}

/* A backslash before a line feed is the one thing that the scheme loses; JSON
 * text never has it. */
static void
through_a_form(struct slice payload)
{
	struct buf form = BUF_INIT, back = BUF_INIT;

	if (contains(payload, SLICE("\\\n")))
		return;
	form_write(&form, payload);
	FUZZ_MUST(jsonp_read(&back, buf_slice(&form)) == RC_OK);
	FUZZ_MUST(slice_eq(buf_slice(&back), payload));
	buf_free(&form);
	buf_free(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct buf payload = BUF_INIT;

	if (jsonp_read(&payload, input) == RC_OK)
		FUZZ_MUST(payload.n <= input.n);
	else
		FUZZ_MUST(payload.n == 0);
	buf_reset(&payload);
	jsonp_index(&payload, input);
	buf_free(&payload);
	write_script(input);
	through_a_form(input);
	return 0;
}
