/*
 * refused.c - modules that must not be loaded, one for each REFUSED_...
 *
 * SPDX-License-Identifier: ISC
 */
#include <siogate.h>

const struct sio_event refused_events[] = { { 0, 0 } };

#if defined(REFUSED_ABI)
SIOGATE_EXPORT = { SIOGATE_ABI + 1, sizeof(struct sio_module), "refused", "/",
    refused_events, 0, 0, 0, 0, 0 };
#elif defined(REFUSED_SIZE)
SIOGATE_EXPORT = { SIOGATE_ABI, sizeof(struct sio_module) + 8, "refused", "/",
    refused_events, 0, 0, 0, 0, 0 };
#elif defined(REFUSED_NAMESPACE)
SIOGATE_MODULE("refused", "chat", refused_events, 0, 0, 0);
#elif defined(REFUSED_FUNCTION)
int sio_from_the_future(struct sio *sio);

static const struct sio_event more[] = { { "x", sio_from_the_future }, { 0, 0 } };
SIOGATE_MODULE("refused", "/", more, 0, 0, 0);
#endif
