/*
 * app.h - an ordinary HTTP application behind siogate-ws
 *
 * What is not Socket.IO is passed on to it, and its answers back, both as they
 * come: neither waits in memory for its end.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_APP_H
#define WS_APP_H

#include "base/rc.h"
#include "base/slice.h"

struct app_call;
struct app_proxy;
struct conf;
struct door;
struct http1;
struct request;

/* The option `app` says where it is.  RC_BAD_INPUT: error_r is yours. */
enum rc app_open(const struct conf *conf, struct app_proxy **app_r,
    char **error_r);
/* After all streams are closed. */
void app_close(struct app_proxy **app);

/*
 * Passes a request on; it is h->app then, until h is answered (also at once, with
 * 502 or 503).  body: what is there of it; left: bytes that still come, for
 * app_body().
 */
void app_serve(struct door *door, struct http1 *h, const struct request *request,
    struct slice body, uint64_t left);

/* More of the body, or of what a tunnel carries; returns what was taken. */
size_t app_body(struct app_call *call, struct slice data);
/* Whether it takes something now, or is waited for. */
bool app_wants(const struct app_call *call);
/* The client has taken what it was sent. */
void app_written(struct app_call *call);
/* The client does not send what it announced. */
void app_late(struct app_call *call);
/* The client is gone. */
void app_forget(struct app_call *call);

/* The process is leaving: closes connections that nobody uses. */
void app_leave(struct app_proxy *app);

#endif
