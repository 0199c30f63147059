/*
 * environment.c - what five web servers put into their variables
 *
 * REQUEST_URI is believed, nothing else about the path: SCRIPT_NAME and
 * PATH_INFO mean something else in each server, and PATH_INFO has lost its
 * empty segments.  Only where REQUEST_URI is missing are they put together.
 * Of a name that comes twice (nginx) the first counts.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "fcgi/environment.h"
#include "http/http.h"

/* Used again by every request: a request is read to its end before the next. */
static struct http_header *headers;
static size_t n_headers, headers_room;
static struct buf names, made_target;

enum variable {
	METHOD, URI, SCRIPT, PATH, QUERY, ADDRESS, SERVER, PORT, HTTPS, TYPE,
	LENGTH, VARIABLE__COUNT
};
#define NAME(literal) { literal, sizeof(literal) - 1 }
static const struct slice variables[] = {
	[METHOD] = NAME("REQUEST_METHOD"), [URI] = NAME("REQUEST_URI"),
	[SCRIPT] = NAME("SCRIPT_NAME"), [PATH] = NAME("PATH_INFO"),
	[QUERY] = NAME("QUERY_STRING"), [ADDRESS] = NAME("REMOTE_ADDR"),
	[SERVER] = NAME("SERVER_NAME"), [PORT] = NAME("SERVER_PORT"),
	[HTTPS] = NAME("HTTPS"), [TYPE] = NAME("CONTENT_TYPE"),
	[LENGTH] = NAME("CONTENT_LENGTH"),
};
_Static_assert(N_ELEMENTS(variables) == VARIABLE__COUNT, "a name is missing");

/* "ACCEPT_ENCODING" to "ACCEPT-ENCODING", in names, which has room for it. */
static void
header_add(struct slice name, struct slice value)
{
	size_t from = names.n, i;

	if (n_headers == headers_room) {
		headers_room = headers_room == 0 ? 32 : 2 * headers_room;
		headers = mem_resize(headers, headers_room * sizeof(*headers));
	}
	buf_add(&names, name);
	for (i = from; i < names.n; i++)
		if (names.p[i] == '_')
			names.p[i] = '-';
	headers[n_headers++] = (struct http_header){
		slice_of(names.p + from, name.n), value };
}

static void
variable_read(struct slice name, struct slice value, struct slice *found)
{
	size_t i;

	if (slice_starts(name, SLICE("HTTP_"))) {
		name = slice_skip(name, 5);
		/* A client's "Proxy:" must not look like a variable (httpoxy). */
		if (!slice_is(name, "PROXY"))
			header_add(name, value);
		return;
	}
	for (i = 0; i < N_ELEMENTS(variables); i++)
		if (slice_eq(name, variables[i]) && found[i].p == NULL)
			found[i] = value;
}

static struct slice
target_of(const struct slice *found)
{
	if (found[URI].n > 0)
		return found[URI];
	buf_reset(&made_target);
	buf_add(&made_target, found[SCRIPT]);
	buf_add(&made_target, found[PATH]);
	if (found[QUERY].n > 0) {
		buf_char(&made_target, '?');
		buf_add(&made_target, found[QUERY]);
	}
	return buf_slice(&made_target);
}

void
environment_read(char **envp, struct http_request *request)
{
	struct slice found[VARIABLE__COUNT] = { { NULL, 0 } }, value, name;
	size_t total = 32;
	char **each;

	for (each = envp; *each != NULL; each++)
		total += strcspn(*each, "=");
	buf_reset(&names);
	buf_reserve(&names, total);     /* slices into it must not move */
	n_headers = 0;
	for (each = envp; *each != NULL; each++) {
		value = slice_str(*each);
		if (slice_cut(&value, '=', &name) && value.p != NULL)
			variable_read(name, value, found);
	}
	if (found[TYPE].n > 0)
		header_add(SLICE("CONTENT_TYPE"), found[TYPE]);
	*request = (struct http_request){
		.method = found[METHOD],
		.target = target_of(found),
		.script_name = found[SCRIPT],
		.headers = headers,
		.n_headers = n_headers,
		.remote_addr = found[ADDRESS],
		.host = found[SERVER],
		.port = found[PORT],
		.is_https = slice_eq_nocase(found[HTTPS], SLICE("on")) ||
		    slice_is(found[HTTPS], "1"),
	};
}

void
environment_fini(void)
{
	free(headers);
	headers = NULL;
	n_headers = headers_room = 0;
	buf_free(&names);
	buf_free(&made_target);
}

const char *
environment_get(char **envp, const char *name)
{
	size_t n = strlen(name);

	for (; *envp != NULL; envp++)
		if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
			return *envp + n + 1;
	return NULL;
}

int64_t
environment_length(char **envp)
{
	int64_t n;

	return slice_int64(slice_str(environment_get(envp, "CONTENT_LENGTH")), &n) &&
	    n >= 0 ? n : -1;
}
