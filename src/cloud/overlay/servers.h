/* Two servers on one machine, for tests of what runs between servers. Each is a network namespace; a wire with a rate, a delay
 * and an MTU joins them (192.0.2.1 and 192.0.2.2, interface "wire"), and the overlay "lab" lies over it.
 *
 * The namespaces have no names and live only as long as this process and those that have one of their TAPs: nothing stays
 * behind, however they end. Needs root. The calling process must have one thread. Nothing is collective. */
#ifndef WEISS_CLOUD_SERVERS_H
#define WEISS_CLOUD_SERVERS_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WEISS_SERVERS 2
/** The overlay of the two. */
#define WEISS_SERVERS_OVERLAY "lab"

/** The wire. */
typedef struct weiss_wire {
    int64_t rate; /**< bits per second in each direction; 0: as fast as it goes */
    int64_t delay; /**< ns in each direction, in addition; 0: none */
    int mtu; /**< of packets on it */
} weiss_wire;

typedef struct weiss_servers weiss_servers;

/** Reads "RATE[,DELAY[,MTU]]", such as "1Gb/s,50us" or "10Gb/s,20us,2044". NULL: no limits, MTU 1500.
 *  @return 0, WEISS_ERR_USAGE */
int weiss_wire_parse(const char *text, weiss_wire *wire, weiss_fault *fault);

/** Makes the servers, the wire and the overlay with @p taps TAPs on each, owned by the calling user.
 *  @param outlives  the process that delays does not end with the caller; somebody else ends it
 *  @param[out] servers  NULL on failure; end it with weiss_servers_stop
 *  @return 0, WEISS_ERR_SYSTEM (no right, something is missing in the kernel), WEISS_ERR_USAGE (the MTU is too small),
 *          WEISS_ERR_MEMORY */
int weiss_servers_start(const weiss_wire *wire, int taps, bool outlives, weiss_servers **servers,
                        weiss_fault *fault);
/** Accepts NULL. */
void weiss_servers_stop(weiss_servers *servers);

/** Puts the caller into server @p server (from 0); -1: back where it came from. @return 0, WEISS_ERR_SYSTEM */
int weiss_servers_enter(const weiss_servers *servers, int server, weiss_fault *fault);
/** Opens TAP @p number (from 1) of server @p server for a machine. @param[out] fd  inherited; the caller closes it */
int weiss_servers_open_tap(const weiss_servers *servers, int server, int number, int *fd, weiss_fault *fault);

int weiss_servers_mtu(const weiss_servers *servers); /**< of the guests */
int weiss_servers_namespace(const weiss_servers *servers, int server); /**< its descriptor */
pid_t weiss_servers_relay(const weiss_servers *servers); /**< process that delays, leads a group; 0: none */

#endif
