/*
 * error.h - the errors of Engine.IO, by their numbers
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_ERROR_H
#define HTTP_ERROR_H

struct http_private;

enum http_error {
	ERROR_TRANSPORT,        /* 0: unknown, or not offered */
	ERROR_SID,              /* 1: unknown session */
	ERROR_METHOD,           /* 2: a handshake is a GET */
	ERROR_REQUEST,          /* 3: another transport or generation */
	ERROR_FORBIDDEN,        /* 4: 403 */
	ERROR_VERSION,          /* 5: a generation that is off or not built */
	ERROR__COUNT
};

/* Answers {"code":N,"message":"..."}; to an upgrade request the message alone.
 * message NULL: the reference's own. */
void error_send(struct http_private *own, enum http_error error,
    const char *message);

#endif
