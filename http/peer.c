/*
 * peer.c - trusted proxies
 *
 * Anybody can write X-Forwarded-For.  The header is read from its end, as long
 * as the address that reported the next one is trusted.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/gateway_private.h"
#include "http/peer.h"

static bool
address_parse(struct slice s, unsigned char address_r[16], bool *is_v4_r)
{
	char text[INET6_ADDRSTRLEN];

	/* "[::1]" is how proxies write it when a port may follow. */
	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = slice_of(s.p + 1, s.n - 2);
	if (s.n == 0 || s.n >= sizeof(text))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	memset(address_r, 0, 10);
	memset(address_r + 10, 0xff, 2);
	if ((*is_v4_r = inet_pton(AF_INET, text, address_r + 12) == 1))
		return true;
	return inet_pton(AF_INET6, text, address_r) == 1;
}

static bool
net_parse(struct slice s, struct peer_net *net_r)
{
	struct slice address;
	int64_t bits = 128;
	bool is_v4;

	if (!slice_cut(&s, '/', &address) ||
	    !address_parse(address, net_r->address, &is_v4))
		return false;
	if (s.p != NULL) {
		if (!slice_int64(s, &bits) || bits < 0 || bits > (is_v4 ? 32 : 128))
			return false;
		bits += is_v4 ? 96 : 0;
	}
	net_r->bits = (unsigned)bits;
	return true;
}

static bool
net_has(const struct peer_net *net, const unsigned char address[16])
{
	unsigned whole = net->bits / 8, left = net->bits % 8;

	if (memcmp(net->address, address, whole) != 0)
		return false;
	return left == 0 ||
	    ((net->address[whole] ^ address[whole]) & (0xff00u >> left) & 0xff) == 0;
}

void
peers_init(struct peers *peers, const char *list)
{
	struct slice rest = slice_str(list), word;
	struct peer_net net;

	*peers = (struct peers){ NULL, 0 };
	while (word_next(&rest, &word)) {
		if (!net_parse(word, &net)) {
			log_warn("http", "trusted_proxies: not an address: %.*s",
			    SLICE_ARGS(word));
			continue;
		}
		peers->nets = mem_resize(peers->nets,
		    (peers->n + 1) * sizeof(*peers->nets));
		peers->nets[peers->n++] = net;
	}
}

bool
peers_check(const char *list, struct slice *bad_r)
{
	struct slice rest = slice_str(list);
	struct peer_net net;

	while (word_next(&rest, bad_r))
		if (!net_parse(*bad_r, &net))
			return false;
	return true;
}

void
peers_fini(struct peers *peers)
{
	free(peers->nets);
	*peers = (struct peers){ NULL, 0 };
}

bool
peers_has(const struct peers *peers, struct slice address)
{
	unsigned char bytes[16];
	bool is_v4;
	size_t i;

	if (peers->n == 0 || !address_parse(address, bytes, &is_v4))
		return false;
	for (i = 0; i < peers->n; i++)
		if (net_has(&peers->nets[i], bytes))
			return true;
	return false;
}

struct slice
peers_client(const struct peers *peers, struct slice remote,
    struct slice forwarded_for)
{
	unsigned char bytes[16];
	struct slice last;
	size_t comma;
	bool is_v4;

	while (forwarded_for.n > 0 && peers_has(peers, remote)) {
		for (comma = forwarded_for.n; comma > 0 &&
		    forwarded_for.p[comma - 1] != ','; comma--)
			;
		last = slice_trim(slice_skip(forwarded_for, comma));
		if (!address_parse(last, bytes, &is_v4))
			break;
		remote = last;
		forwarded_for = slice_head(forwarded_for, comma > 0 ? comma - 1 : 0);
	}
	return remote;
}
