/*
 * base_place_test.c - the configuration is found, and nobody can download it
 *
 * A site is built in a temporary folder: HOME/public_html is the document root.
 * The search is also asked with places of our own, since the account's real home
 * and /etc are not ours to write.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/conf_private.h"
#include "base/mem.h"
#include "tests/t.h"

static char top[64];
static char *error;
static struct conf *conf;

/* A path below the temporary folder, in a ring of buffers. */
static const char *
at(const char *rest)
{
	static char paths[8][256];
	static unsigned n;
	char *path = paths[n++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", top, rest);
	return path;
}

static void
put(const char *rest, const char *text)
{
	char *path = mem_strdup(at(rest)), *slash;
	FILE *f;

	for (slash = path + strlen(top) + 1; (slash = strchr(slash, '/')) != NULL;
	    slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	free(path);
}

static void
forget(const char *rest)
{
	unlink(at(rest));
}

static void
done(void)
{
	conf_free(&conf);
	free(error);
	error = NULL;
	unsetenv("SIOGATE_CONF");
	unsetenv("SIOGATE_SLOTS");
	unsetenv("SIOGATE_STORE");
	unsetenv("SIOGATE_SLOT");
	unsetenv("SIOGATE_TEST_X");
	unsetenv("SIOGATE_BUILD");
	unsetenv("DOCUMENT_ROOT");
	unsetenv("CONTEXT_DOCUMENT_ROOT");
}

static void
the_file_above_the_document_root_is_found(void)
{
	char *path;

	put("home/.siogate/siogate.conf", "slots = 7\n");
	setenv("DOCUMENT_ROOT", at("home/public_html"), 1);
	T_EQ(conf_find(&path), RC_OK);
	T_STR(path, at("home/.siogate/siogate.conf"));
	free(path);
	setenv("DOCUMENT_ROOT", at("home/public_html/deeper/still"), 1);
	T_EQ(conf_find(&path), RC_OK);
	T_STR(path, at("home/.siogate/siogate.conf"));
	free(path);
	put("home/public_html/.siogate/siogate.conf", "");
	setenv("DOCUMENT_ROOT", at("home/public_html//"), 1);
	T_EQ(conf_find(&path), RC_OK);
	T_STR(path, at("home/.siogate/siogate.conf"));
	free(path);
	forget("home/public_html/.siogate/siogate.conf");
	unsetenv("DOCUMENT_ROOT");
	setenv("CONTEXT_DOCUMENT_ROOT", at("home/public_html"), 1);
	T_EQ(conf_find(&path), RC_OK);
	T_STR(path, at("home/.siogate/siogate.conf"));
	free(path);
	forget("home/.siogate/siogate.conf");
	done();
}

static void
a_named_file_comes_before_all_others(void)
{
	put("home/.siogate/siogate.conf", "slots = 7\n");
	put("other.conf", "slots = 8\n");
	setenv("DOCUMENT_ROOT", at("home/public_html"), 1);
	setenv("SIOGATE_CONF", at("other.conf"), 1);
	T_EQ(conf_load(NULL, &conf, &error), RC_OK);
	T_EQ(conf->slots, 8);
	conf_free(&conf);
	T_EQ(conf_load(at("home/.siogate/siogate.conf"), &conf, &error), RC_OK);
	T_EQ(conf->slots, 7);
	T_STR(conf->path, at("home/.siogate/siogate.conf"));
	forget("home/.siogate/siogate.conf");
	forget("other.conf");
	done();
}

static void
home_system_and_hidden_file_are_asked_in_this_order(void)
{
	struct conf_places places = { NULL, NULL, NULL, NULL, NULL, NULL };
	char *program = mem_strdup(at("web/public_html"));
	char *home = mem_strdup(at("account")), *etc = mem_strdup(at("etc"));
	char *path;

	places.program = program;
	places.home = home;
	places.system = etc;
	T_EQ(conf_find_in(&places, &path), RC_NONE);
	T_OK(path == NULL);
	put("web/public_html/.htsiogate.conf", "");
	T_EQ(conf_find_in(&places, &path), RC_OK);
	T_STR(path, at("web/public_html/.htsiogate.conf"));
	free(path);
	put("etc/siogate.conf", "");
	T_EQ(conf_find_in(&places, &path), RC_OK);
	T_STR(path, at("etc/siogate.conf"));
	free(path);
	put("account/.siogate/siogate.conf", "");
	T_EQ(conf_find_in(&places, &path), RC_OK);
	T_STR(path, at("account/.siogate/siogate.conf"));
	free(path);
	put("web/.siogate/siogate.conf", "");
	T_EQ(conf_find_in(&places, &path), RC_OK);
	T_STR(path, at("web/.siogate/siogate.conf"));
	free(path);
	forget("web/.siogate/siogate.conf");
	forget("account/.siogate/siogate.conf");
	forget("etc/siogate.conf");
	forget("web/public_html/.htsiogate.conf");
	free(program);
	free(home);
	free(etc);
}

static void
a_file_of_a_stranger_above_is_not_obeyed(void)
{
	struct conf_places places = { NULL, NULL, NULL, NULL, NULL, NULL };
	char *root = mem_strdup(at("home/public_html")), *path;

	if (geteuid() != 0)
		T_SKIP("only root can give files away");
	put("home/.siogate/siogate.conf", "");
	put("home/public_html/index.html", "");
	T_EQ(chown(at("home/.siogate/siogate.conf"), 4711, 4711), 0);
	places.document_root = root;
	T_EQ(conf_find_in(&places, &path), RC_NONE);
	T_EQ(chown(root, 4711, 4711), 0);
	T_EQ(conf_find_in(&places, &path), RC_OK);
	free(path);
	T_EQ(chown(root, 0, 0), 0);
	forget("home/.siogate/siogate.conf");
	forget("home/public_html/index.html");
	free(root);
}

static void
the_store_lies_beside_the_file_unless_it_says_otherwise(void)
{
	static const char *const rows[][2] = {
		{ "home/.siogate/siogate.conf", "home/.siogate" },
		{ "site/siogate.conf", "site/.siogate" },
		{ "etc/siogate.conf", NULL },
		{ "web/.htsiogate.conf", "account/.siogate" },
		{ "home/public_html/socket.io/.htsiogate.conf", "home/.siogate" },
		{ "gone/public_html/.htsiogate.conf", "account/.siogate" },
		{ NULL, "account/.siogate" },
	};
	struct conf_places places = { NULL, NULL, NULL, NULL, NULL, NULL };
	char *home = mem_strdup(at("account")), *etc = mem_strdup(at("etc"));
	size_t i;

	put("home/public_html/index.html", "");
	places.home = home;
	places.system = etc;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		conf = conf_new();
		conf->path = rows[i][0] == NULL ? NULL : mem_strdup(at(rows[i][0]));
		T_EQ(conf_fill_places(conf, &places, &error), RC_OK);
		T_STR(conf->store, rows[i][1] == NULL ? "/var/lib/siogate" : at(rows[i][1]));
		T_OK(strstr(conf->client_dir, "/client") != NULL);
		T_OK(*conf->module_dir == '/');
		conf_free(&conf);
	}
	forget("home/public_html/index.html");
	places.home = NULL;
	conf = conf_new();
	T_EQ(conf_fill_places(conf, &places, &error), RC_BAD_INPUT);
	T_OK(strstr(error, "set store") != NULL);
	free(home);
	free(etc);
	done();
}

static void
the_bundles_beside_the_program_are_preferred(void)
{
	struct conf_places places = { NULL, NULL, NULL, NULL, NULL, NULL };
	char *program = mem_strdup(at("bundle"));

	put("bundle/client/socket.io.js", "");
	places.program = places.home = program;
	conf = conf_new();
	T_EQ(conf_fill_places(conf, &places, &error), RC_OK);
	T_STR(conf->client_dir, at("bundle/client"));
	forget("bundle/client/socket.io.js");
	free(program);
	done();
}

static enum rc
place(const char *option, const char *rest, const char *root)
{
	enum rc rc;

	done();
	conf = conf_new();
	if (strcmp(option, "file") == 0)
		conf->path = mem_strdup(at(rest));
	else if (conf_set(conf, option, at(rest), &error) != RC_OK)
		return RC_IO;
	rc = conf_check_place(conf, root, &error);
	return rc;
}

static void
what_lies_in_the_document_root_is_refused(void)
{
	char *root = mem_strdup(at("www/html"));

	put("www/html/index.html", "");
	T_EQ(place("store", "www/html/data", root), RC_BAD_STATE);
	T_OK(strstr(error, "everybody may download it") != NULL);
	T_EQ(place("store", "www/html", root), RC_BAD_STATE);
	T_EQ(place("store", "www/html/.siogate/", root), RC_BAD_STATE);
	T_EQ(place("store", "www/html/a/../b/c", root), RC_BAD_STATE);
	T_EQ(place("file", "www/html/siogate.conf", root), RC_BAD_STATE);
	T_EQ(place("file", "www/html/.siogate/siogate.conf", root), RC_BAD_STATE);
	T_EQ(place("log", "www/html/x.log", root), RC_BAD_STATE);
	T_EQ(place("store", "www/.siogate", root), RC_OK);
	T_EQ(place("store", "www/html2", root), RC_OK);
	T_EQ(place("store", "www/html/data", NULL), RC_OK);
	T_EQ(place("store", "www/html/data", ""), RC_OK);
	T_EQ(place("store", "www/html/data", "/"), RC_OK);
	forget("www/html/index.html");
	free(root);
	done();
}

static void
names_that_begin_with_ht_may_stay(void)
{
	char *root = mem_strdup(at("www/html"));

	T_EQ(place("file", "www/html/.htsiogate.conf", root), RC_OK);
	T_EQ(place("store", "www/html/.htstore", root), RC_OK);
	T_EQ(place("store", "www/html/.htstore/", root), RC_OK);
	T_EQ(place("file", "www/html/.ht/siogate.conf", root), RC_BAD_STATE);
	free(root);
	done();
}

static void
a_document_root_is_seen_through_links_and_by_its_name(void)
{
	char *root = mem_strdup(at("link"));

	put("www/html/index.html", "");
	T_EQ(symlink(at("www/html"), root), 0);
	T_EQ(place("store", "www/html/data", root), RC_BAD_STATE);
	T_EQ(place("store", "link/data", at("www/html")), RC_BAD_STATE);
	T_EQ(place("store", "home/public_html/sub/.siogate", NULL), RC_BAD_STATE);
	T_EQ(place("store", "home/public_htm/.siogate", NULL), RC_OK);
	forget("link");
	forget("www/html/index.html");
	free(root);
	done();
}

static void
loading_refuses_a_store_in_the_document_root_of_cgi(void)
{
	put("www/.siogate/siogate.conf", "store = ../html/data\nlog_level = info\n");
	put("www/html/index.html", "");
	T_EQ(conf_load(at("www/.siogate/siogate.conf"), &conf, &error), RC_OK);
	conf_free(&conf);
	setenv("DOCUMENT_ROOT", at("www/html"), 1);
	T_EQ(conf_load(NULL, &conf, &error), RC_BAD_INPUT);
	T_OK(strstr(error, "html/data lies inside the document root") != NULL);
	T_STR(conf->log_level, "info");
	forget("www/.siogate/siogate.conf");
	forget("www/html/index.html");
	done();
}

static void
the_environment_overrides_the_file(void)
{
	put("x/siogate.conf", "slots = 7\n");
	setenv("SIOGATE_SLOTS", "9", 1);
	setenv("SIOGATE_STORE", "/srv/x", 1);
	T_EQ(conf_load(at("x/siogate.conf"), &conf, &error), RC_OK);
	T_EQ(conf->slots, 9);
	T_STR(conf->store, "/srv/x");
	T_STR(conf_origin(conf, "slots"), "environment SIOGATE_SLOTS");
	conf_free(&conf);
	setenv("SIOGATE_SLOTS", "nine", 1);
	T_EQ(conf_load(at("x/siogate.conf"), &conf, &error), RC_BAD_INPUT);
	T_OK(strstr(error, "environment SIOGATE_SLOTS: slots cannot be \"nine\"") != NULL);
	T_EQ(conf->slots, 7);
	forget("x/siogate.conf");
	done();
}

static void
a_variable_that_is_no_option_is_refused(void)
{
	put("x/siogate.conf", "");
	setenv("SIOGATE_TEST_X", "9", 1);
	setenv("SIOGATE_BUILD", "/x", 1);
	T_EQ(conf_load(at("x/siogate.conf"), &conf, &error), RC_OK);
	conf_free(&conf);
	setenv("SIOGATE_SLOT", "9", 1);
	T_EQ(conf_load(at("x/siogate.conf"), &conf, &error), RC_BAD_INPUT);
	T_STR(error, "environment SIOGATE_SLOT: there is no option slot; did you mean "
	    "slots?");
	forget("x/siogate.conf");
	done();
}

static void
a_file_that_cannot_be_read_is_named_and_defaults_rule(void)
{
	T_EQ(conf_load(at("nothing/here.conf"), &conf, &error), RC_BAD_INPUT);
	T_OK(strstr(error, "nothing/here.conf: No such file") != NULL);
	T_EQ(conf->ping_interval, 25000);
	T_OK(*conf->store == '/');
	conf_free(&conf);
	free(error);
	T_EQ(conf_load(top, &conf, &error), RC_BAD_INPUT);
	T_OK(strstr(error, "directory") != NULL);
	done();
}

static void
options_that_contradict_each_other_are_refused(void)
{
	put("x/siogate.conf", "log_retention = 30s\n");
	T_EQ(conf_load(at("x/siogate.conf"), &conf, &error), RC_BAD_INPUT);
	T_OK(strstr(error, "siogate.conf:1") != NULL && strstr(error, "ping_interval") != NULL);
	forget("x/siogate.conf");
	done();
}

static void
remove_folders(void)
{
	char *command = mem_printf("rm -rf '%s'", top);

	if (system(command) != 0)
		printf("# %s is left\n", top);
	free(command);
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(top, sizeof(top), "%.40s/siogate.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(top) == NULL)
		return 1;
	done();
	T_RUN(the_file_above_the_document_root_is_found);
	T_RUN(a_named_file_comes_before_all_others);
	T_RUN(home_system_and_hidden_file_are_asked_in_this_order);
	T_RUN(a_file_of_a_stranger_above_is_not_obeyed);
	T_RUN(the_store_lies_beside_the_file_unless_it_says_otherwise);
	T_RUN(the_bundles_beside_the_program_are_preferred);
	T_RUN(what_lies_in_the_document_root_is_refused);
	T_RUN(names_that_begin_with_ht_may_stay);
	T_RUN(a_document_root_is_seen_through_links_and_by_its_name);
	T_RUN(loading_refuses_a_store_in_the_document_root_of_cgi);
	T_RUN(the_environment_overrides_the_file);
	T_RUN(a_variable_that_is_no_option_is_refused);
	T_RUN(a_file_that_cannot_be_read_is_named_and_defaults_rule);
	T_RUN(options_that_contradict_each_other_are_refused);
	remove_folders();
	return t_end();
}
