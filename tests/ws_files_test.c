/*
 * ws_files_test.c - a folder of static files
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/http.h"
#include "tests/t.h"
#include "ws/files.h"
#include "ws/request.h"

static char base[] = "/tmp/siogate-files-XXXXXX", folder[64];
static struct files *files;
static struct http_response got;

static void
put(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	if (f == NULL)
		abort();
	fputs(text, f);
	fclose(f);
	free(path);
}

static void
make(const char *name)
{
	char *path = mem_printf("%s/%s", folder, name);

	if (mkdir(path, 0755) == -1)
		abort();
	free(path);
}

static void
response_free(void)
{
	buf_free(&got.headers);
	buf_free(&got.body);
}

static int
asked(const char *method, const char *target, const char *headers)
{
	struct buf head = BUF_INIT;
	struct request request;
	const char *fault;

	response_free();
	buf_printf(&head, "%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n", method, target,
	    headers);
	T_EQ(request_parse(buf_slice(&head), &request, &fault), 0);
	files_serve(files, &request, &got);
	buf_free(&head);
	buf_char(&got.headers, '\0');
	return got.status;
}

#define GET(target) asked("GET", target, "")

static bool
has_line(const char *line)
{
	return strstr(got.headers.p, line) != NULL;
}

static void
files_come_with_their_type(void)
{
	T_EQ(GET("/app.js"), 200);
	T_SLICE(buf_slice(&got.body), "script");
	T_OK(has_line("Content-Type: text/javascript; charset=utf-8\r\n"));
	T_OK(has_line("Content-Length: 6\r\n"));
	T_OK(has_line("X-Content-Type-Options: nosniff\r\n"));
	T_EQ(GET("/sub/a%20b.bin?x=/../y#z"), 200);
	T_OK(has_line("Content-Type: application/octet-stream\r\n"));
	T_EQ(GET("http://other:80/app.js"), 200);
	T_EQ(GET("/empty.txt"), 200);
	T_OK(has_line("Content-Length: 0\r\n"));
}

static void
a_folder_is_its_index(void)
{
	T_EQ(GET("/"), 200);
	T_SLICE(buf_slice(&got.body), "top");
	T_OK(has_line("Content-Type: text/html; charset=utf-8\r\n"));
	T_EQ(GET("http://h"), 200);
	T_EQ(GET("/sub/?q"), 200);
	T_SLICE(buf_slice(&got.body), "below");
	T_EQ(GET("/sub?q"), 301);
	T_OK(has_line("Location: /sub/\r\n"));
	T_EQ(GET("/bare/"), 404);
}

static void
a_redirect_never_names_another_host(void)
{
	T_EQ(GET("//sub"), 404);
	T_EQ(GET("///evil.example/.."), 404);
}

static void
nothing_outside_or_hidden_is_found(void)
{
	static const char *const targets[] = {
		"/../secret", "/sub/../../secret", "/%2e%2e/secret", "/..%2fsecret",
		"/.hidden", "/sub/.hidden", "/%2ehidden", "/link", "/linked/x",
		"/app.js/", "/app.js/x", "/a%00b", "/a%0", "/a%zz", "/./app.js",
		"/nothing", "/sub//index.html", "/\\..\\secret", "*",
	};
	size_t i;

	for (i = 0; i < N_ELEMENTS(targets); i++)
		T_EQ(GET(targets[i]), 404);
}

static void
an_unchanged_file_is_not_sent_again(void)
{
	char tag[64], *header, *from;

	T_EQ(GET("/app.js"), 200);
	T_OK((from = strstr(got.headers.p, "ETag: ")) != NULL);
	snprintf(tag, sizeof(tag), "%.*s", (int)strcspn(from + 6, "\r"), from + 6);
	header = mem_printf("If-None-Match: \"x\", %s\r\n", tag);
	T_EQ(asked("GET", "/app.js", header), 304);
	T_OK(!got.has_body && got.body.n == 0);
	put("app.js", "changed script");
	T_EQ(asked("GET", "/app.js", header), 200);
	put("app.js", "script");
	free(header);
}

static void
only_reading_is_allowed(void)
{
	T_EQ(asked("HEAD", "/app.js", ""), 200);
	T_OK(!got.has_body);
	T_OK(has_line("Content-Length: 6\r\n"));
	T_EQ(asked("POST", "/app.js", ""), 405);
	T_OK(has_line("Allow: GET, HEAD\r\n"));
	T_EQ(asked("DELETE", "/app.js", ""), 405);
}

static void
a_huge_file_is_not_served(void)
{
	char *path = mem_printf("%s/huge.bin", folder);

	put("huge.bin", "");
	T_EQ(truncate(path, 17 << 20), 0);
	T_EQ(GET("/huge.bin"), 404);
	free(path);
}

static void
what_is_no_folder_is_refused(void)
{
	struct files *none;
	char *error = NULL;

	T_EQ(files_open("/nothing/here", &none, &error), RC_IO);
	T_OK(none == NULL && strstr(error, "/nothing/here") != NULL);
	free(error);
	files_close(&none);
}

static void
folder_make(void)
{
	char *error, *from, *to;

	if (mkdtemp(base) == NULL)
		abort();
	snprintf(folder, sizeof(folder), "%s/www", base);
	mkdir(folder, 0755);
	put("../secret", "secret");
	make("sub");
	make("bare");
	put("index.html", "top");
	put("app.js", "script");
	put("empty.txt", "");
	put(".hidden", "hidden");
	put("sub/index.html", "below");
	put("sub/.hidden", "hidden");
	put("sub/a b.bin", "binary");
	from = mem_printf("%s/link", folder);
	to = mem_printf("%s/linked", folder);
	if (symlink("../secret", from) == -1 || symlink("sub", to) == -1 ||
	    files_open(folder, &files, &error) != RC_OK)
		abort();
	free(from);
	free(to);
}

static void
folder_remove(void)
{
	char *command = mem_printf("rm -rf '%s'", base);

	files_close(&files);
	if (system(command) != 0)
		perror("rm");
	free(command);
}

int
main(void)
{
	folder_make();
	T_RUN(files_come_with_their_type);
	T_RUN(a_folder_is_its_index);
	T_RUN(a_redirect_never_names_another_host);
	T_RUN(nothing_outside_or_hidden_is_found);
	T_RUN(an_unchanged_file_is_not_sent_again);
	T_RUN(only_reading_is_allowed);
	T_RUN(a_huge_file_is_not_served);
	T_RUN(what_is_no_folder_is_refused);
	response_free();
	folder_remove();
	return t_end();
}
