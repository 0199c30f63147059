/*
 * wire_jsonp_test.c - payloads inside scripts and forms
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "tests/t.h"
#include "wire/jsonp.h"

static struct buf out;

static struct slice
written(const char *index, struct slice payload)
{
	buf_reset(&out);
	jsonp_write(&out, slice_str(index), payload);
	return buf_slice(&out);
}

/* Reads a form; the payload stands in `out`. */
static enum rc
form(const char *text)
{
	buf_reset(&out);
	return jsonp_read(&out, slice_str(text));
}

static void
a_payload_becomes_a_script(void)
{
	T_SLICE(written("0", SLICE("40{\"sid\":\"x\"}")),
	    "___eio[0](\"40{\\\"sid\\\":\\\"x\\\"}\");");
	T_SLICE(written("12", SLICE("")), "___eio[12](\"\");");
}

static void
the_separator_is_written_as_an_escape(void)
{
	T_SLICE(written("0", SLICE("bAAEC\x1e" "baGk=")),
	    "___eio[0](\"bAAEC\\u001ebaGk=\");");
}

static void
line_separators_and_script_ends_are_escaped(void)
{
	T_SLICE(written("0", SLICE("4\xe2\x80\xa8\xe2\x80\xa9</script>")),
	    "___eio[0](\"4\\u2028\\u2029<\\/script>\");");
}

static void
other_text_stays_utf8(void)
{
	T_SLICE(written("0", SLICE("4\xc3\xa9\xf0\x9f\x98\x80\\n")),
	    "___eio[0](\"4\xc3\xa9\xf0\x9f\x98\x80\\\\n\");");
}

static void
an_index_is_its_digits(void)
{
	struct buf scratch = BUF_INIT;

	T_SLICE(jsonp_index(&scratch, SLICE("0")), "0");
	T_SLICE(jsonp_index(&scratch, SLICE("1;alert(1)")), "11");
	T_SLICE(jsonp_index(&scratch, SLICE("a2b3")), "23");
	T_OK(jsonp_index(&scratch, SLICE("alert")).p == NULL);
	T_OK(jsonp_index(&scratch, SLICE("")).p == NULL);
	T_OK(jsonp_index(&scratch, SLICE_NONE).p == NULL);
	buf_free(&scratch);
}

static void
the_field_d_is_decoded(void)
{
	T_EQ(form("d=40"), RC_OK);
	T_SLICE(buf_slice(&out), "40");
	T_EQ(form("a=1&d=42%5B%22a+b%22%2C%22%c3%A9%22%5D&z="), RC_OK);
	T_SLICE(buf_slice(&out), "42[\"a b\",\"\xc3\xa9\"]");
	T_EQ(form("d=a%3Db=c%1e%"), RC_OK);
	T_SLICE(buf_slice(&out), "a=b=c\x1e%");
	T_EQ(form("d=%zz%4"), RC_OK);
	T_SLICE(buf_slice(&out), "%zz%4");
}

static void
a_form_without_d_says_nothing(void)
{
	T_EQ(form("x=1"), RC_NONE);
	T_EQ(form(""), RC_NONE);
	T_EQ(form("dd=1&e=2"), RC_NONE);
	T_EQ(form("d=1&d=2"), RC_NONE);
	T_EQ(out.n, 0);
}

static void
an_empty_d_is_an_empty_payload(void)
{
	T_EQ(form("d="), RC_OK);
	T_EQ(out.n, 0);
	T_EQ(form("d"), RC_OK);
	T_EQ(out.n, 0);
}

/* What the client does to a payload before it fills in the form. */
static void
newlines_come_back_as_they_were(void)
{
	T_EQ(form("d=a%5Cnb"), RC_OK);                  /* \n: was a line feed */
	T_SLICE(buf_slice(&out), "a\nb");
	T_EQ(form("d=a%5C%5Cnb"), RC_OK);               /* \\n: was \n */
	T_SLICE(buf_slice(&out), "a\\nb");
	T_EQ(form("d=a%5C%5C%5Cnb"), RC_OK);            /* \\\n: was \\n */
	T_SLICE(buf_slice(&out), "a\\\\nb");
	T_EQ(form("d=%5Cn%5Cn"), RC_OK);
	T_SLICE(buf_slice(&out), "\n\n");
	T_EQ(form("d=%5C%5Cn%5C%5Cnn"), RC_OK);
	T_SLICE(buf_slice(&out), "\\n\\nn");
	T_EQ(form("d=n%5C%22%5C%5C"), RC_OK);
	T_SLICE(buf_slice(&out), "n\\\"\\\\");
}

static void
only_the_payload_counts_as_what_stands_before_an_n(void)
{
	buf_reset(&out);
	buf_char(&out, '\\');
	T_EQ(jsonp_read(&out, SLICE("d=n")), RC_OK);
	T_SLICE(buf_slice(&out), "\\n");
}

int
main(void)
{
	T_RUN(a_payload_becomes_a_script);
	T_RUN(the_separator_is_written_as_an_escape);
	T_RUN(line_separators_and_script_ends_are_escaped);
	T_RUN(other_text_stays_utf8);
	T_RUN(an_index_is_its_digits);
	T_RUN(the_field_d_is_decoded);
	T_RUN(a_form_without_d_says_nothing);
	T_RUN(an_empty_d_is_an_empty_payload);
	T_RUN(newlines_come_back_as_they_were);
	T_RUN(only_the_payload_counts_as_what_stands_before_an_n);
	buf_free(&out);
	return t_end();
}
