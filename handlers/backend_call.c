/*
 * backend_call.c - one POST to a backend, and libcurl's loop inside ours
 *
 * libcurl tells which sockets it waits for and when it wants to be called; the
 * sockets are in an epoll set of ours, which itself is one descriptor for the
 * door to watch.
 *
 * Must stay true:
 *   - done() is called from backends_work() only
 *   - a redirect is never followed, a proxy never used, whatever the environment says
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "handlers/backend_private.h"

enum { EVENTS = 64 };

/* ---- libcurl's wishes ------------------------------------------------------------- */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watched)
{
	struct backends *all = arg;
	struct epoll_event e = { .data.fd = fd };

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(all->set, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if ((what & CURL_POLL_IN) != 0)
		e.events |= EPOLLIN;
	if ((what & CURL_POLL_OUT) != 0)
		e.events |= EPOLLOUT;
	if (epoll_ctl(all->set, watched == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd,
	    &e) == -1)
		epoll_ctl(all->set, watched == NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
	if (watched == NULL)            /* comes back with the next wish about it */
		all->curl->multi_assign(all->multi, fd, all);
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *arg)
{
	struct backends *all = arg;

	(void)multi;
	all->timer_at = ms < 0 ? INT64_MAX : clock_boot(&clock_system) + ms;
	return 0;
}

/* NULL, or why calls cannot be made. */
static const char *
calls_begin(struct backends *all)
{
	const char *error = "";

	if (all->multi != NULL)
		return NULL;
	if ((all->curl = curl_load(&error)) == NULL)
		return error;
	if (all->set == -1 && (all->set = epoll_create1(EPOLL_CLOEXEC)) == -1)
		return "there are no descriptors left";
	if ((all->multi = all->curl->multi_init()) == NULL)
		return "libcurl does not begin";
	all->curl->multi_setopt(all->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	all->curl->multi_setopt(all->multi, CURLMOPT_SOCKETDATA, all);
	all->curl->multi_setopt(all->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	all->curl->multi_setopt(all->multi, CURLMOPT_TIMERDATA, all);
	return NULL;
}

/* ---- a request -------------------------------------------------------------------- */

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct backend_call *call = arg;

	if ((int64_t)(call->answer.n + size * n) > call->backend->answer_max) {
		call->is_too_big = true;
		return 0;
	}
	buf_add(&call->answer, slice_of(p, size * n));
	return size * n;
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct backend_call *call = arg;
	struct slice value = slice_of(p, size * n), name;
	int64_t seconds;

	if (!slice_cut(&value, ':', &name) || value.p == NULL)
		return size * n;
	while (value.n > 0 && (value.p[value.n - 1] == '\n' || value.p[value.n - 1] == '\r'))
		value.n--;
	value = slice_trim(value);
	if (slice_eq_nocase(name, SLICE("content-type"))) {
		value = slice_head(value, sizeof(call->content_type) - 1);
		memcpy(call->content_type, value.p, value.n);
		call->content_type[value.n] = '\0';
	} else if (slice_eq_nocase(name, SLICE("retry-after")) &&
	    slice_int64(value, &seconds) && seconds >= 0 && seconds < 3600) {
		call->retry_after = (long)seconds;
	}
	return size * n;
}

static void
header_add(void *arg, const char *line)
{
	struct backend_call *call = arg;

	call->headers = call->backend->all->curl->slist_append(call->headers, line);
}

static void __attribute__((format(printf, 2, 3)))
header_printf(struct backend_call *call, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	header_add(call, text);
}

static enum rc
sign(struct backend_call *call, int64_t seconds, const char *speaker)
{
	struct backend *b = call->backend;
	unsigned char mac[CRYPTO_MAC_SIZE];
	struct slice parts[2];
	struct buf text = BUF_INIT;
	enum rc rc = RC_OK;

	if (b->mac == NULL)
		rc = crypto_mac_new(slice_str(b->secret), &b->mac);
	buf_printf(&text, "v1.%s.%" PRId64 ".%s.", call->key, seconds, speaker);
	parts[0] = buf_slice(&text);
	parts[1] = buf_slice(&call->body);
	if (rc == RC_OK)
		rc = crypto_mac_take(b->mac, parts, N_ELEMENTS(parts), mac);
	buf_reset(&text);
	buf_str(&text, "Siogate-Signature: v1=");
	if (rc == RC_OK)
		crypto_hex(&text, mac, sizeof(mac));
	buf_char(&text, '\0');
	header_add(call, text.p);
	buf_free(&text);
	return rc;
}

static enum rc
request_dress(struct backend_call *call)
{
	int64_t seconds = clock_wall(call->backend->all->clock) / 1000;
	const char *speaker = call->later == NULL ? "none" :
	    backend_speaker(call->later->says);

	header_add(call, "Content-Type: application/json");
	header_add(call, "Accept: application/json");
	header_add(call, "Expect:");
	header_add(call, "Siogate-Protocol: 1");
	header_printf(call, "Siogate-Key: %s", call->key);
	header_printf(call, "Siogate-Timestamp: %" PRId64, seconds);
	header_printf(call, "Siogate-Speaker: %s", speaker);
	if (call->later != NULL)
		backend_said_headers(call->backend, call->later->says, header_add, call);
	return sign(call, seconds, speaker);
}

/* What is the same for every call of a backend. */
static CURL *
easy_new(struct backend *b)
{
	const struct curl *curl = b->all->curl;
	CURL *c = curl->easy_init();
	char *to;

	if (c == NULL)
		return NULL;
	curl->easy_setopt(c, CURLOPT_URL, b->url);
	curl->easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl->easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl->easy_setopt(c, CURLOPT_PROXY, "");
	curl->easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl->easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)b->timeout);
	curl->easy_setopt(c, CURLOPT_USERAGENT, "siogate/" PACKAGE_VERSION);
	curl->easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl->easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	if (!b->keeps)
		curl->easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	if (b->ca_file != NULL)
		curl->easy_setopt(c, CURLOPT_CAINFO, b->ca_file);
	if (b->connect != NULL && b->connect[0] == '/') {
		curl->easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, b->connect);
	} else if (b->connect != NULL) {
		if (b->connect_to == NULL) {
			to = mem_printf("::%s", b->connect);
			b->connect_to = curl->slist_append(NULL, to);
			free(to);
		}
		curl->easy_setopt(c, CURLOPT_CONNECT_TO, b->connect_to);
	}
	return c;
}

/* Handles are kept for the next call: with their options they are a tenth of one. */
static CURL *
easy_take(struct backend *b)
{
	return b->n_idle > 0 ? b->idle[--b->n_idle] : easy_new(b);
}

static void
easy_give(struct backend *b, CURL *easy)
{
	if (b->idle == NULL)
		b->idle = mem_alloc((size_t)b->concurrency * sizeof(*b->idle));
	if ((int64_t)b->n_idle < b->concurrency)
		b->idle[b->n_idle++] = easy;
	else
		b->all->curl->easy_cleanup(easy);
}

void
backend_call_forget(struct backend *b)
{
	while (b->n_idle > 0)
		b->all->curl->easy_cleanup(b->idle[--b->n_idle]);
	free(b->idle);
	if (b->connect_to != NULL)
		b->all->curl->slist_free_all(b->connect_to);
}

static void
request_set(struct backend_call *call)
{
	const struct curl *curl = call->backend->all->curl;
	CURL *c = call->easy;

	curl->easy_setopt(c, CURLOPT_PRIVATE, call);
	curl->easy_setopt(c, CURLOPT_POSTFIELDS, call->body.p);
	curl->easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
	curl->easy_setopt(c, CURLOPT_HTTPHEADER, call->headers);
	curl->easy_setopt(c, CURLOPT_WRITEDATA, call);
	curl->easy_setopt(c, CURLOPT_HEADERDATA, call);
}

/* ---- calls --------------------------------------------------------------------------- */

struct backend_call *
backend_call_new(struct backend *backend, struct later *later, char *key)
{
	struct backend_call *call = mem_alloc(sizeof(*call));

	call->backend = backend;
	call->later = later;
	call->key = key;
	backend->n_out++;
	return call;
}

static void
call_fail(struct backend_call *call, const char *why)
{
	log_error("backend", "backend=%s key=%s rule=begin: %s", call->backend->name,
	    call->key, why);
	call->why = mem_strdup(why);
	DL_APPEND(call->backend->all->failed, call);
}

static void
call_run(struct backend_call *call)
{
	struct backends *all = call->backend->all;

	call->easy = easy_take(call->backend);
	if (call->easy == NULL || request_dress(call) != RC_OK) {
		call_fail(call, call->easy == NULL ? "libcurl does not begin" :
		    crypto_error());
		return;
	}
	request_set(call);
	DL_APPEND(all->running, call);
	call->backend->n_running++;
	all->curl->multi_add_handle(all->multi, call->easy);
}

void
backend_call_start(struct backend_call *call)
{
	struct backend *b = call->backend;
	const char *why = calls_begin(b->all);

	if (why != NULL)
		call_fail(call, why);
	else if ((int64_t)b->n_running >= b->concurrency)
		DL_APPEND(b->queue, call);
	else
		call_run(call);
}

/* libcurl is through with it. */
static void
call_stop(struct backend_call *call)
{
	struct backends *all = call->backend->all;

	if (call->easy == NULL)
		return;
	all->curl->multi_remove_handle(all->multi, call->easy);
	easy_give(call->backend, call->easy);
	call->easy = NULL;
}

static bool
is_in(const struct backend_call *list, const struct backend_call *call)
{
	const struct backend_call *each;

	DL_FOREACH(list, each)
		if (each == call)
			return true;
	return false;
}

void
backend_call_free(struct backend_call *call)
{
	struct backend *b = call->backend;
	struct backends *all = b->all;

	if (is_in(all->running, call)) {
		DL_DELETE(all->running, call);
		b->n_running--;
	} else if (is_in(b->queue, call)) {
		DL_DELETE(b->queue, call);
	} else if (is_in(all->failed, call)) {
		DL_DELETE(all->failed, call);
	}
	call_stop(call);
	if (all->curl != NULL)
		all->curl->slist_free_all(call->headers);
	b->n_out--;
	buf_free(&call->body);
	buf_free(&call->answer);
	free(call->why);
	free(call->key);
	free(call);
}

/* ---- the loop --------------------------------------------------------------------------- */

static void
call_over(struct backend_call *call)
{
	struct later *later = call->later;

	call->is_over = true;
	if (later == NULL)
		return;
	later->rc = call->why == NULL ? RC_OK : RC_IO;
	later->retry_ms = call->retry_after * INT64_C(1000);
	later->done(later);
}

static void
queue_run(struct backend *b)
{
	struct backend_call *call;

	while ((call = b->queue) != NULL && (int64_t)b->n_running < b->concurrency) {
		DL_DELETE(b->queue, call);
		call_run(call);
	}
}

static void
calls_end(struct backends *all)
{
	struct backend_call *call;
	CURLMsg *message;
	CURLcode code;
	char *private;
	int left;

	while ((message = all->curl->multi_info_read(all->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		code = message->data.result;
		all->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		call = (struct backend_call *)(void *)private;
		all->curl->easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &call->status);
		call_stop(call);
		DL_DELETE(all->running, call);
		call->backend->n_running--;
		backend_answer_judge(call, code);
		queue_run(call->backend);
		call_over(call);
	}
}

void
backends_work(struct backends *all)
{
	struct epoll_event events[EVENTS];
	struct backend_call *call;
	int i, n, flags, running;

	if (all->multi != NULL) {
		n = epoll_wait(all->set, events, EVENTS, 0);
		for (i = 0; i < n; i++) {
			flags = ((events[i].events & (EPOLLIN | EPOLLHUP)) != 0 ?
			    CURL_CSELECT_IN : 0) |
			    ((events[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
			    ((events[i].events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0);
			all->curl->multi_socket_action(all->multi, events[i].data.fd,
			    flags, &running);
		}
		if (clock_boot(&clock_system) >= all->timer_at) {
			all->timer_at = INT64_MAX;
			all->curl->multi_socket_action(all->multi, CURL_SOCKET_TIMEOUT,
			    0, &running);
		}
		calls_end(all);
	}
	while ((call = all->failed) != NULL) {
		DL_DELETE(all->failed, call);
		call_over(call);
	}
}

void
backends_wait(struct backends *all, int64_t ms)
{
	struct pollfd fd = { .fd = all->set, .events = POLLIN };
	int64_t left = backends_deadline(all) - clock_boot(&clock_system);

	if (left > ms)
		left = ms;
	poll(&fd, all->set != -1, left < 0 ? 0 : (int)left);
	backends_work(all);
}

int
backends_fd(const struct backends *all)
{
	return all->set;
}

int64_t
backends_deadline(const struct backends *all)
{
	return all->failed != NULL ? 0 : all->timer_at;
}
