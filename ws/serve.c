/*
 * serve.c - who answers a request, and how the answer leaves
 *
 * Must stay true: a service lives until http_serve() has returned and its answer
 * has begun to leave, whichever comes last.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/mem.h"
#include "session/live.h"
#include "ws/answer.h"
#include "ws/app.h"
#include "ws/files.h"
#include "ws/http1_private.h"
#include "ws/live.h"
#include "ws/request.h"
#include "ws/upgrade.h"
#include "ws/version.h"

static void
answer_send(struct http1 *h, const struct http_response *response)
{
	struct door *door = h->door;

	buf_reset(&door->answer);
	answer_head(&door->answer, response->status,
	    buf_slice(&response->headers), h->keep && !door->leaving, h->minor,
	    clock_wall(&clock_system));
	stream_write(h->stream, buf_slice(&door->answer),
	    response->has_body ? buf_slice(&response->body) : SLICE_NONE);
	http1_next(h);
}

void
serve_text(struct http1 *h, int status, struct slice headers, const char *text)
{
	struct http_response response = { .status = status, .has_body = true };

	buf_str(&response.body, text);
	buf_str(&response.body, "\n");
	buf_printf(&response.headers, "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nCache-Control: no-store\r\n", response.body.n);
	buf_add(&response.headers, headers);
	answer_send(h, &response);
	buf_free(&response.headers);
	buf_free(&response.body);
}

static void
service_free(struct service *service)
{
	buf_free(&service->body);
	free(service);
}

static void
service_end(struct service *service)
{
	service->is_done = true;
	service->h->service = NULL;
	service->h->door->n_busy--;
}

/* HTTP/1.0 has no chunks: there the end of the connection is the end. */
void
serve_piece(struct http1 *h, struct slice piece)
{
	char head[24];
	int n;

	if (piece.n == 0)
		return;
	if (h->minor == 0) {
		stream_write(h->stream, piece, SLICE_NONE);
		return;
	}
	n = snprintf(head, sizeof(head), "%zx\r\n", piece.n);
	stream_write(h->stream, slice_of(head, (size_t)n), piece);
	stream_write(h->stream, SLICE("\r\n"), SLICE_NONE);
}

void
serve_last_piece(struct http1 *h)
{
	if (h->minor > 0)
		stream_write(h->stream, SLICE("0\r\n\r\n"), SLICE_NONE);
}

static bool
has_room(const struct http1 *h)
{
	return !h->stream->is_closing && (int64_t)h->stream->out.bytes <=
	    h->door->conf->stream_buffer;
}

static bool
on_stream_begin(struct http_exchange *x)
{
	struct service *service = x->door;
	struct http1 *h = service->h;
	struct buf *head = &h->door->answer;

	h->keep = false;
	if (h->minor > 0)
		buf_str(&x->response.headers, "Transfer-Encoding: chunked\r\n");
	buf_reset(head);
	answer_head(head, x->response.status, buf_slice(&x->response.headers),
	    false, h->minor, clock_wall(&clock_system));
	stream_write(h->stream, buf_slice(head), SLICE_NONE);
	serve_piece(h, buf_slice(&x->response.body));
	return has_room(h);
}

static bool
on_stream_extend(struct http_exchange *x, struct slice piece)
{
	struct service *service = x->door;

	serve_piece(service->h, piece);
	return has_room(service->h);
}

static void
on_stream_close(struct http_exchange *x)
{
	struct service *service = x->door;
	struct http1 *h = service->h;

	service_end(service);
	http_finish(h->door->gateway, x);
	serve_last_piece(h);
	if (has_room(h))
		http1_next(h);
	else
		stream_close(h->stream);
	if (!service->is_serving)
		service_free(service);
}

static const struct http_stream_ops stream_ops = {
	on_stream_begin, on_stream_extend, on_stream_close
};

static void
on_respond(struct http_exchange *x)
{
	struct service *service = x->door;
	struct http1 *h = service->h;

	service_end(service);
	h->receipt = x->receipt;
	answer_send(h, &x->response);
	http_finish(h->door->gateway, x);
	if (!service->is_serving)
		service_free(service);
}

/* One sentence why an upgrade is none; a version that may not be spoken is 426. */
static int
upgrade_answer(struct service *service, const struct request *request,
    const struct version *version, const struct live *asked, struct buf *head,
    struct extension *extension_r, const char **fault_r)
{
	const struct handshake handshake = {
		.request = request,
		.behind = buf_slice(&service->body),
		.is_secure = http_is_secure(&service->x),
		.extensions = &service->h->door->extensions,
	};

	if (version == NULL || (!version->has_binary &&
	    asked->codec->traits.has_binary &&
	    asked->codec->message_text == NULL)) {
		*fault_r = "This version of the WebSocket protocol is not spoken here "
		    "(ws_versions)";
		return 426;
	}
	return version->answer(&handshake, head, extension_r, fault_r);
}

static void
upgrade_serve(struct service *service, const struct request *request)
{
	struct http1 *h = service->h;
	struct door *door = h->door;
	const struct version *version = version_of(request,
	    door->conf->ws_versions);
	struct live asked = { .codec = NULL };
	struct extension extension;
	struct buf head = BUF_INIT;
	const char *fault;
	int status;

	if (http_upgrade(door->gateway, &service->x, &asked) != RC_OK)
		return;
	status = upgrade_answer(service, request, version, &asked, &head,
	    &extension, &fault);
	if (status == 0) {
		service->upgrade = live_open(door, h, &asked, version, &head,
		    &extension);
		return;
	}
	service_end(service);
	serve_text(h, status, upgrade_refusal_headers(status), fault);
	http_finish(door->gateway, &service->x);
}

size_t
serve_behind(const struct http1 *h, const struct request *request)
{
	const struct version *version;

	if (!upgrade_wanted(request) || !http_is_ours(h->door->gateway,
	    request->target))
		return 0;
	version = version_of(request, h->door->conf->ws_versions);
	return version == NULL ? 0 : version->behind;
}

/* The body is the service's from here on. */
static void
gateway_serve(struct http1 *h, const struct request *request, struct buf *body,
    bool is_too_big)
{
	struct door *door = h->door;
	struct service *service = mem_alloc(sizeof(*service));

	service->h = h;
	service->body = *body;
	*body = (struct buf)BUF_INIT;
	service->x.respond = on_respond;
	service->x.stream = strcmp(door->conf->streams, "off") == 0 ? NULL :
	    &stream_ops;
	service->x.door = service;
	service->x.request = (struct http_request){
		.method = request->method,
		.target = request->target,
		.headers = request->headers,
		.n_headers = request->n_headers,
		.body = buf_slice(&service->body),
		.body_too_big = is_too_big,
		.remote_addr = slice_str(h->peer),
		.host = slice_str(h->listener->host),
		.port = slice_str(h->listener->port),
		.is_https = h->listener->is_tls,
	};
	h->service = service;
	door->n_busy++;
	stream_lane(h->stream, LANE_NONE);
	service->is_serving = true;
	if (upgrade_wanted(request))
		upgrade_serve(service, request);
	else
		http_serve(door->gateway, &service->x);
	service->is_serving = false;
	if (service->is_done)
		service_free(service);
}

static void
files_answer(struct http1 *h, const struct request *request)
{
	struct http_response response;

	files_serve(h->door->files, request, &response);
	answer_send(h, &response);
	buf_free(&response.headers);
	buf_free(&response.body);
}

static void
health_answer(struct http1 *h)
{
	if (h->door->leave_from != 0)
		serve_text(h, 503, SLICE_NONE, "leaving");
	else
		serve_text(h, 200, SLICE_NONE, "ok");
}

static bool
is_health(const struct request *request)
{
	return slice_is(request->target, "/healthz") &&
	    slice_is(request->method, "GET");
}

static void
request_note(struct http1 *h, const struct request *request)
{
	h->minor = request->minor;
	h->had_request = true;
	/* After a refused upgrade nobody knows what the client says next. */
	h->keep = request->keep_alive && !upgrade_wanted(request);
}

bool
serve_passes_on(const struct http1 *h, const struct request *request)
{
	return h->door->app != NULL && !is_health(request) &&
	    !http_is_ours(h->door->gateway, request->target);
}

void
serve_pass_on(struct http1 *h, const struct request *request)
{
	request_note(h, request);
	app_serve(h->door, h, request, SLICE_NONE, request->length);
}

void
serve_request(struct http1 *h, const struct request *request, struct buf *body,
    bool is_too_big)
{
	struct door *door = h->door;

	request_note(h, request);
	h->keep = h->keep && !is_too_big;
	if (is_health(request))
		health_answer(h);
	else if (serve_passes_on(h, request) && is_too_big)
		serve_text(h, 413, SLICE_NONE, "A body in chunks may not be larger "
		    "than max_payload here: say its length");
	else if (serve_passes_on(h, request))
		app_serve(door, h, request, buf_slice(body), 0);
	else if (door->files != NULL &&
	    !http_is_ours(door->gateway, request->target))
		files_answer(h, request);
	else
		gateway_serve(h, request, body, is_too_big);
}

void
serve_forget(struct http1 *h)
{
	struct service *service = h->service;

	if (h->app != NULL)
		app_forget(h->app);
	if (service == NULL)
		return;
	h->door->n_busy--;
	if (service->upgrade != NULL)
		live_cancel(service->upgrade);
	http_cancel(h->door->gateway, &service->x);
	http_finish(h->door->gateway, &service->x);
	service_free(service);
}

struct stream *
http1_yield(struct http1 *h, struct buf *in_r)
{
	struct service *service = h->service;
	struct stream *stream = h->stream;

	service_end(service);
	http_finish(h->door->gateway, &service->x);
	service_free(service);
	if (h->is_waiting)
		TAILQ_REMOVE(&h->door->waiting, h, waiting_link);
	*in_r = h->in;
	free(h);
	return stream;
}

void
http1_upgrade_refuse(struct http1 *h, enum answer answer)
{
	struct service *service = h->service;

	service->upgrade = NULL;
	http_upgrade_answer(h->door->gateway, &service->x, answer);
}
