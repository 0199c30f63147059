/*
 * acl.c - access lists from the shell: look at them, change them
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/json.h"
#include "base/log.h"
#include "ctl/command.h"
#include "handlers/acl.h"
#include "handlers/selector.h"
#include "session/engine.h"
#include "store/store.h"

struct walk {
	struct ctl *ctl;
	struct buf out;
	struct slice last;
	size_t n, page;
};

enum { PAGE = 500 };

/* "user:anna", as it is said to this command. */
static void
target_write(struct buf *out, enum channel_kind kind, struct slice name)
{
	if (kind == CHANNEL_NSP) {
		buf_str(out, "nsp");
		return;
	}
	buf_str(out, kind == CHANNEL_USER ? "user:" : "id:");
	selector_quote(out, name);
}

static void
names_write(struct buf *out, struct slice names)
{
	const char *between = "";
	struct slice name;

	while (pack_next(&names, &name)) {
		buf_str(out, between);
		buf_add(out, name);
		between = " ";
	}
	buf_str(out, *between == '\0' ? "(nothing)" : "");
}

static void
row_write(struct walk *walk, const struct acl_row *row, enum channel_kind kind,
    struct slice name)
{
	struct buf *out = &walk->out, target = BUF_INIT;
	time_t at = (time_t)(row->wall / 1000);
	char when[32];

	target_write(&target, kind, name);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&at));
	if (walk->ctl->json) {
		buf_str(out, walk->n > 0 ? ",{\"of\":" : "{\"of\":");
		json_quote(out, buf_slice(&target));
		buf_str(out, ",\"names\":");
		acl_names_write(out, row->names);
		buf_printf(out, ",\"at\":%" PRId64 ",\"by\":", row->wall);
		json_quote(out, row->by);
		buf_char(out, '}');
	} else {
		buf_printf(out, "%s%.*s: ", walk->n > 0 ? "\n" : "",
		    SLICE_ARGS(buf_slice(&target)));
		names_write(out, row->names);
		buf_printf(out, "  (%s, %.*s)", when, SLICE_ARGS(row->by));
	}
	walk->n++;
	buf_free(&target);
}

/* Those of the command's namespace. */
static void
visit(void *arg, const struct acl_row *row)
{
	struct walk *walk = arg;
	enum channel_kind kind;
	struct slice nsp, name;

	walk->last = row->key;
	walk->page++;
	if ((int64_t)walk->n < walk->ctl->limit &&
	    channel_split(row->key, &kind, &nsp, &name) && slice_eq(nsp, walk->ctl->nsp))
		row_write(walk, row, kind, name);
}

static int
list_all(struct ctl *ctl)
{
	struct walk walk = { .ctl = ctl };
	enum rc rc;

	buf_str(&walk.out, ctl->json ? "[" : "");
	do {
		walk.page = 0;
		rc = store_acls(ctl->store, walk.last, PAGE, &ctl->arena, visit, &walk);
	} while (rc == RC_OK && walk.page == PAGE && (int64_t)walk.n < ctl->limit);
	if (rc != RC_OK)
		return ctl_fail(EXIT_FAILED, "%s: %s", rc_name(rc), store_error(ctl->store));
	if (ctl->json)
		buf_char(&walk.out, ']');
	else if (walk.n == 0)
		buf_str(&walk.out, "no access lists: the configuration decides");
	ctl_print(&walk.out);
	buf_free(&walk.out);
	return walk.n == 0 ? EXIT_NOBODY : EXIT_DONE;
}

/* The words of the verb; false: it is none. */
static bool
verb_read(const char *word, struct effect *f, bool *has_names_r)
{
	*has_names_r = strcmp(word, "forget") != 0;
	if (strcmp(word, "set") == 0 || !*has_names_r)
		f->verb = ACL_SET;
	else if (strcmp(word, "add") == 0)
		f->verb = ACL_ADD;
	else if (strcmp(word, "remove") == 0)
		f->verb = ACL_REMOVE;
	else
		return false;
	return true;
}

static struct slice
names_of(struct ctl *ctl)
{
	struct buf packed = BUF_INIT;
	struct slice names;
	int i;

	for (i = 2; i < ctl->argc; i++)
		pack_add(&packed, slice_str(ctl->argv[i]));
	names = packed.n == 0 ? SLICE("") : arena_dup(&ctl->arena, buf_slice(&packed));
	buf_free(&packed);
	return names;
}

/* Who changed what belongs where the gateway writes, if it has written there: a log
 * that we made, or moved, would be ours and not its. */
static void
log_where_the_gateway_does(const struct conf *conf)
{
	const char *path = conf->log;

	if (*path != '\0' && access(path, F_OK) == 0 &&
	    log_open(LOG_LEVEL_WARN, path, 0) != RC_OK)
		log_warn("ctl", "%s cannot be written: the change is told here", path);
}

static int
change(struct ctl *ctl, struct effects *effects)
{
	int64_t seq, question;
	enum rc rc;

	log_where_the_gateway_does(ctl->conf);
	rc = engine_apply(ctl->engine, ctl->nsp, effects, false, &seq, &question);
	switch (rc) {
	case RC_OK:
		return list_all(ctl) == EXIT_FAILED ? EXIT_FAILED : EXIT_DONE;
	case RC_NONE:
		return ctl_fail(EXIT_NOBODY, "%s: there is no such socket", ctl->argv[0]);
	case RC_TOO_BIG:
		return ctl_fail(EXIT_FAILED, "refused: a list has %d names at most",
		    ACL_NAMES_MAX);
	default:
		return ctl_fail(EXIT_FAILED, "%s: %s", rc_name(rc), store_error(ctl->store));
	}
}

int
command_acl(struct ctl *ctl)
{
	struct effects effects = { NULL, NULL, 0 };
	struct effect *f;
	bool has_names;

	if (ctl->argc == 0)
		return list_all(ctl);
	f = effects_add(&effects, &ctl->arena, EFFECT_ACL);
	if (acl_target(&ctl->arena, slice_str(ctl->argv[0]), f) != RC_OK || f->self)
		return ctl_fail(EXIT_WRONG_USAGE, "'%s': whose list? nsp, user:NAME or id:ID",
		    ctl->argv[0]);
	if (ctl->argc == 1 || !verb_read(ctl->argv[1], f, &has_names))
		return ctl_fail(EXIT_WRONG_USAGE, "what shall become of the list? set, add or "
		    "remove with names, or forget");
	if (!has_names && ctl->argc > 2)
		return ctl_fail(EXIT_WRONG_USAGE, "forget takes no names");
	if (has_names)
		f->data = names_of(ctl);
	f->context = arena_printf(&ctl->arena, "siogate, account %u", (unsigned)getuid());
	return change(ctl, &effects);
}
