/*
 * conf_load.c - file, environment and defaults come together, and are safe
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/conf_private.h"
#include "base/mem.h"

enum { FILE_MAX = 1 << 20 };

extern char **environ;

/* What hosts call a document root, wherever it lies. */
static const char *const root_names[] = {
	"public_html", "htdocs", "httpdocs", "wwwroot"
};

/* Without symbolic links, as far as the path exists. */
static char *
path_real(const char *path)
{
	char real[PATH_MAX], *folder, *above, *whole;

	if (realpath(path, real) != NULL)
		return mem_strdup(real);
	folder = conf_path_folder(path);
	if (strcmp(folder, path) == 0 || strcmp(folder, ".") == 0) {
		free(folder);
		return mem_strdup(path);
	}
	above = path_real(folder);
	whole = mem_printf("%s%s", strcmp(above, "/") == 0 ? "" : above,
	    path + (strcmp(folder, "/") == 0 ? 0 : strlen(folder)));
	free(folder);
	free(above);
	return whole;
}

/* "a/b" within root is true for what lies in it and for itself. */
static bool
is_within(const char *path, const char *root)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The length of the path above such a folder, or -1. */
static ssize_t
above_root_name(const char *path)
{
	struct slice rest = slice_str(path), part;
	size_t i;

	while (slice_cut(&rest, '/', &part))
		for (i = 0; i < N_ELEMENTS(root_names); i++)
			if (slice_is(part, root_names[i]))
				return part.p == path ? 0 : part.p - path - 1;
	return -1;
}

/* Whether a web server might hand path out. */
static bool
is_exposed(const char *path, const char *document_root)
{
	struct slice rest, name = SLICE_NONE, part;
	char *real = path_real(path), *root = NULL;
	bool exposed = above_root_name(real) >= 0;

	if (document_root != NULL && *document_root == '/' && document_root[1] != '\0') {
		root = path_real(document_root);
		exposed = exposed || is_within(real, root);
	}
	rest = slice_str(real);
	while (slice_cut(&rest, '/', &part))
		if (part.n > 0)
			name = part;
	if (slice_starts(name, SLICE(".ht")))
		exposed = false;
	free(real);
	free(root);
	return exposed;
}

enum rc
conf_check_place(const struct conf *conf, const char *document_root, char **error_r)
{
	const struct {
		const char *what, *path, *advice;
	} things[] = {
		{ "the configuration", conf->path,
		  "move it to .siogate/siogate.conf above it or in the account's "
		  "home, or name it .htsiogate.conf" },
		{ "the store", conf->store,
		  "set store to a folder outside" },
		{ "the log", conf->log,
		  "set log to a file outside" },
	};
	size_t i;

	*error_r = NULL;
	for (i = 0; i < N_ELEMENTS(things); i++) {
		if (things[i].path == NULL || *things[i].path == '\0' ||
		    !is_exposed(things[i].path, document_root))
			continue;
		conf_error(error_r, "%s %s lies inside the document root%s%s, where "
		    "everybody may download it: %s", things[i].what, things[i].path,
		    document_root == NULL ? "" : " ",
		    document_root == NULL ? "" : document_root, things[i].advice);
		return RC_BAD_STATE;
	}
	return RC_OK;
}

/*
 * For what was unpacked in a public_html: above that, if it is the account's own,
 * else in its home.  What the web server says about its document root is not
 * asked here: a FastCGI process and the command line are not told, and all must
 * find the same store.
 */
static char *
hidden_store(const struct conf *conf, const struct conf_places *places)
{
	const char *start = conf->path != NULL ? conf->path : places->program;
	ssize_t n = start == NULL ? -1 : above_root_name(start);
	struct stat st;
	char *folder, *store = NULL;

	if (n > 0) {
		folder = mem_slicedup(slice_of(start, (size_t)n));
		if (stat(folder, &st) == 0 && st.st_uid == geteuid())
			store = mem_printf("%s/.siogate", folder);
		free(folder);
	}
	if (store == NULL && places->home != NULL)
		store = mem_printf("%s/.siogate", places->home);
	return store;
}

static char *
default_store(const struct conf *conf, const struct conf_places *places)
{
	const char *slash = conf->path == NULL ? NULL : strrchr(conf->path, '/');
	char *folder, *store;

	if (slash == NULL || strncmp(slash, "/.ht", 4) == 0)
		return hidden_store(conf, places);
	folder = conf_path_folder(conf->path);
	if (slice_ends(slice_str(folder), SLICE("/.siogate")))
		return folder;
	if (places->system != NULL && strcmp(folder, places->system) == 0)
		store = mem_strdup("/var/lib/siogate");
	else
		store = mem_printf("%s/.siogate", strcmp(folder, "/") == 0 ? "" : folder);
	free(folder);
	return store;
}

/* Hands text to an option that is still empty. */
static void
fill(char **option, char *text)
{
	free(*option);
	*option = text;
}

enum rc
conf_fill_places(struct conf *conf, const struct conf_places *places, char **error_r)
{
	char *text;
	struct stat st;

	if (*conf->client_dir == '\0') {
		text = mem_printf("%s/client", places->program == NULL ? "" :
		    places->program);
		if (places->program == NULL || stat(text, &st) == -1 ||
		    !S_ISDIR(st.st_mode)) {
			free(text);
			text = mem_strdup(PKGDATADIR "/client");
		}
		fill(&conf->client_dir, text);
	}
	if (*conf->module_dir == '\0')
		fill(&conf->module_dir, mem_strdup(PKGLIBDIR));
	if (*conf->store != '\0')
		return RC_OK;
	if ((text = default_store(conf, places)) == NULL) {
		conf_error(error_r, "the account %ld has no home: set store in "
		    "siogate.conf, or SIOGATE_STORE", (long)geteuid());
		return RC_BAD_INPUT;
	}
	fill(&conf->store, text);
	return RC_OK;
}

static enum rc
read_whole(const char *path, struct buf *out, char **error_r)
{
	FILE *f = fopen(path, "re");
	size_t n;

	errno = f == NULL ? errno : 0;
	while (f != NULL && errno == 0 && out->n <= FILE_MAX) {
		buf_reserve(out, 4096);
		if ((n = fread(out->p + out->n, 1, 4096, f)) == 0)
			break;
		out->n += n;
	}
	if (errno != 0)
		conf_error(error_r, "%s: %s", path, strerror(errno));
	else if (out->n > FILE_MAX)
		conf_error(error_r, "%s: larger than %d bytes", path, FILE_MAX);
	if (f != NULL)
		fclose(f);
	return *error_r == NULL ? RC_OK : RC_BAD_INPUT;
}

static enum rc
load_file(struct conf *conf, char **error_r)
{
	struct buf text = BUF_INIT;
	enum rc rc = read_whole(conf->path, &text, error_r);

	if (rc == RC_OK)
		rc = conf_parse(conf, buf_slice(&text), conf->path, error_r);
	buf_free(&text);
	return rc;
}

/* What depends on two options. */
static enum rc
check_together(const struct conf *conf, char **error_r)
{
	if (conf->log_retention < conf->ping_interval + conf->ping_timeout) {
		conf_error(error_r, "log_retention (%s) must be as long as ping_interval "
		    "and ping_timeout together, or live clients would miss records",
		    conf_origin(conf, "log_retention"));
		return RC_BAD_INPUT;
	}
	if (conf->lock_give_up < conf->lock_wait) {
		conf_error(error_r, "lock_give_up (%s) must not be shorter than lock_wait "
		    "(%s)", conf_origin(conf, "lock_give_up"),
		    conf_origin(conf, "lock_wait"));
		return RC_BAD_INPUT;
	}
	return RC_OK;
}

static void
look_around(struct conf_places *places)
{
	places->named = getenv("SIOGATE_CONF");
	places->document_root = getenv("DOCUMENT_ROOT");
	places->context_root = getenv("CONTEXT_DOCUMENT_ROOT");
	places->program = conf_program_folder();
	places->home = conf_home();
	places->system = "/etc/siogate";
}

static void
look_away(struct conf_places *places)
{
	free((char *)(uintptr_t)places->program);
	free((char *)(uintptr_t)places->home);
}

enum rc
conf_find(char **path_r)
{
	struct conf_places places;
	enum rc rc;

	look_around(&places);
	rc = conf_find_in(&places, path_r);
	look_away(&places);
	return rc;
}

static enum rc
check_places(const struct conf *conf, const struct conf_places *places,
    char **error_r)
{
	const char *roots[] = { NULL, places->document_root, places->context_root };
	size_t i;

	for (i = 0; i < N_ELEMENTS(roots); i++)
		if (conf_check_place(conf, roots[i], error_r) != RC_OK)
			return RC_BAD_INPUT;
	return RC_OK;
}

/* The first mistake wins; what stands behind it is done all the same. */
enum rc
conf_load(const char *path, struct conf **conf_r, char **error_r)
{
	struct conf *conf = *conf_r = conf_new();
	struct conf_places places;
	char *error = NULL;

	*error_r = NULL;
	look_around(&places);
	if (path != NULL)
		conf->path = conf_path_absolute(slice_str(path), NULL);
	else
		conf_find_in(&places, &conf->path);
	if (conf->path != NULL)
		load_file(conf, error_r);
	conf_environment(conf, environ, error_r);
	conf_fill_places(conf, &places, error_r);
	if (*error_r == NULL)
		check_together(conf, error_r);
	if (check_places(conf, &places, &error) != RC_OK)
		conf_error(error_r, "%s", error);
	free(error);
	look_away(&places);
	return *error_r == NULL ? RC_OK : RC_BAD_INPUT;
}
