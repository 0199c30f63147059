/*
 * probe.c - does the public address do what clients need?
 *
 * The fronts have many ways to be almost right: a POST that is cut at 128 KB,
 * a rewritten path, a proxy that strips the upgrade.  Each step here is one
 * such way, tried from outside, with the sentence that says what to change.
 *
 * libcurl is loaded when this runs, not before (handlers/curl.h says why).
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "ctl/command.h"
#include "handlers/curl.h"

enum { LARGE_POST = 200 * 1024, TIMEOUT_S = 40 };

static const struct curl *curl;

struct probe {
	struct ctl *ctl;
	const char *url;                /* of the mount, with a slash at its end */
	char *sid;                      /* of the last handshake */
	bool offers_websocket;
	struct buf body;                /* of the last answer */
	long status;
	char *error;                    /* why there was no answer */
	int failed;
	struct buf json;
};

static size_t
take_body(char *p, size_t size, size_t n, void *arg)
{
	struct probe *probe = arg;

	if (probe->body.n < LARGE_POST)
		buf_add(&probe->body, slice_of(p, size * n));
	return size * n;
}

/* A WebSocket goes on for ever: its first byte is enough. */
static size_t
take_no_body(char *p, size_t size, size_t n, void *arg)
{
	(void)p, (void)size, (void)n, (void)arg;
	return 0;
}

/* One request; post NULL: GET. */
static void
request(struct probe *probe, const char *query, const struct buf *post, bool upgrade)
{
	CURL *c = curl->easy_init();
	char *url = mem_printf("%s?EIO=4&%s", probe->url, query);
	struct curl_slist *headers = NULL;
	CURLcode code;

	buf_reset(&probe->body);
	free(probe->error);
	probe->error = NULL;
	probe->status = 0;
	curl->easy_setopt(c, CURLOPT_URL, url);
	curl->easy_setopt(c, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl->easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl->easy_setopt(c, CURLOPT_WRITEDATA, probe);
	if (post != NULL) {
		headers = curl->slist_append(headers, "Content-Type: text/plain;charset=UTF-8");
		headers = curl->slist_append(headers, "Expect:");
		curl->easy_setopt(c, CURLOPT_POSTFIELDS, post->p);
		curl->easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)post->n);
	}
	if (upgrade) {
		headers = curl->slist_append(headers, "Connection: Upgrade");
		headers = curl->slist_append(headers, "Upgrade: websocket");
		headers = curl->slist_append(headers, "Sec-WebSocket-Version: 13");
		headers = curl->slist_append(headers, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
		curl->easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
		curl->easy_setopt(c, CURLOPT_WRITEFUNCTION, take_no_body);
	}
	curl->easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	code = curl->easy_perform(c);
	curl->easy_getinfo(c, CURLINFO_RESPONSE_CODE, &probe->status);
	if (code != CURLE_OK && probe->status == 0)
		probe->error = mem_strdup(curl->easy_strerror(code));
	curl->slist_free_all(headers);
	curl->easy_cleanup(c);
	free(url);
}

static void
result(struct probe *probe, const char *step, bool is_good, const char *advice)
{
	struct slice body = slice_head(buf_slice(&probe->body), 60);

	probe->failed += !is_good;
	if (probe->ctl->json) {
		buf_printf(&probe->json, "%s{\"step\":\"%s\",\"ok\":%s,\"status\":%ld}",
		    probe->json.n > 1 ? "," : "", step, is_good ? "true" : "false",
		    probe->status);
		return;
	}
	if (is_good)
		printf("  ok    %s\n", step);
	else if (probe->error != NULL)
		printf("  FAIL  %s: %s\n        %s\n", step, probe->error, advice);
	else
		printf("  FAIL  %s: status %ld, body '%.*s'\n        %s\n", step,
		    probe->status, SLICE_ARGS(body), advice);
}

/* Opens a session; leaves its sid. */
static bool
handshake(struct probe *probe)
{
	struct slice json, sid, upgrades;
	struct buf text = BUF_INIT;

	free(probe->sid);
	probe->sid = NULL;
	request(probe, "transport=polling", NULL, false);
	json = slice_skip(buf_slice(&probe->body), 1);
	if (probe->status != 200 || probe->body.n == 0 || probe->body.p[0] != '0' ||
	    json_check(json, 8) != RC_OK)
		return false;
	sid = json_member(json, "sid");
	upgrades = json_member(json, "upgrades");
	probe->offers_websocket = upgrades.n > 2;
	if (sid.p != NULL && json_unquote(&text, sid) == RC_OK)
		probe->sid = buf_take(&text);
	buf_free(&text);
	return probe->sid != NULL;
}

static void
session_request(struct probe *probe, const struct buf *post)
{
	char *query = mem_printf("transport=polling&sid=%s", probe->sid);

	request(probe, query, post, false);
	free(query);
}

static void
say(struct probe *probe, const char *packet)
{
	struct buf post = BUF_INIT;

	buf_str(&post, packet);
	session_request(probe, &post);
	buf_free(&post);
}

/* Reaches through the front's limits, and ends the session by being no packet. */
static void
large_post(struct probe *probe)
{
	struct buf post = BUF_INIT;
	size_t i;

	for (i = 0; i < LARGE_POST; i++)
		buf_char(&post, 'x');
	session_request(probe, &post);
	buf_free(&post);
	result(probe, "a POST of 200 KB arrives (taken, or refused by siogate with 413)",
	    probe->status == 200 || (probe->status == 413 && probe->body.n == 0),
	    "raise the front's limit: FcgidMaxRequestLen, client_max_body_size, "
	    "server.max-request-size");
}

static void
upgrade(struct probe *probe)
{
	if (!probe->offers_websocket) {
		if (!probe->ctl->json)
			printf("  -     upgrade: no sidecar is alive, clients stay on polling\n");
		return;
	}
	request(probe, "transport=websocket", NULL, true);
	result(probe, "a WebSocket upgrade passes", probe->status == 101,
	    "let the front pass Upgrade and Connection to the sidecar, see examples/fronts");
}

int
probe_url(struct ctl *ctl, const char *url)
{
	const char *error;
	struct probe probe = { .ctl = ctl };
	char *mount;

	if ((curl = curl_load(&error)) == NULL)
		return -1;
	mount = mem_printf("%s%s", url, url[strlen(url) - 1] == '/' ? "" : "/");
	probe.url = mount;
	buf_char(&probe.json, '[');
	if (handshake(&probe)) {
		result(&probe, "handshake", true, "");
		say(&probe, "40");
		result(&probe, "POST", probe.status == 200 && slice_is(buf_slice(&probe.body), "ok"),
		    "the front must pass POST requests of the mount to siogate");
		session_request(&probe, NULL);
		result(&probe, "poll", probe.status == 200 && probe.body.n > 0 && probe.body.p[0] == '4',
		    "the answer of the POST does not reach the poll: do all processes use the same store?");
		large_post(&probe);
		upgrade(&probe);
	} else {
		result(&probe, "handshake", false,
		    "is this the mount (https://site/socket.io/), and is siogate behind it?");
	}
	buf_char(&probe.json, ']');
	if (ctl->json)
		ctl_print(&probe.json);
	buf_free(&probe.json);
	buf_free(&probe.body);
	free(probe.error);
	free(probe.sid);
	free(mount);
	return probe.failed;
}
