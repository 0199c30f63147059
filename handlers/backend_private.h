/*
 * backend_private.h - what the backend_*.c files share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_BACKEND_PRIVATE_H
#define HANDLERS_BACKEND_PRIVATE_H

#include "base/mem.h"
#include "handlers/backend.h"
#include "handlers/curl.h"

struct backend_call;
struct conf_section;

struct backend {
	/* its section; texts are borrowed from struct conf */
	const char *name;               /* namespace or pattern */
	const char *url, *connect, *ca_file, *events, *cookies, *headers, *values;
	char *secret;
	struct crypto_mac *mac;         /* with the secret, from the first call on */
	int64_t timeout, concurrency, batch, attempts, answer_max;
	bool keeps;                     /* connections stay open between calls */
	int64_t breaker, breaker_ms;    /* failures in a row, and the pause */
	unsigned line;

	struct backends *all;
	size_t n_running;               /* calls that libcurl has */
	size_t n_out;                   /* and those that wait for their turn */
	struct backend_call *queue;
	CURL **idle;                    /* handles of calls that are over */
	size_t n_idle;
	struct curl_slist *connect_to;
	int64_t until, until_seen;      /* the breaker, and when we looked (boot ms) */
	struct backend *next;
};

struct backends {
	struct backend *first;
	const struct clock *clock;
	unsigned max_depth;
	int64_t max_event, max_name;
	/* from the first call on */
	const struct curl *curl;
	CURLM *multi;
	int set;                        /* epoll: libcurl's sockets; -1: none yet */
	int64_t timer_at;               /* boot ms; INT64_MAX: none */
	struct backend_call *running;
	struct backend_call *failed;    /* could not even begin */
};

struct backend_call {
	struct backend *backend;
	struct later *later;            /* NULL: a ping */
	char *key;
	struct buf body;
	struct curl_slist *headers;
	CURL *easy;
	struct buf answer;
	char content_type[80];
	long status, retry_after;
	bool is_too_big;
	char *why;                      /* it failed: rule and reason */
	bool is_over;
	struct slice events;            /* of the answer; absent: no effects */
	struct backend_call *prev, *next;
};

/* ---- backend_rule.c ---- */
enum rc backend_rule_read(const struct conf *conf,
    const struct conf_section *section, struct backend *backend, char **error_r);
void backend_rule_free(struct backend *backend);

/* ---- backend_body.c ---- */
/* The key of this batch, and what is asked. */
char *backend_key(const struct later *later);
void backend_body_write(const struct backend *backend, const struct later *later,
    const char *key, int64_t wall, struct buf *out);
/* "same-site", "anonymous" or "none". */
const char *backend_speaker(struct slice says);
/* The header lines that come from the client's own request, one call each. */
typedef void backend_header_fn(void *arg, const char *line);
void backend_said_headers(const struct backend *backend, struct slice says,
    backend_header_fn *visit, void *arg);

/* ---- backend_call.c ---- */
struct backend_call *backend_call_new(struct backend *backend, struct later *later,
    char *key);
/* It runs, or waits for a place, or has failed: backends_work() tells. */
void backend_call_start(struct backend_call *call);
void backend_call_free(struct backend_call *call);
/* None is made any more. */
void backend_call_forget(struct backend *backend);

/* ---- backend_answer.c ---- */
/* libcurl has ended it: whether there is an answer, or why not. */
void backend_answer_judge(struct backend_call *call, CURLcode code);

#endif
