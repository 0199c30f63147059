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
#include "fcgi/records.h"
#include "http/http.h"

/* Used again by every request: a request is read to its end before the next. */
static struct http_header *headers;
static size_t n_headers, headers_room;
static struct buf names, made_target;

enum variable {
	HTTPS, PATH, URI, SCRIPT, ADDRESS, SERVER, PORT, QUERY, TYPE, METHOD,
	VARIABLE__COUNT
};
#define NAME(literal) { literal, sizeof(literal) - 1 }
static const struct slice variables[] = {
	[HTTPS] = NAME("HTTPS"), [PATH] = NAME("PATH_INFO"),
	[URI] = NAME("REQUEST_URI"), [SCRIPT] = NAME("SCRIPT_NAME"),
	[ADDRESS] = NAME("REMOTE_ADDR"), [SERVER] = NAME("SERVER_NAME"),
	[PORT] = NAME("SERVER_PORT"), [QUERY] = NAME("QUERY_STRING"),
	[TYPE] = NAME("CONTENT_TYPE"), [METHOD] = NAME("REQUEST_METHOD"),
};
_Static_assert(N_ELEMENTS(variables) == VARIABLE__COUNT, "a name is missing");

/*
 * Two dozen come with each request, so a name is compared with the one that has
 * its length, second and last letter, if there is any.  No two of ours meet here,
 * or the compiler would say that an element is initialised twice.
 */
#define PLACE(n, second, last) ((7 * (n) + (second) + (last)) % 32)
static const unsigned char variable_at[32] = {          /* and one; 0: none */
	[PLACE(5, 'T', 'S')] = HTTPS + 1, [PLACE(9, 'A', 'O')] = PATH + 1,
	[PLACE(11, 'E', 'I')] = URI + 1, [PLACE(11, 'C', 'E')] = SCRIPT + 1,
	[PLACE(11, 'E', 'R')] = ADDRESS + 1, [PLACE(11, 'E', 'E')] = SERVER + 1,
	[PLACE(11, 'E', 'T')] = PORT + 1, [PLACE(12, 'U', 'G')] = QUERY + 1,
	[PLACE(12, 'O', 'E')] = TYPE + 1, [PLACE(14, 'E', 'D')] = METHOD + 1,
};

static void
header_add(struct slice name, struct slice value)
{
	if (n_headers == headers_room) {
		headers_room = headers_room == 0 ? 32 : 2 * headers_room;
		headers = mem_resize(headers, headers_room * sizeof(*headers));
	}
	headers[n_headers++] = (struct http_header){ name, value };
}

/* "ACCEPT_ENCODING" to "ACCEPT-ENCODING", of all that were found. */
static void
headers_rename(void)
{
	size_t total = 0, i, k;
	char *p;

	for (i = 0; i < n_headers; i++)
		total += headers[i].name.n;
	buf_reset(&names);
	buf_reserve(&names, total + 1);
	for (i = 0, p = names.p; i < n_headers; i++) {
		for (k = 0; k < headers[i].name.n; k++)
			p[k] = headers[i].name.p[k] == '_' ? '-' :
			    headers[i].name.p[k];
		headers[i].name.p = p;
		p += k;
	}
}

static void
variable_read(struct slice name, struct slice value, struct slice *found)
{
	unsigned v;

	if (name.n > 5 && memcmp(name.p, "HTTP_", 5) == 0) {
		name = slice_skip(name, 5);
		/* A client's "Proxy:" must not look like a variable (httpoxy). */
		if (!slice_is(name, "PROXY"))
			header_add(name, value);
		return;
	}
	if (name.n < 2)
		return;
	v = variable_at[PLACE(name.n, (unsigned char)name.p[1],
	    (unsigned char)name.p[name.n - 1])];
	if (v > 0 && found[v - 1].p == NULL && slice_eq(name, variables[v - 1]))
		found[v - 1] = value;
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

static void
request_fill(const struct slice *found, struct http_request *request)
{
	if (found[TYPE].n > 0)
		header_add(SLICE("CONTENT_TYPE"), found[TYPE]);
	headers_rename();
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
environment_read(char **envp, struct http_request *request)
{
	struct slice found[VARIABLE__COUNT] = { { NULL, 0 } };
	const char *equals;
	char **each;

	n_headers = 0;
	for (each = envp; *each != NULL; each++)
		if ((equals = strchr(*each, '=')) != NULL)
			variable_read(slice_of(*each, (size_t)(equals - *each)),
			    slice_str(equals + 1), found);
	request_fill(found, request);
}

bool
environment_read_params(struct slice params, struct http_request *request)
{
	struct slice found[VARIABLE__COUNT] = { { NULL, 0 } }, name, value;

	n_headers = 0;
	while (pair_cut(&params, &name, &value))
		variable_read(name, value, found);
	if (params.n > 0)
		return false;
	request_fill(found, request);
	return true;
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

struct slice
environment_find(struct slice params, const char *variable)
{
	struct slice name, value;

	while (pair_cut(&params, &name, &value))
		if (slice_is(name, variable))
			return value;
	return SLICE_NONE;
}

int64_t
environment_length(char **envp)
{
	int64_t n;

	return slice_int64(slice_str(environment_get(envp, "CONTENT_LENGTH")), &n) &&
	    n >= 0 ? n : -1;
}
