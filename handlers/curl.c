/*
 * curl.c - libcurl, loaded when it is first needed
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <dlfcn.h>
#include <stddef.h>

#include "handlers/curl.h"

#ifdef STATIC_ONLY

/* libcurl brings a dozen libraries, most of which have no static form. */
const char *
curl_missing(void)
{
	return "this program is linked statically and has no HTTP client: backends need "
	    "the dynamic one, of the packages or built on the host";
}

const struct curl *
curl_load(const char **error_r)
{
	*error_r = curl_missing();
	return NULL;
}

#else

#define ROW(member, symbol) { symbol, offsetof(struct curl, member) }
static const struct {
	const char *symbol;
	size_t offset;
} rows[] = {
	ROW(easy_init, "curl_easy_init"),
	ROW(easy_setopt, "curl_easy_setopt"),
	ROW(easy_perform, "curl_easy_perform"),
	ROW(easy_getinfo, "curl_easy_getinfo"),
	ROW(easy_reset, "curl_easy_reset"),
	ROW(easy_cleanup, "curl_easy_cleanup"),
	ROW(easy_strerror, "curl_easy_strerror"),
	ROW(slist_append, "curl_slist_append"),
	ROW(slist_free_all, "curl_slist_free_all"),
	ROW(multi_init, "curl_multi_init"),
	ROW(multi_setopt, "curl_multi_setopt"),
	ROW(multi_assign, "curl_multi_assign"),
	ROW(multi_add_handle, "curl_multi_add_handle"),
	ROW(multi_remove_handle, "curl_multi_remove_handle"),
	ROW(multi_socket_action, "curl_multi_socket_action"),
	ROW(multi_info_read, "curl_multi_info_read"),
	ROW(multi_cleanup, "curl_multi_cleanup"),
};

const char *
curl_missing(void)
{
	return NULL;
}

const struct curl *
curl_load(const char **error_r)
{
	static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4" };
	static struct curl curl;
	static void *lib;
	size_t i;

	*error_r = "libcurl cannot be loaded: install libcurl4";
	for (i = 0; lib == NULL && i < sizeof(names) / sizeof(names[0]); i++)
		lib = dlopen(names[i], RTLD_NOW);
	if (lib == NULL)
		return NULL;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void **at = (void **)(void *)((char *)&curl + rows[i].offset);

		if ((*at = dlsym(lib, rows[i].symbol)) == NULL) {
			*error_r = "this libcurl is too old: 7.49 or newer is needed";
			return NULL;
		}
	}
	return &curl;
}

#endif
