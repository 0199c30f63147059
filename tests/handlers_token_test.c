/*
 * handlers_token_test.c - who a client is, by a signed token
 *
 * The vector of HS256 is that of RFC 7515 appendix A.1; those of RS256 and ES256
 * were signed by the openssl command with the keys beside them.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "handlers/jwt.h"
#include "handlers/token.h"
#include "tests/handlers_fake.h"
#include "tests/t.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define RULE "[token /chat]\nsecret = " SECRET "\n"

static struct arena arena = ARENA_INIT;
static struct clock_fake clock_fake;
static struct conf *conf;
static struct tokens *tokens;
static struct effects effects;
static struct app_call call;
static struct slice user;
static char *error;

static enum rc
load(const char *text)
{
	fake_reset();
	arena_reset(&arena);
	clock_fake_init(&clock_fake);
	tokens_free(&tokens);
	conf_free(&conf);
	free(error);
	error = NULL;
	conf = conf_new();
	if (conf_parse(conf, slice_str(text), "site.conf", &error) != RC_OK)
		T_FAIL("the configuration cannot be read: %s", error);
	effects = (struct effects){ NULL, NULL, 0 };
	call = (struct app_call){ .kind = APP_CONNECT, .store = &fake.store,
	    .arena = &arena, .nsp = SLICE("/chat"), .id = SLICE("own") };
	return tokens_new(conf, &clock_fake.clock, &tokens, &error);
}

static void
must_load(const char *text)
{
	if (load(text) != RC_OK)
		T_FAIL("%s", error);
}

static void
add_part(struct buf *out, struct slice text)
{
	struct buf b64 = BUF_INIT;
	size_t i;

	base64_encode(&b64, text);
	for (i = 0; i < b64.n && b64.p[i] != '='; i++)
		buf_char(out, b64.p[i] == '+' ? '-' : b64.p[i] == '/' ? '_' : b64.p[i]);
	buf_free(&b64);
}

/* An HS256 token, in the arena. */
static struct slice
make(const char *header, const char *claims)
{
	unsigned char mac[CRYPTO_MAC_SIZE];
	struct buf out = BUF_INIT;
	struct slice token;

	add_part(&out, slice_str(header));
	buf_char(&out, '.');
	add_part(&out, slice_str(claims));
	T_EQ(crypto_hmac_sha256(SLICE(SECRET), buf_slice(&out), mac), RC_OK);
	buf_char(&out, '.');
	add_part(&out, slice_of((char *)mac, sizeof(mac)));
	token = arena_dup(&arena, buf_slice(&out));
	buf_free(&out);
	return token;
}

static struct slice
make_claims(const char *claims)
{
	return make("{\"alg\":\"HS256\"}", claims);
}

/* Connects with auth.token; the code of the refusal, or "". */
static const char *
admit(struct slice token)
{
	struct slice code;

	call.auth = arena_printf(&arena, "{\"token\":\"%.*s\"}", SLICE_ARGS(token));
	effects = (struct effects){ NULL, NULL, 0 };
	if (tokens_admit(tokens, &call, &effects, &user) == RC_OK)
		return "";
	T_EQ(effects.last->kind, EFFECT_REFUSE);
	T_SLICE(effects.last->name, "token refused");
	code = json_member(effects.last->data, "code");
	return arena_str(&arena, slice_of(code.p + 1, code.n - 2));
}

static struct slice
read_vector(const char *name)
{
	char path[400], text[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), VECTORS "/token/%s", name);
	if ((f = fopen(path, "r")) == NULL)
		T_FAIL("%s cannot be read", path);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	return arena_dup(&arena, slice_of(text, n - 1));
}

static void
the_vector_of_the_rfc_verifies(void)
{
	static const char key64[] = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0g"
	    "ZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
	static const char token[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiO"
	    "iJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb2"
	    "90Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	struct buf key = BUF_INIT;
	struct jwt_key keys[1];
	struct jwt_rule rule = { .keys = keys, .n_keys = 1, .issuer = "joe" };
	struct slice claims;
	enum jwt_fault fault;

	T_EQ(base64_decode(&key, slice_str(key64)), RC_OK);
	keys[0] = (struct jwt_key){ .secret = buf_slice(&key) };
	T_EQ(jwt_verify(&rule, slice_str(token), 1300819379000, &arena, &claims, &fault),
	    RC_OK);
	T_SLICE(json_member(claims, "iss"), "\"joe\"");
	T_EQ(jwt_verify(&rule, slice_str(token), 1300819380000, &arena, &claims, &fault),
	    RC_BAD_INPUT);
	T_EQ(fault, JWT_EXPIRED);
	buf_free(&key);
}

static void
a_good_token_names_the_user(void)
{
	must_load(RULE);
	T_STR(admit(make_claims("{\"sub\":\"anna\",\"exp\":1600000100}")), "");
	T_SLICE(user, "anna");
	T_EQ(effects.first->kind, EFFECT_USER);
	T_SLICE(effects.first->name, "anna");
	T_STR(admit(make_claims("{\"sub\":4711,\"exp\":1.6000001e9}")), "");
	T_SLICE(user, "4711");
}

static void
other_namespaces_are_none_of_its_business(void)
{
	must_load(RULE);
	call.nsp = SLICE("/news");
	T_STR(admit(SLICE("nonsense")), "");
	T_OK(user.p == NULL);
	T_EQ(effects.n, 0);
}

static void
signatures_of_rsa_and_ec_keys_verify(void)
{
	must_load("[token *]\nkey_file = " VECTORS "/token/rsa.pub.pem\n"
	    "key_file = " VECTORS "/token/ec.pub.pem\n"
	    "issuer = https://www.example.org\naudience = news chat\n");
	T_STR(admit(read_vector("rs256.jwt")), "");
	T_SLICE(user, "anna");
	T_STR(admit(read_vector("es256.jwt")), "");
	T_SLICE(user, "anna");
	clock_fake.wall += 3700000;
	T_STR(admit(read_vector("es256.jwt")), "token-expired");
}

static void
a_changed_byte_spoils_any_signature(void)
{
	static const char *const files[] = { "rs256.jwt", "es256.jwt" };
	struct slice token;
	char *text;
	size_t i, k;

	must_load("[token *]\nkey_file = " VECTORS "/token/rsa.pub.pem\n"
	    "key_file = " VECTORS "/token/ec.pub.pem\n");
	for (k = 0; k < N_ELEMENTS(files); k++) {
		token = read_vector(files[k]);
		for (i = 0; i < token.n - 1; i += 7) {
			text = arena_str(&arena, token);
			text[i] = text[i] == 'A' ? 'B' : 'A';
			T_OK(*admit(slice_str(text)) != '\0');
		}
		T_STR(admit(slice_head(token, token.n - 4)), "token-signature");
	}
}

/* Claims with a name one byte over max_name. */
static const char *
long_name(void)
{
	return arena_str(&arena, arena_printf(&arena, "{\"sub\":\"%0257d\","
	    "\"exp\":1700000000}", 0));
}

static void
what_is_wrong_with_a_token_is_told(void)
{
	static const struct {
		const char *header, *claims, *want;
	} cases[] = {
		{ "{\"alg\":\"none\"}", "{\"sub\":\"a\",\"exp\":1700000000}", "token-algorithm" },
		{ "{\"alg\":\"RS256\"}", "{\"sub\":\"a\",\"exp\":1700000000}", "token-algorithm" },
		{ "{\"alg\":\"hs256\"}", "{\"sub\":\"a\",\"exp\":1700000000}", "token-algorithm" },
		{ "{}", "{\"sub\":\"a\",\"exp\":1700000000}", "token-algorithm" },
		{ "{\"alg\":\"HS256\",\"crit\":[\"b64\"]}", "{\"sub\":\"a\",\"exp\":1700000000}",
		    "token-algorithm" },
		{ "[]", "{\"sub\":\"a\",\"exp\":1700000000}", "token-malformed" },
		{ "{\"alg\":\"HS256\"}", "[1]", "token-malformed" },
		{ "{\"alg\":\"HS256\"}", "{\"sub\":\"a\"}", "token-expired" },
		{ "{\"alg\":\"HS256\"}", "{\"sub\":\"a\",\"exp\":\"1700000000\"}", "token-expired" },
		{ "{\"alg\":\"HS256\"}", "{\"sub\":\"a\",\"exp\":1599999969}", "token-expired" },
		{ "{\"alg\":\"HS256\"}", "{\"sub\":\"a\",\"exp\":1599999971}", "" },
		{ "{\"alg\":\"HS256\"}", "{\"sub\":\"a\",\"exp\":1700000000,\"nbf\":1600000031}",
		    "token-early" },
		{ "{\"alg\":\"HS256\"}", "{\"sub\":\"a\",\"exp\":1700000000,\"nbf\":1600000029}", "" },
		{ "{\"alg\":\"HS256\"}", "{\"exp\":1700000000}", "token-without-user" },
		{ "{\"alg\":\"HS256\"}", "{\"sub\":{},\"exp\":1700000000}", "token-without-user" },
	};
	size_t i;

	must_load(RULE);
	for (i = 0; i < N_ELEMENTS(cases); i++)
		T_STR(admit(make(cases[i].header, cases[i].claims)), cases[i].want);
	T_STR(admit(make_claims(long_name())), "token-user");
	T_STR(admit(SLICE("a.b")), "token-malformed");
	T_STR(admit(SLICE("a.b.c.d")), "token-malformed");
	T_STR(admit(SLICE("!.!.!")), "token-malformed");
	T_STR(admit(SLICE("..")), "token-malformed");
	T_STR(admit(SLICE("")), "token-missing");
}

static void
issuer_and_audience_must_be_ours(void)
{
	must_load(RULE "issuer = https://a.example\naudience = chat\n");
	T_STR(admit(make_claims("{\"sub\":\"a\",\"exp\":1700000000}")), "token-issuer");
	T_STR(admit(make_claims("{\"sub\":\"a\",\"exp\":1700000000,"
	    "\"iss\":\"https://b.example\",\"aud\":\"chat\"}")), "token-issuer");
	T_STR(admit(make_claims("{\"sub\":\"a\",\"exp\":1700000000,"
	    "\"iss\":\"https://a.example\",\"aud\":[\"mail\"]}")), "token-audience");
	T_STR(admit(make_claims("{\"sub\":\"a\",\"exp\":1700000000,"
	    "\"iss\":\"https://a.example\"}")), "token-audience");
	T_STR(admit(make_claims("{\"sub\":\"a\",\"exp\":1700000000,"
	    "\"iss\":\"https://a.example\",\"aud\":[\"mail\",\"chat\"]}")), "");
}

static void
an_old_key_is_good_beside_a_new_one(void)
{
	must_load("[token /chat]\nsecret = ffffffffffffffffffffffffffffffffffff\n"
	    "secret = " SECRET "\n");
	T_STR(admit(make_claims("{\"sub\":\"a\",\"exp\":1700000000}")), "");
	must_load("[token /chat]\nsecret = ffffffffffffffffffffffffffffffffffff\n");
	T_STR(admit(make_claims("{\"sub\":\"a\",\"exp\":1700000000}")), "token-signature");
}

static void
it_is_looked_for_where_the_rule_says(void)
{
	struct slice token;

	must_load(RULE "from = header.authorization cookie.session query.token\n"
	    "required = no\nuser = name\n");
	token = make_claims("{\"name\":\"ben\",\"exp\":1700000000}");
	T_STR(admit(token), "");        /* in auth nobody looks */
	T_OK(user.p == NULL);
	call.info = arena_printf(&arena, "{\"headers\":{\"cookie\":\"a=b; session=%.*s; "
	    "c=d\"},\"query\":\"\"}", SLICE_ARGS(token));
	T_STR(admit(SLICE("")), "");
	T_SLICE(user, "ben");
	call.info = arena_printf(&arena, "{\"headers\":{},\"query\":\"EIO=4&token=%.*s\"}",
	    SLICE_ARGS(token));
	T_STR(admit(SLICE("")), "");
	T_SLICE(user, "ben");
	call.info = arena_printf(&arena, "{\"headers\":{\"authorization\":\"Bearer %.*s\"}}",
	    SLICE_ARGS(token));
	T_STR(admit(SLICE("")), "");
	T_SLICE(user, "ben");
	call.info = SLICE("{\"headers\":{\"authorization\":\"Bearer x.y.z\"}}");
	T_STR(admit(SLICE("")), "token-malformed");
}

static void
what_a_client_says_of_itself_names_nobody(void)
{
	must_load(RULE "required = no\n");
	call.info = SLICE("{\"headers\":{\"x-user\":\"root\"},\"query\":\"user=root&sub=root\"}");
	call.auth = SLICE("{\"user\":\"root\",\"sub\":\"root\"}");
	T_EQ(tokens_admit(tokens, &call, &effects, &user), RC_OK);
	T_OK(user.p == NULL);
	T_EQ(effects.n, 0);
}

static void
a_fault_in_a_section_is_told_with_its_line(void)
{
	static const struct {
		const char *text, *want;
	} faults[] = {
		{ "[token]\nsecret = " SECRET "\n", ":1: [token] needs one namespace" },
		{ "[token /a]\n", ":1: [token] needs a key" },
		{ "[token /a]\nsecret = short\n", "32 bytes or more" },
		{ "[token /a]\nsecret_file = /nowhere\n", "No such file" },
		{ "[token /a]\nkey_file = " VECTORS "/token/es256.jwt\n", "no public key in PEM" },
		{ "[token /a]\nkey_file = " VECTORS "/token/small.pub.pem\n", "2048 bits" },
		{ "[token /a]\nkey_file = " VECTORS "/token/ec384.pub.pem\n", "P-256" },
		{ RULE "from = auth\n", ":3: from = auth: must be places" },
		{ RULE "leeway = 30\n", ":3: leeway = 30: must be a time" },
		{ RULE "required = maybe\n", ":3: required = maybe: must be yes or no" },
		{ RULE "usr = sub\n", ":3: [token] has no 'usr'" },
	};
	size_t i;

	for (i = 0; i < N_ELEMENTS(faults); i++) {
		T_EQ(load(faults[i].text), RC_BAD_INPUT);
		if (strstr(error, faults[i].want) == NULL)
			T_FAIL("'%s' is not in '%s'", faults[i].want, error);
		T_OK(tokens == NULL);
	}
}

int
main(void)
{
	T_RUN(the_vector_of_the_rfc_verifies);
	T_RUN(a_good_token_names_the_user);
	T_RUN(other_namespaces_are_none_of_its_business);
	T_RUN(signatures_of_rsa_and_ec_keys_verify);
	T_RUN(a_changed_byte_spoils_any_signature);
	T_RUN(what_is_wrong_with_a_token_is_told);
	T_RUN(issuer_and_audience_must_be_ours);
	T_RUN(an_old_key_is_good_beside_a_new_one);
	T_RUN(it_is_looked_for_where_the_rule_says);
	T_RUN(what_a_client_says_of_itself_names_nobody);
	T_RUN(a_fault_in_a_section_is_told_with_its_line);
	return t_end();
}
