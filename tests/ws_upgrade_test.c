/*
 * ws_upgrade_test.c - the opening handshake
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "tests/t.h"
#include "ws/request.h"
#include "ws/upgrade.h"

static const struct extension_conf conf = { .is_on = true, .window = 15 };
static struct upgrade upgrade;

static int
checked(const char *first, const char *headers)
{
	struct buf head = BUF_INIT;
	struct request request;
	const char *fault;
	int status;

	buf_printf(&head, "%s\r\nHost: h\r\n%s\r\n", first, headers);
	T_EQ(request_parse(buf_slice(&head), &request, &fault), 0);
	status = upgrade_check(&request, &conf, &upgrade, &fault);
	T_EQ(status != 0, fault != NULL);
	T_EQ(strlen(upgrade.accept), status == 0 ? UPGRADE_ACCEPT_LEN : 0);
	buf_free(&head);
	return status;
}

#define GET "GET /chat HTTP/1.1"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

static void
the_sample_of_the_rfc_is_accepted(void)
{
	struct buf out = BUF_INIT;

	T_EQ(checked(GET, UPGRADE KEY VERSION), 0);
	T_STR(upgrade.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	upgrade_write(&out, &upgrade, SLICE("X: y\r\n"));
	T_SLICE(buf_slice(&out), "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX: y\r\n\r\n");
	buf_free(&out);
}

static void
header_words_are_found_in_lists_and_any_case(void)
{
	T_EQ(checked(GET, "upgrade: WebSocket\r\nConnection: keep-alive, UPGRADE\r\n"
	    KEY VERSION), 0);
	T_EQ(checked(GET, "Upgrade: h2c, websocket\r\nConnection: keep-alive\r\n"
	    "Connection: upgrade\r\n" KEY VERSION), 0);
}

static void
a_version_that_is_not_13_gets_426(void)
{
	T_EQ(checked(GET, UPGRADE KEY), 426);
	T_EQ(checked(GET, UPGRADE KEY "Sec-WebSocket-Version: 8\r\n"), 426);
	T_EQ(checked(GET, UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n"), 426);
	T_SLICE(upgrade_refusal_headers(426),
	    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
}

static void
a_key_must_be_16_bytes(void)
{
	T_EQ(checked(GET, UPGRADE VERSION), 400);
	T_EQ(checked(GET, UPGRADE VERSION "Sec-WebSocket-Key:\r\n"), 400);
	T_EQ(checked(GET, UPGRADE VERSION
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n"), 400);
	T_EQ(checked(GET, UPGRADE VERSION
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTE=\r\n"), 400);
	T_EQ(checked(GET, UPGRADE VERSION
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTEy\r\n"), 400);
	T_EQ(checked(GET, UPGRADE VERSION
	    "Sec-WebSocket-Key: dGhlIHNhb!BsZSBub25jZQ==\r\n"), 400);
}

static void
compression_is_answered_where_it_was_offered(void)
{
	struct buf out = BUF_INIT;

	T_EQ(checked(GET, UPGRADE KEY VERSION
	    "Sec-WebSocket-Extensions: permessage-deflate\r\n"), 0);
	upgrade_write(&out, &upgrade, SLICE_NONE);
	T_SLICE(buf_slice(&out), "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	    "Sec-WebSocket-Extensions: permessage-deflate; "
	    "server_no_context_takeover; client_no_context_takeover\r\n\r\n");
	buf_free(&out);
}

/* Two proxies might each believe another one. */
static void
a_key_or_version_said_twice_is_refused(void)
{
	T_EQ(checked(GET, UPGRADE VERSION KEY KEY), 400);
	T_EQ(checked(GET, UPGRADE VERSION VERSION KEY), 426);
}

static void
what_is_no_upgrade_is_refused(void)
{
	T_EQ(checked(GET, "Upgrade: websocket\r\n" KEY VERSION), 400);
	T_EQ(checked(GET, "Connection: Upgrade\r\n" KEY VERSION), 400);
	T_EQ(checked(GET, "Upgrade: websockets\r\nConnection: Upgrade\r\n"
	    KEY VERSION), 400);
	T_EQ(checked("GET / HTTP/1.0", UPGRADE KEY VERSION), 400);
	T_EQ(checked("POST / HTTP/1.1", UPGRADE KEY VERSION), 405);
	T_EQ(checked(GET, UPGRADE KEY VERSION "Content-Length: 1\r\n"), 400);
}

int
main(void)
{
	T_RUN(the_sample_of_the_rfc_is_accepted);
	T_RUN(header_words_are_found_in_lists_and_any_case);
	T_RUN(a_version_that_is_not_13_gets_426);
	T_RUN(a_key_must_be_16_bytes);
	T_RUN(compression_is_answered_where_it_was_offered);
	T_RUN(a_key_or_version_said_twice_is_refused);
	T_RUN(what_is_no_upgrade_is_refused);
	return t_end();
}
