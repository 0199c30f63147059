/*
 * modules.c - finds modules at the start, loads them at the first call
 *
 * A spawner starts processes that never get a request; what they do not need is
 * not loaded for them.  But a name that leads nowhere is told at the start.
 *
 * A module built for another siogate is refused by its numbers before any of its
 * tables is looked at.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>
#ifndef STATIC_ONLY
#include <dlfcn.h>
#endif

#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "handlers/modules.h"

struct module {
	char *name, *path;              /* path NULL: compiled in */
	void *handle;
	const struct sio_module *first; /* NULL: not loaded yet */
};

struct modules {
	struct module *list;
	size_t n, loaded;
};

static bool
next_word(struct slice *rest, struct slice *word_r)
{
	while (slice_cut(rest, ' ', word_r)) {
		*word_r = slice_trim(*word_r);
		if (word_r->n > 0)
			return true;
	}
	return false;
}

static const struct sio_module *
builtin_find(const char *name)
{
	size_t i;

	for (i = 0; i < builtin_modules_count; i++)
		if (strcmp(builtin_modules[i].name, name) == 0)
			return builtin_modules[i].module;
	return NULL;
}

#ifndef STATIC_ONLY
/* As installed, or as the build leaves it (so that it runs without installing). */
static char *
file_find(const char *dir, const char *name)
{
	char *path;

	path = mem_printf("%s/%s.so", dir, name);
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	path = mem_printf("%s/%s/.libs/%s.so", dir, name, name);
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}
#endif

static enum rc
module_find(const struct conf *conf, struct module *m, char **error_r)
{
	if (strchr(m->name, '/') != NULL) {
		*error_r = mem_printf("%s: a module's name is no path: '%s' (the folder "
		    "is option module_dir)", conf_origin(conf, "modules"), m->name);
		return RC_BAD_INPUT;
	}
	if ((m->first = builtin_find(m->name)) != NULL)
		return RC_OK;
#ifdef STATIC_ONLY
	*error_r = mem_printf("%s: module '%s' is not compiled in, and this program "
	    "cannot load one", conf_origin(conf, "modules"), m->name);
	return RC_BAD_INPUT;
#else
	m->path = file_find(conf->module_dir, m->name);
	if (m->path == NULL) {
		*error_r = mem_printf("%s: there is no module '%s': %s/%s.so cannot be "
		    "read", conf_origin(conf, "modules"), m->name, conf->module_dir,
		    m->name);
		return RC_BAD_INPUT;
	}
	return RC_OK;
#endif
}

enum rc
modules_new(const struct conf *conf, struct modules **modules_r, char **error_r)
{
	struct modules *modules = mem_alloc(sizeof(*modules));
	struct slice rest = slice_str(conf->modules), name;
	struct module *m;
	enum rc rc = RC_OK;

	*modules_r = NULL;
	while (rc == RC_OK && next_word(&rest, &name)) {
		modules->list = mem_resize(modules->list,
		    (modules->n + 1) * sizeof(*modules->list));
		m = &modules->list[modules->n++];
		*m = (struct module){ .name = mem_slicedup(name) };
		rc = module_find(conf, m, error_r);
	}
	if (rc == RC_OK) {
		*modules_r = modules;
		modules = NULL;
	}
	modules_free(&modules);
	return rc;
}

void
modules_free(struct modules **modules)
{
	struct module *m;
	size_t i;

	if (*modules == NULL)
		return;
	for (i = 0; i < (*modules)->n; i++) {
		m = &(*modules)->list[i];
#ifndef STATIC_ONLY
		if (m->handle != NULL)
			dlclose(m->handle);
#endif
		free(m->name);
		free(m->path);
	}
	free((*modules)->list);
	free(*modules);
	*modules = NULL;
}

/* ---- loading ------------------------------------------------------------------ */

#ifndef STATIC_ONLY
static const char *
namespace_fault(const struct sio_module *at)
{
	if (at->nsp == NULL || (at->nsp[0] != '/' && strcmp(at->nsp, "*") != 0))
		return "a namespace must begin with '/' or be '*'";
	if (at->name == NULL)
		return "it has no name";
	return NULL;
}

/* NULL, or why not; yours. */
static char *
module_fault(const struct sio_module *at)
{
	const char *fault;

	for (; at != NULL; at = at->next) {
		if (at->abi != SIOGATE_ABI || at->size != sizeof(*at))
			return mem_printf("it was built for another siogate (ABI %u, size "
			    "%zu; this one has ABI %u, size %zu): build it again",
			    at->abi, at->size, SIOGATE_ABI, sizeof(*at));
		if ((fault = namespace_fault(at)) != NULL)
			return mem_strdup(fault);
	}
	return NULL;
}

static enum rc
module_load(struct module *m, char **error_r)
{
	const struct sio_module *first;
	void *handle;
	char *fault;

	if ((handle = dlopen(m->path, RTLD_NOW | RTLD_LOCAL)) == NULL) {
		*error_r = mem_printf("module '%s' cannot be loaded: %s", m->name,
		    dlerror());
		return RC_BAD_INPUT;
	}
	if ((first = dlsym(handle, "siogate_module")) == NULL)
		fault = mem_strdup("it has no symbol siogate_module (is SIOGATE_MODULE "
		    "in it?)");
	else
		fault = module_fault(first);
	if (fault != NULL) {
		*error_r = mem_printf("module '%s' (%s): %s", m->name, m->path, fault);
		free(fault);
		dlclose(handle);
		return RC_BAD_INPUT;
	}
	m->handle = handle;
	m->first = first;
	log_info("handlers", "module=%s path=%s loaded", m->name, m->path);
	return RC_OK;
}
#else
static enum rc
module_load(struct module *m, char **error_r)
{
	(void)m;
	*error_r = NULL;
	return RC_BAD_STATE;            /* modules_new() let none of these in */
}
#endif

enum rc
modules_load(struct modules *modules, char **error_r)
{
	enum rc rc = RC_OK;
	struct module *m;
	size_t i;

	for (i = 0; rc == RC_OK && modules->loaded < modules->n && i < modules->n; i++) {
		m = &modules->list[i];
		if (m->first == NULL)
			rc = module_load(m, error_r);
	}
	if (rc == RC_OK)
		modules->loaded = modules->n;
	return rc;
}

const struct sio_module *
modules_next(const struct modules *modules, size_t *i, const struct sio_module *at)
{
	if (at != NULL && at->next != NULL)
		return at->next;
	for (*i += at != NULL; *i < modules->n; (*i)++)
		if (modules->list[*i].first != NULL)
			return modules->list[*i].first;
	return NULL;
}
