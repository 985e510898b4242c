/* Parts of the wire between two servers: a rate for an interface, and a process that holds packets back. */
#ifndef WEISS_CLOUD_WIRE_H
#define WEISS_CLOUD_WIRE_H

#include "cloud/overlay/overlay-private.h"

/** Limits what leaves the interface @p index (a token bucket). @param rate  bits per second. @return of libnl */
int weiss_wire_shape(const weiss_netlink *netlink, int index, int64_t rate, int mtu);

/** Starts a process that carries frames between two TAPs and holds each back for @p delay ns. It has a group of its own and
 *  dies with the caller unless it @p outlives it. @param ends  descriptors of the TAPs; it has its own copies. @return 0, WEISS_ERR_SYSTEM */
int weiss_wire_relay(const int ends[2], int64_t delay, bool outlives, pid_t *pid, weiss_fault *fault);

#endif
