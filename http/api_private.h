/*
 * api_private.h - what the api_*.c files share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_API_PRIVATE_H
#define HTTP_API_PRIVATE_H

#include "base/mem.h"
#include "http/api.h"
#include "http/gateway_private.h"
#include "session/app.h"

struct conf_section;

/* A section [api NAME]. */
struct api_token {
	const char *name;
	char *token, *secret;           /* at least one */
	const char *rights, *nsp;
	struct peers addresses;
	bool has_addresses;
	struct api_token *next;
};

enum { GUESSERS = 256 };
/* Whoever brought wrong tokens lately, by the hash of its address. */
struct guesser {
	uint64_t address;
	int64_t since;                  /* boot ms */
	unsigned n;
};

struct api {
	const struct conf *conf;
	struct store *store;
	struct api_token *tokens;
	struct guesser guessers[GUESSERS];
	unsigned char key[16];          /* of these hashes */
};

/* A request being served. */
struct api_call {
	struct api *api;
	struct http_private *own;
	const struct api_token *token;
	const struct api_verb *verb;
	struct slice named;             /* the verb, as the address says it */
	struct arena arena;
	struct slice body, nsp;
	struct effects effects;
	struct outside outside;
	int64_t sockets;                /* how many are meant */
	bool is_out;                    /* the engine has it */
};

struct api_verb {
	const char *name, *right;
	/* Fills in effects and hands them on, or answers at once. */
	void (*serve)(struct api_call *call);
	void (*answer)(struct api_call *call, struct buf *out);
	enum effect_kind effect;        /* of those that change something, but batch */
};

/* ---- api.c ---- */
/* {"error": code, "text": sentence}; the call is over. */
void api_refuse(struct api_call *call, int status, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void api_send(struct api_call *call, struct buf *body);

/* ---- api_token.c ---- */
enum rc api_tokens_read(const struct conf *conf, struct api_token **tokens_r,
    char **error_r);
void api_tokens_free(struct api_token *tokens);
bool api_token_may(const struct api_token *token, const char *right);
/* Whose request it is; NULL: it was refused. */
const struct api_token *api_admit(struct api_call *call);

/* ---- api_verb.c ---- */
/* Members of the body: text (absent: none), a number that is not negative, `limit`. */
struct slice api_text(struct api_call *call, const char *name);
int64_t api_number(const struct api_call *call, const char *name, int64_t dflt);
size_t api_limit(const struct api_call *call);
/* The body again, as an effect: one member renamed, those of `without` left out. */
struct slice api_body(struct api_call *call, const char *from, const char *to,
    const char *without);
/* Reads effects; false: it was refused. */
bool api_effects(struct api_call *call, struct slice json);
/* Hands them on; wait: for acks. */
void api_go(struct api_call *call, bool wait);

/* ---- api_user.c: who may do what, who is there ---- */
void acl_serve(struct api_call *call);
void acl_answer(struct api_call *call, struct buf *out);
void presence_serve(struct api_call *call);
void seen_serve(struct api_call *call);
void cursor_serve(struct api_call *call);
void questions_serve(struct api_call *call);

const struct api_verb *api_verb_find(struct slice name);
/* "emit, call, ..." */
const char *api_verb_names(struct arena *arena);

#endif
