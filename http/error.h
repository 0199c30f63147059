/*
 * error.h - refusals in the words of each generation
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_ERROR_H
#define HTTP_ERROR_H

#include "wire/codec.h"

struct http_private;

/*
 * Engine.IO: {"code":N,"message":"..."} with the refusal's number; to an upgrade
 * request the message alone.  message NULL: the reference's own.  A generation with
 * manners: its own text, whatever the message.
 */
void error_send(struct http_private *own, enum refusal refusal,
    const char *message);

#endif
