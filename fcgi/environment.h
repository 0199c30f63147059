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
 * Fills in all of request but its body.  Its slices lie in envp, or params, or in
 * memory that the next call uses again.  params: as FastCGI has them; false: the
 * lengths in there are wrong.
 */
void environment_read(char **envp, struct http_request *request);
bool environment_read_params(struct slice params, struct http_request *request);
void environment_fini(void);

/* A variable's value; absent: it is not there. */
const char *environment_get(char **envp, const char *name);
struct slice environment_find(struct slice params, const char *variable);

/* Bytes that the body has as CONTENT_LENGTH says; -1: it does not say. */
int64_t environment_length(char **envp);

#endif
