/*
 * peer.h - whose word about the client is believed
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_PEER_H
#define HTTP_PEER_H

#include "base/slice.h"

struct peer_net {
	unsigned char address[16];      /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;
};
struct peers {
	struct peer_net *nets;
	size_t n;
};

/* "10.0.0.0/8 127.0.0.1 ::1"; what is no address is logged and left out. */
void peers_init(struct peers *peers, const char *list);
/* False: bad_r is the first word of the list that is no address. */
bool peers_check(const char *list, struct slice *bad_r);
void peers_fini(struct peers *peers);

bool peers_has(const struct peers *peers, struct slice address);

/*
 * The client behind trusted proxies: the last address of X-Forwarded-For that
 * is not itself trusted.  remote when nobody vouches for another.
 */
struct slice peers_client(const struct peers *peers, struct slice remote,
    struct slice forwarded_for);

#endif
