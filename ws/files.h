/*
 * files.h - a folder of static files, for a demo without a web server
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_FILES_H
#define WS_FILES_H

#include "base/rc.h"
#include "base/slice.h"

struct files;
struct http_response;
struct request;

/* RC_IO: it is no folder that can be read; error_r is yours to free. */
enum rc files_open(const char *folder, struct files **files_r, char **error_r);
void    files_close(struct files **files);

/* Answers at once.  The response is yours (two buffers). */
void files_serve(struct files *files, const struct request *request,
    struct http_response *response_r);

#endif
