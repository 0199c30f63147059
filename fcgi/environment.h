/*
 * environment.h - CGI variables as a request
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FCGI_ENVIRONMENT_H
#define FCGI_ENVIRONMENT_H

#include "base/slice.h"

struct http_request;

/*
 * Fills in all of request but its body.  Its slices lie in envp or in memory
 * that the next call uses again.
 */
void environment_read(char **envp, struct http_request *request);
void environment_fini(void);

/* A variable's value; NULL: it is not there. */
const char *environment_get(char **envp, const char *name);

/* Bytes that the body has as CONTENT_LENGTH says; -1: it does not say. */
int64_t environment_length(char **envp);

#endif
