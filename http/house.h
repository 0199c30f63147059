/*
 * house.h - all floors, opened from the ground up
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_HOUSE_H
#define HTTP_HOUSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"

struct conf;
struct engine;
struct gateway;
struct handlers;
struct store;

struct house {
	const char *door;               /* as it is called in the log */
	const char *path;               /* --config, or NULL */
	/* What the command line says, on top of the file; or NULL. */
	enum rc (*adjust)(struct conf *conf, void *arg, char **error_r);
	void *arg;
	bool loads_at_once;             /* handler modules, not with the first request */
	size_t max_parked;              /* what the descriptors allow; 0: no limit */
	struct conf *conf;
	struct store *store;            /* these three: NULL while broken */
	struct handlers *handlers;
	struct engine *engine;
	struct gateway *gateway;        /* of a broken house as well: it answers 503 */
	bool is_asleep;                 /* there is no gateway either */
	char *said;                     /* the reason that was logged last */
	char *document_root;            /* as the first request told; NULL: none yet */
};

/* Opens what can be opened.  Called again while it is broken, it tries again;
 * true: it works now. */
bool house_open(struct house *house);

/*
 * A process that stands about gives back what its store and engine take (most of its
 * memory): nobody may be served, waited for or owe an answer.  Nothing is lost, since
 * nothing is here only.  To be woken before the next request; configuration and
 * modules stay as they are.
 */
void house_sleep(struct house *house);
bool house_wake(struct house *house);

void house_close(struct house *house);

/* All the descriptors that this process may have; how many polls they are good
 * for (0: no limit). */
size_t house_descriptors(void);

/*
 * A FastCGI program learns its document root with its first request only: call
 * it then, before the request is served.  When the configuration or the store
 * can be downloaded from there the house is broken from now on.  Handler modules
 * are loaded then, too; one that cannot be loaded breaks the house as well.
 */
void house_place(struct house *house, const char *document_root);

#endif
