/*
 * backend_rule.c - reads a section [backend NAMESPACE]
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/crypto.h"
#include "handlers/backend_private.h"
#include "handlers/section.h"

enum { SECRET_MIN = 16, SECRET_MAX = 4096 };

static enum rc
text(const char **to, const char *value)
{
	*to = value;
	return RC_OK;
}

static enum rc
count(int64_t *to, const char *value, int64_t min, int64_t max)
{
	return slice_int64(slice_trim(slice_str(value)), to) && *to >= min &&
	    *to <= max ? RC_OK : RC_BAD_INPUT;
}

static enum rc
read_url(void *rule, const char *value)
{
	struct slice url = slice_str(value);

	if ((!slice_starts(url, SLICE("http://")) &&
	    !slice_starts(url, SLICE("https://"))) || slice_find(url, ' ') < url.n ||
	    slice_find(url, '@') < url.n)
		return RC_BAD_INPUT;
	return text(&((struct backend *)rule)->url, value);
}

static enum rc
read_connect(void *rule, const char *value)
{
	struct slice at = slice_str(value), port = at;
	int64_t n;

	if (value[0] != '/') {
		while (slice_find(port, ':') < port.n)
			port = slice_skip(port, slice_find(port, ':') + 1);
		if (port.n == at.n || !slice_int64(port, &n) || n < 1 || n > 65535)
			return RC_BAD_INPUT;
	}
	return text(&((struct backend *)rule)->connect, value);
}

static enum rc
read_secret(void *rule, const char *value)
{
	struct backend *b = rule;

	if (strlen(value) < SECRET_MIN || b->secret != NULL)
		return RC_BAD_INPUT;
	b->secret = mem_strdup(value);
	return RC_OK;
}

static enum rc
read_secret_file(void *rule, const char *value)
{
	struct backend *b = rule;
	FILE *f = fopen(value, "re");
	char line[SECRET_MAX];
	size_t n = 0;

	if (f != NULL) {
		n = fread(line, 1, sizeof(line), f);
		fclose(f);
	}
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	if (n < SECRET_MIN || b->secret != NULL)
		return RC_BAD_INPUT;
	b->secret = mem_slicedup(slice_of(line, n));
	return RC_OK;
}

static enum rc
read_ca_file(void *rule, const char *value)
{
	return access(value, R_OK) == 0 ? text(&((struct backend *)rule)->ca_file, value) :
	    RC_BAD_INPUT;
}

static enum rc
read_events(void *rule, const char *value)
{
	return text(&((struct backend *)rule)->events, value);
}

static enum rc
read_cookies(void *rule, const char *value)
{
	return text(&((struct backend *)rule)->cookies, value);
}

/* What only siogate may say, or what has no meaning for another request. */
static bool
header_is_ours(struct slice name)
{
	static const char *const ours[] = { "host", "connection", "cookie", "expect",
	    "content-length", "content-type", "transfer-encoding", "upgrade", "te",
	    "accept-encoding", "keep-alive", "trailer" };
	size_t i;

	if (name.n >= 8 && slice_eq_nocase(slice_head(name, 8), SLICE("siogate-")))
		return true;
	for (i = 0; i < N_ELEMENTS(ours); i++)
		if (slice_eq_nocase(name, slice_str(ours[i])))
			return true;
	return false;
}

static enum rc
read_headers(void *rule, const char *value)
{
	struct slice rest = slice_str(value), name;
	size_t i;

	while (slice_cut(&rest, ' ', &name)) {
		for (i = 0; i < name.n; i++)
			if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789-_", name.p[i]) == NULL || name.p[i] == '\0')
				return RC_BAD_INPUT;
		if (header_is_ours(name))
			return RC_BAD_INPUT;
	}
	return text(&((struct backend *)rule)->headers, value);
}

static enum rc
read_values(void *rule, const char *value)
{
	return text(&((struct backend *)rule)->values, value);
}

static enum rc
read_timeout(void *rule, const char *value)
{
	int64_t *ms = &((struct backend *)rule)->timeout;

	return conf_parse_time(slice_str(value), ms) == RC_OK && *ms >= 100 &&
	    *ms <= 600000 ? RC_OK : RC_BAD_INPUT;
}

static enum rc
read_concurrency(void *rule, const char *value)
{
	return count(&((struct backend *)rule)->concurrency, value, 1, 1000);
}

static enum rc
read_batch(void *rule, const char *value)
{
	return count(&((struct backend *)rule)->batch, value, 1, 1000);
}

static enum rc
read_attempts(void *rule, const char *value)
{
	return count(&((struct backend *)rule)->attempts, value, 1, 1000);
}

static enum rc
read_breaker(void *rule, const char *value)
{
	struct backend *b = rule;
	struct slice rest = slice_str(value), n;

	if (!slice_cut(&rest, '/', &n) || rest.p == NULL ||
	    !slice_int64(slice_trim(n), &b->breaker) || b->breaker < 1 ||
	    conf_parse_time(slice_trim(rest), &b->breaker_ms) != RC_OK ||
	    b->breaker_ms < 100)
		return RC_BAD_INPUT;
	return RC_OK;
}

static enum rc
read_answer_max(void *rule, const char *value)
{
	int64_t *max = &((struct backend *)rule)->answer_max;

	return conf_parse_size(slice_str(value), max) == RC_OK && *max >= 1024 &&
	    *max <= 100 << 20 ? RC_OK : RC_BAD_INPUT;
}

static enum rc
read_keep_alive(void *rule, const char *value)
{
	return section_flag(value, &((struct backend *)rule)->keeps);
}

static const struct section_row rows[] = {
	{ "url", read_url, "an address that begins with http:// or https://, without "
	    "a user", false },
	{ "connect", read_connect, "host:port, or the path of a Unix socket", false },
	{ "secret", read_secret, "a text of 16 bytes or more (or secret_file)", false },
	{ "secret_file", read_secret_file, "a file that can be read and holds a text "
	    "of 16 bytes or more (or secret)", false },
	{ "ca_file", read_ca_file, "a file of certificates that can be read", false },
	{ "events", read_events, "patterns of event names", false },
	{ "cookies", read_cookies, "patterns of cookie names", false },
	{ "headers", read_headers, "names of headers that do not frame the request "
	    "(no host, cookie, content-type, siogate-... )", false },
	{ "values", read_values, "patterns of the keys of stored values", false },
	{ "timeout", read_timeout, "a time from 100ms to 10m: 10s", false },
	{ "concurrency", read_concurrency, "a number from 1 to 1000", false },
	{ "batch", read_batch, "a number from 1 to 1000", false },
	{ "attempts", read_attempts, "a number from 1 to 1000", false },
	{ "breaker", read_breaker, "a number and a time: 5 / 30s", false },
	{ "keep_alive", read_keep_alive, "on or off", false },
	{ "answer_max", read_answer_max, "a size from 1k to 100m: 1m", false },
};

enum rc
backend_rule_read(const struct conf *conf, const struct conf_section *section,
    struct backend *b, char **error_r)
{
	enum rc rc;

	b->name = section->words;
	b->line = section->line;
	b->events = "*";
	b->cookies = b->headers = b->values = "";
	b->timeout = 10000;
	b->concurrency = 4;
	b->batch = 50;
	b->attempts = 3;
	b->keeps = true;
	b->breaker = 5;
	b->breaker_ms = 30000;
	b->answer_max = 1 << 20;
	rc = section_namespace(conf, section, true, error_r);
	if (rc == RC_OK)
		rc = section_read(conf, section, rows, N_ELEMENTS(rows), b, error_r);
	if (rc == RC_OK && b->url == NULL)
		rc = section_fault(conf, section->line, error_r,
		    "[backend %s] needs a url", b->name);
	if (rc == RC_OK && b->secret == NULL)
		rc = section_fault(conf, section->line, error_r,
		    "[backend %s] needs a secret or a secret_file", b->name);
	return rc;
}

void
backend_rule_free(struct backend *b)
{
	crypto_mac_free(&b->mac);
	free(b->secret);
}
