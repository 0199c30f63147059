/*
 * extension.c - permessage-deflate: what is offered, and what we answer
 *
 * A client offers in order of preference, with parameters that each restrict one
 * sender (RFC 7692, 7.1).  We answer with what we will do, and with what it has
 * to do where it said that it can:
 *
 *   server_no_context_takeover   we forget after each message; may always be said
 *   client_no_context_takeover   it forgets; may always be said
 *   server_max_window_bits=N     our window is N at most; only if it asked
 *   client_max_window_bits[=N]   its window is N at most; only if it offered
 *
 * zlib cannot write with a window of 8 bits (it would take 9 in silence), so who
 * wants that is not compressed for.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "ws/extension.h"
#include "ws/request.h"

enum { WINDOW_MIN = 8, WINDOW_OURS_MIN = 9, WINDOW_MAX = 15 };

/* The parameters of one offer. */
struct offer {
	bool we_forget, they_forget;
	bool has_ours, has_theirs;      /* a window was named */
	int ours, theirs;
};

/* Cuts at sep, but not inside quotes. */
static struct slice
cut(struct slice *rest, char sep)
{
	struct slice all = *rest;
	bool is_quoted = false;
	size_t i;

	for (i = 0; i < all.n; i++) {
		if (all.p[i] == '"')
			is_quoted = !is_quoted;
		else if (all.p[i] == sep && !is_quoted)
			break;
	}
	*rest = i < all.n ? slice_skip(all, i + 1) : SLICE_NONE;
	return slice_trim(slice_head(all, i));
}

/* 8 to 15, without a zero in front; "10" may stand in quotes. */
static bool
window_parse(struct slice value, int *window_r)
{
	int64_t n;

	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = slice_of(value.p + 1, value.n - 2);
	if (value.n == 0 || value.n > 2 || value.p[0] == '0' ||
	    !slice_int64(value, &n) || n < WINDOW_MIN || n > WINDOW_MAX)
		return false;
	*window_r = (int)n;
	return true;
}

static bool
flag_take(bool *flag, bool has_value)
{
	if (*flag || has_value)
		return false;
	*flag = true;
	return true;
}

/* One parameter; false: unknown, said twice, or with a value that it has not. */
static bool
parameter_take(struct offer *o, struct slice name, struct slice value,
    bool has_value)
{
	if (slice_eq_nocase(name, SLICE("server_no_context_takeover")))
		return flag_take(&o->we_forget, has_value);
	if (slice_eq_nocase(name, SLICE("client_no_context_takeover")))
		return flag_take(&o->they_forget, has_value);
	if (slice_eq_nocase(name, SLICE("server_max_window_bits")) && !o->has_ours) {
		o->has_ours = true;
		return has_value && window_parse(value, &o->ours);
	}
	if (slice_eq_nocase(name, SLICE("client_max_window_bits")) &&
	    !o->has_theirs) {
		o->has_theirs = true;
		return !has_value || window_parse(value, &o->theirs);
	}
	return false;
}

static bool
offer_parse(struct slice text, struct offer *offer_r)
{
	struct slice rest = text, parameter, name;
	bool has_value;

	*offer_r = (struct offer){ .ours = WINDOW_MAX, .theirs = WINDOW_MAX };
	if (!slice_eq_nocase(cut(&rest, ';'), SLICE("permessage-deflate")))
		return false;
	while (rest.p != NULL) {
		parameter = cut(&rest, ';');
		name = cut(&parameter, '=');
		has_value = parameter.p != NULL;
		if (!parameter_take(offer_r, name, slice_trim(parameter), has_value))
			return false;
	}
	return offer_r->ours >= WINDOW_OURS_MIN;
}

static uint8_t
smaller(int a, int b)
{
	return (uint8_t)(a < b ? a : b);
}

static void
offer_accept(const struct offer *o, const struct extension_conf *conf,
    struct extension *e)
{
	e->our_window = smaller(o->ours, conf->window);
	e->we_remember = conf->may_remember && !o->we_forget;
	e->they_remember = conf->may_remember && !o->they_forget;
	/* Without memory between messages one inflater with the largest window
	 * serves all; a smaller one would only cost the client. */
	e->their_window = WINDOW_MAX;
	if (e->they_remember && o->has_theirs)
		e->their_window = smaller(o->theirs, conf->window);
}

void
extension_choose(const struct request *request,
    const struct extension_conf *conf, struct extension *extension_r)
{
	struct slice rest;
	struct offer offer;
	size_t i;

	*extension_r = (struct extension){ 0 };
	for (i = 0; conf->is_on && i < request->n_headers; i++) {
		if (!slice_eq_nocase(request->headers[i].name,
		    SLICE("Sec-WebSocket-Extensions")))
			continue;
		rest = request->headers[i].value;
		while (rest.p != NULL) {
			if (!offer_parse(cut(&rest, ','), &offer))
				continue;
			offer_accept(&offer, conf, extension_r);
			/* Named in the answer only to who can hear it. */
			if (!offer.has_ours)
				extension_r->is_window_untold = true;
			return;
		}
	}
}

void
extension_write(struct buf *out, const struct extension *e)
{
	if (e->our_window == 0)
		return;
	buf_str(out, "Sec-WebSocket-Extensions: permessage-deflate");
	if (!e->we_remember)
		buf_str(out, "; server_no_context_takeover");
	if (!e->they_remember)
		buf_str(out, "; client_no_context_takeover");
	if (!e->is_window_untold)
		buf_printf(out, "; server_max_window_bits=%d", e->our_window);
	if (e->their_window < WINDOW_MAX)
		buf_printf(out, "; client_max_window_bits=%d", e->their_window);
	buf_str(out, "\r\n");
}
