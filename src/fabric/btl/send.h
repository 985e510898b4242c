/* What the other files of the component need of the sending side. */
#ifndef WEISS_BTL_SEND_H
#define WEISS_BTL_SEND_H

#include "fabric/btl/btl.h"

/** A descriptor with a buffer of @p size bytes. NULL: out of memory. */
weiss_frag *weiss_frag_get(weiss_btl *btl, weiss_endpoint *endpoint, size_t size, uint32_t flags);
/** Takes a descriptor back, and its chunk when it was never sent. */
void weiss_frag_put_back(weiss_btl *btl, weiss_frag *frag);
/** A chunk for a message to @p endpoint, which is locked. @return false when none is to be had now */
bool weiss_chunk_take(weiss_btl *btl, weiss_endpoint *endpoint, uint64_t *chunk);
/** Sends what waits and completes what is done. @return how many descriptors were completed */
int weiss_endpoint_advance(weiss_btl *btl, weiss_endpoint *endpoint);
/** Has weiss_endpoint_advance called from the next progress on. The endpoint is locked. */
void weiss_endpoint_stall(weiss_btl *btl, weiss_endpoint *endpoint);

#endif
