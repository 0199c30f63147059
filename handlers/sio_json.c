/*
 * sio_json.c - JSON for modules: a few walkers and a printf
 *
 * Text stays text: nothing here makes a tree, and numbers pass unchanged.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "handlers/sio_private.h"

void
sio_fail(const struct sio *sio, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	char line[512];
	va_list ap;

	if (sio->state->failure != NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	buf_str(&text, line);
	sio->state->failure = arena_str(sio->arena, buf_slice(&text));
	buf_free(&text);
}

struct slice
sio_element(struct slice array, unsigned i)
{
	struct slice rest = array, item;

	if (array.n == 0 || json_kind(array) != JSON_ARRAY)
		return SLICE_NONE;
	json_open(&rest);
	while (json_next(&rest, &item))
		if (i-- == 0)
			return item;
	return SLICE_NONE;
}

struct slice
sio_take_json(const struct sio *sio, const char *what, const char *json)
{
	struct slice s = slice_str(json);
	enum rc rc;

	if (json == sio->state->texts[SIO_TEXT_ARGS] && json != NULL)
		return sio->call->args;         /* has been checked on its way in */
	rc = s.p == NULL ? RC_BAD_INPUT : json_check(s, sio->max_depth);
	if (rc == RC_OK)
		return arena_dup(sio->arena, slice_trim(s));
	sio_fail(sio, "%s: %s", what, rc == RC_TOO_BIG ?
	    "JSON is nested too deep" : "the text is not JSON");
	return SLICE_NONE;
}

struct slice
sio_take_array(const struct sio *sio, const char *what, const char *json)
{
	struct slice s = sio_take_json(sio, what, json);

	if (s.p != NULL && json_kind(s) != JSON_ARRAY) {
		sio_fail(sio, "%s: arguments must be a JSON array", what);
		return SLICE_NONE;
	}
	return s;
}

/* ---- walking ---------------------------------------------------------- */

const char *
sio_member(const struct sio *sio, const char *json, const char *name)
{
	struct slice object = slice_str(json), value = SLICE_NONE;

	if (object.n > 0 && json_kind(object) == JSON_OBJECT)
		value = json_member(object, name);
	return value.p == NULL ? "null" : arena_str(sio->arena, value);
}

const char *
sio_item(const struct sio *sio, const char *json, unsigned i)
{
	struct slice item = sio_element(slice_str(json), i);

	return item.p == NULL ? "null" : arena_str(sio->arena, item);
}

const char *
sio_text(const struct sio *sio, const char *json)
{
	struct slice text = json_text(sio->arena, slice_str(json));

	return text.p != NULL && memchr(text.p, '\0', text.n) == NULL ? text.p : NULL;
}

const char *
sio_each(const struct sio *sio, const char *json, size_t *at)
{
	struct slice rest = slice_str(json), item;

	if (rest.n == 0 || json_kind(rest) != JSON_ARRAY)
		return NULL;
	if (*at == 0)
		json_open(&rest);
	else
		rest = slice_skip(rest, *at);
	if (!json_next(&rest, &item))
		return NULL;
	*at = (size_t)(rest.p - json);
	return arena_str(sio->arena, item);
}

/* ---- a printf ----------------------------------------------------------- */

/* One conversion; *p stands behind the percent sign.  false: no such one. */
static bool
format_one(struct buf *out, const char **p, va_list *ap)
{
	const char *text;
	size_t n = 1;

	switch (**p) {
	case '%':
		buf_char(out, '%');
		break;
	case 's':
		if ((text = va_arg(*ap, const char *)) == NULL)
			buf_str(out, "null");
		else
			json_quote(out, slice_str(text));
		break;
	case 'j':
		text = va_arg(*ap, const char *);
		buf_str(out, text == NULL ? "null" : text);
		break;
	case 'b':
		buf_str(out, va_arg(*ap, int) ? "true" : "false");
		break;
	case 'd':
		buf_int(out, va_arg(*ap, int));
		break;
	case 'u':
		buf_int(out, va_arg(*ap, unsigned));
		break;
	case 'z':
		n = 2;
		if ((*p)[1] != 'u')
			return false;
		buf_printf(out, "%zu", va_arg(*ap, size_t));
		break;
	case 'l':
		n = (*p)[1] == 'l' ? 3 : 2;
		if ((*p)[n - 1] == 'd')
			buf_printf(out, "%lld", n == 3 ? va_arg(*ap, long long) :
			    (long long)va_arg(*ap, long));
		else if ((*p)[n - 1] == 'u')
			buf_printf(out, "%llu", n == 3 ?
			    va_arg(*ap, unsigned long long) :
			    (unsigned long long)va_arg(*ap, unsigned long));
		else
			return false;
		break;
	default:
		return false;
	}
	*p += n;
	return true;
}

struct slice
sio_format(const struct sio *sio, const char *fmt, va_list ap)
{
	struct buf out = BUF_INIT;
	struct slice s = SLICE_NONE;
	const char *p = fmt;
	bool ok = true;
	va_list copy;

	va_copy(copy, ap);
	while (ok && *p != '\0') {
		if (*p != '%')
			buf_char(&out, *p++);
		else {
			p++;
			ok = format_one(&out, &p, &copy);
		}
	}
	va_end(copy);
	if (ok)
		s = slice_str(arena_str(sio->arena, buf_slice(&out)));
	else
		sio_fail(sio, "format '%s': no such conversion at '%%%s'", fmt, p);
	buf_free(&out);
	return s;
}

const char *
sio_json(struct sio *sio, const char *fmt, ...)
{
	struct slice s;
	va_list ap;

	va_start(ap, fmt);
	s = sio_format(sio, fmt, ap);
	va_end(ap);
	return s.p == NULL ? "null" : s.p;
}

void
sio_log(struct sio *sio, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_info("handlers", "module=%s nsp=%s %s", sio->module->name, sio_nsp(sio),
	    line);
}
