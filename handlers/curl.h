/*
 * curl.h - libcurl, loaded when it is first needed
 *
 * Most processes never call anybody, and loading libcurl would be most of the
 * start of a command from cron and most of the memory of an idle responder.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_CURL_H
#define HANDLERS_CURL_H

#include <curl/curl.h>

/* The functions that are used, as libcurl has them. */
struct curl {
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
	CURLcode (*easy_perform)(CURL *);
	CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
	void (*easy_reset)(CURL *);
	void (*easy_cleanup)(CURL *);
	const char *(*easy_strerror)(CURLcode);
	struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
	void (*slist_free_all)(struct curl_slist *);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_setopt)(CURLM *, CURLMoption, ...);
	CURLMcode (*multi_assign)(CURLM *, curl_socket_t, void *);
	CURLMcode (*multi_add_handle)(CURLM *, CURL *);
	CURLMcode (*multi_remove_handle)(CURLM *, CURL *);
	CURLMcode (*multi_socket_action)(CURLM *, curl_socket_t, int, int *);
	CURLMsg *(*multi_info_read)(CURLM *, int *);
	CURLMcode (*multi_cleanup)(CURLM *);
};

/* NULL, or why this program can never have it; nothing is loaded. */
const char *curl_missing(void);

/* NULL: it is not there; *error_r says what to install (a constant). */
const struct curl *curl_load(const char **error_r);

#endif
