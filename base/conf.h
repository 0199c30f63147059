/*
 * conf.h - one table of options, one file that sets them
 *
 * Every option is a row of conf_options[] (base/conf_options.c): its name in
 * siogate.conf, its environment variable (SIOGATE_ and the name in capitals),
 * its default, its unit and one sentence.  --help, the sample file and the list
 * in the manual page are printed from the rows, so none can be forgotten.
 *
 * The file is UTF-8: `name = value` lines, comments from a `#` that begins a line
 * or follows a blank, values in double quotes where that hurts, and sections
 * `[kind words]` whose lines belong to the handlers floor (relay rules,
 * modules); this floor keeps them as text with their line numbers.  `~/` is the
 * account's home, a relative path is relative to the folder of the file.
 *
 * Nothing is guessed: an unknown name or word, a number without its unit, an
 * option that is set twice, a SIOGATE_ variable that is no option are refused.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/rc.h"
#include "base/slice.h"

struct buf;

/* Every option's value.  Durations in milliseconds, sizes in bytes. */
struct conf {
	/* where things are */
	char *store;                    /* directory of the store */
	char *client_dir;               /* folder with socket.io*.js bundles */
	char *client;                   /* file that the bare address serves */
	char *log;                      /* file; empty: stderr */
	char *log_level;
	int64_t log_max_size;
	/* the mount */
	char *resource;                 /* names, blanks between: "socket.io" */
	char *transports;               /* "polling jsonp websocket" */
	char *generations;              /* "eio4 ..." */
	char *streams;                  /* "auto", "on", "off" */
	int64_t stream_buffer, stream_time;
	char *origins;                  /* "self", "*", or a list of origins */
	bool cors_credentials;
	char *cookie;                   /* name of the session cookie; empty: none */
	bool compression;               /* gzip and deflate */
	int64_t compression_threshold;
	char *api;                      /* mount of the HTTP API; empty: none */
	char *status_key;               /* what ?key= shows details on the mount */
	char *trusted_proxies;          /* whose X-Forwarded-For is believed */
	/* Engine.IO and Socket.IO */
	int64_t ping_interval, ping_timeout, connect_timeout, poll_hold,
	    upgrade_timeout;
	int64_t max_payload;            /* bytes of a POST body, announced */
	int64_t max_packets;            /* per payload */
	int64_t max_attachments;        /* per packet */
	char *old_binary;               /* "base64", "refuse" */
	int64_t max_depth;              /* of JSON */
	int64_t recovery_window;        /* 0: no connection state recovery */
	int64_t max_replay;             /* records; beyond it: not recovered */
	/* the store */
	char *journal;                  /* "wal", "truncate" */
	char *synchronous;              /* "normal", "full" */
	int64_t store_max_size, log_retention, lock_wait, lock_give_up;
	/* overload */
	int64_t slots;                  /* polling sessions at once; 0: no limit */
	int64_t max_sessions, max_namespaces, max_rooms, max_event;
	int64_t max_timers, max_questions, max_name;
	int64_t max_inbox, max_inbox_size, max_tasks;
	/* handlers */
	char *module_dir;
	char *modules;                  /* names, blanks between */
	int64_t handler_time;
	/* the FastCGI door */
	char *listen;                   /* socket path or host:port; empty: fd 0 */
	int64_t max_parked;             /* held polls of one process */
	int64_t sleep_time;             /* without a request; 0: never */
	int64_t senders;                /* mod_fcgid: processes that take POSTs */
	/* the WebSocket door */
	char *ws_listen;                /* host:port */
	char *static_dir;               /* folder of files; empty: none */
	int64_t ws_head_time, ws_body_time, ws_idle_time, ws_write_time;
	int64_t ws_turn_sockets;        /* written to before others are looked at */
	int64_t ws_leave_rate;          /* a second; 0: all at once */
	int64_t ws_handover_time;       /* of those who stay with the old process */
	char *tls_certificate, *tls_key;
	char *flash_policy;             /* domain:ports ...; empty: none */
	char *flash_listen;             /* host:port ...; empty: none */
	int64_t flash_time;
	char *app;                      /* http://host:port; empty: none */
	int64_t app_time, app_connections;
	char *ws_versions;              /* "rfc6455 ..." */
	bool ws_compression;            /* permessage-deflate */
	int64_t ws_compression_threshold, ws_compression_window;
	int64_t ws_compression_memory;
	bool ws_compression_context;

	struct conf_section *sections;  /* in file order */
	struct conf_origin *origins_of; /* where each option's value came from */
	char *path;                     /* the file that was read, or NULL */
};

struct conf_line {
	char *name, *value;
	unsigned line;
	struct conf_line *next;
};
struct conf_section {
	char *kind;                     /* first word: "relay", "module" */
	char *words;                    /* the rest: "/chat room-*" */
	unsigned line;
	struct conf_line *lines;
	struct conf_section *next;
};

enum conf_type {
	CONF_TEXT,
	CONF_WORD,      /* one of words */
	CONF_WORDS,     /* one or more of words */
	CONF_PATH,      /* made absolute; empty stays empty */
	CONF_ADDRESS,   /* a path (there is a '/' in it) or host:port */
	CONF_FLAG,      /* on, off */
	CONF_COUNT,
	CONF_SIZE,      /* 100, 16k, 1m, 2g */
	CONF_TIME       /* 500ms, 25s, 2m, 1h, 7d */
};
struct conf_option {
	const char *name;
	enum conf_type type;
	size_t offset;                  /* in struct conf */
	const char *dflt;
	int64_t min, max;               /* of numbers, in ms or bytes */
	const char *words;              /* allowed words of a text, or NULL for any */
	const char *group;              /* heading in the sample file */
	const char *help;               /* sentences */
	/* What is wrong with a text, or NULL when nothing is. */
	const char *(*check)(struct slice value);
};
extern const struct conf_option conf_options[];
extern const size_t conf_options_count;

/*
 * Reads path (NULL: looks for it, see conf_find()), then the environment, then
 * fills in the places that were left to us, then looks whether they are safe.
 * RC_BAD_INPUT: error_r says file, line and reason in one sentence (yours, to
 * free).  *conf_r is there all the same: everything that could be read, and the
 * defaults of the rest, so that the reason can be logged where it should be.
 */
enum rc conf_load(const char *path, struct conf **conf_r, char **error_r);

/* Only defaults; the places (store, client_dir, module_dir) are still empty. */
struct conf *conf_new(void);
void         conf_free(struct conf **conf);

/* Reads text as if it stood in the file path (which is not touched).  The first
 * mistake is reported, the lines behind it are read all the same. */
enum rc conf_parse(struct conf *conf, struct slice text, const char *path,
    char **error_r);

/* Sets one option, as on a command line; paths are relative to the current
 * folder. */
enum rc conf_set(struct conf *conf, const char *name, const char *value,
    char **error_r);

/* The row of that name, or NULL. */
const struct conf_option *conf_option_find(struct slice name);

/*
 * Nobody may download what is secret: RC_BAD_STATE when the file, the store or
 * the log lies inside document_root and its own name does not begin with `.ht`
 * (which stock Apache never serves; it looks at the last name only, so the files
 * in such a store must begin with `.ht` too).  NULL or "": only looks for folders that
 * are document roots by their name, as public_html.  conf_load() has called it
 * with what CGI says; a FastCGI program learns its document root with its first
 * request, and calls it then.
 */
enum rc conf_check_place(const struct conf *conf, const char *document_root,
    char **error_r);

/*
 * Where the configuration is, without root and never below a document root:
 *   1. SIOGATE_CONF, whatever it names
 *   2. `.siogate/siogate.conf` in a folder above DOCUMENT_ROOT, then above
 *      CONTEXT_DOCUMENT_ROOT, then above the program's own folder, if root, this
 *      account or the owner of that folder wrote it
 *   3. `.siogate/siogate.conf` in the account's home
 *   4. /etc/siogate/siogate.conf
 *   5. `.htsiogate.conf` beside the program
 * RC_NONE: nowhere (defaults then rule).
 */
enum rc conf_find(char **path_r);

/* "default", "FILE:LINE" or "environment SIOGATE_X". */
const char *conf_origin(const struct conf *conf, const char *name);

/* An option's value as it would be written in the file. */
void conf_show(const struct conf *conf, const struct conf_option *o,
    struct buf *out);

/* Printed from the table. */
void conf_print_sample(struct buf *out);        /* siogate.conf */
void conf_print_help(struct buf *out);          /* --help */
void conf_print_mdoc(struct buf *out);          /* list in siogate.conf(5) */

/* "25s" to 25000; "16k" to 16384. */
enum rc conf_parse_time(struct slice s, int64_t *ms_r);
enum rc conf_parse_size(struct slice s, int64_t *bytes_r);

#endif
