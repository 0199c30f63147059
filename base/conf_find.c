/*
 * conf_find.c - where the configuration is
 *
 * Every process of a site must come to the same answer, whoever started it, so
 * the account's home is what /etc/passwd says and HOME only counts where that is
 * silent (a container).  getpwuid() is not asked: in a static program it would
 * load libraries of the host.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf_private.h"
#include "base/log.h"
#include "base/mem.h"

/* The field of that number of a line of /etc/passwd. */
static struct slice
passwd_field(struct slice line, int number)
{
	struct slice field = SLICE_NONE;

	while (number-- >= 0)
		slice_cut(&line, ':', &field);
	return field;
}

char *
conf_home(void)
{
	const char *environment = getenv("HOME");
	FILE *f = fopen("/etc/passwd", "re");
	char *home = NULL, *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int64_t id;

	while (home == NULL && f != NULL && (n = getline(&line, &cap, f)) > 0) {
		struct slice s = slice_of(line, (size_t)n);

		if (slice_int64(passwd_field(s, 2), &id) && id == (int64_t)geteuid() &&
		    slice_starts(passwd_field(s, 5), SLICE("/")))
			home = mem_slicedup(passwd_field(s, 5));
	}
	free(line);
	if (f != NULL)
		fclose(f);
	if (home == NULL && environment != NULL && *environment == '/')
		home = mem_strdup(environment);
	return home;
}

char *
conf_path_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_strdup(".");
	return mem_slicedup(slice_of(path, slash == path ? 1 : (size_t)(slash - path)));
}

char *
conf_program_folder(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return NULL;
	path[n] = '\0';
	return conf_path_folder(path);
}

char *
conf_path_absolute(struct slice path, const char *folder)
{
	char here[PATH_MAX], *home, *whole;

	if (slice_starts(path, SLICE("/")))
		return mem_slicedup(path);
	if (slice_starts(path, SLICE("~/")) && (home = conf_home()) != NULL) {
		whole = mem_printf("%s/%.*s", home, SLICE_ARGS(slice_skip(path, 2)));
		free(home);
		return whole;
	}
	while (slice_starts(path, SLICE("./")))
		path = slice_skip(path, 2);
	if (folder != NULL && strcmp(folder, ".") != 0)
		return mem_printf("%s/%.*s", folder, SLICE_ARGS(path));
	if (getcwd(here, sizeof(here)) == NULL)
		strcpy(here, ".");
	return mem_printf("%s/%.*s", here, SLICE_ARGS(path));
}

/* A file that somebody else put above our folders is not ours to obey. */
static bool
is_trusted(const char *path, const struct stat *file, const char *start)
{
	struct stat folder;

	if (file->st_uid == 0 || file->st_uid == geteuid() ||
	    (stat(start, &folder) == 0 && file->st_uid == folder.st_uid))
		return true;
	log_warn("conf", "ignored=%s owner=%ld why=\"not written by root, this account "
	    "or the owner of %s\"", path, (long)file->st_uid, start);
	return false;
}

/* The folder above, also of a path that ends in slashes. */
static char *
folder_above(const char *path)
{
	struct slice s = slice_str(path);
	char *plain, *folder;

	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	plain = mem_slicedup(s);
	folder = conf_path_folder(plain);
	free(plain);
	return folder;
}

/* .siogate/siogate.conf in a folder above start; NULL if there is none. */
static char *
find_above(const char *start)
{
	char *folder, *path, *up;
	struct stat st;

	if (start == NULL || *start != '/')
		return NULL;
	folder = folder_above(start);
	for (;;) {
		path = mem_printf("%s/.siogate/siogate.conf",
		    strcmp(folder, "/") == 0 ? "" : folder);
		if (stat(path, &st) == 0 && is_trusted(path, &st, start))
			break;
		free(path);
		path = NULL;
		if (strcmp(folder, "/") == 0)
			break;
		up = conf_path_folder(folder);
		free(folder);
		folder = up;
	}
	free(folder);
	return path;
}

static char *
find_in(const char *folder, const char *name)
{
	char *path;

	if (folder == NULL)
		return NULL;
	path = mem_printf("%s/%s", folder, name);
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

enum rc
conf_find_in(const struct conf_places *places, char **path_r)
{
	*path_r = NULL;
	if (places->named != NULL && *places->named != '\0')
		*path_r = conf_path_absolute(slice_str(places->named), NULL);
	if (*path_r == NULL)
		*path_r = find_above(places->document_root);
	if (*path_r == NULL)
		*path_r = find_above(places->context_root);
	if (*path_r == NULL)
		*path_r = find_above(places->program);
	if (*path_r == NULL)
		*path_r = find_in(places->home, ".siogate/siogate.conf");
	if (*path_r == NULL)
		*path_r = find_in(places->system, "siogate.conf");
	if (*path_r == NULL)
		*path_r = find_in(places->program, ".htsiogate.conf");
	return *path_r == NULL ? RC_NONE : RC_OK;
}
