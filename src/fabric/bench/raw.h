/* Two processes that exchange messages through a region without MPI: what the fabric's library does by itself. */
#ifndef WEISS_FABRIC_BENCH_RAW_H
#define WEISS_FABRIC_BENCH_RAW_H

#include "fabric/bench/run.h"
#include "fabric/mailbox.h"

/** Values that may be on their way. */
#define WEISS_RAW_VALUES 8

/** One of the two. Messages are streams of pieces; those of a test have one size, so that no piece needs a header. */
typedef struct weiss_raw {
    int rank; /**< 0 or 1 */
    int other; /**< file descriptor that is silent as long as the other process lives */
    weiss_device *device;
    weiss_region region;
    weiss_member member;
    weiss_mailbox mailbox;
    weiss_outlet outlet;
    weiss_pool pool;
    unsigned char *in; /**< borrowed; where messages go */
    size_t expected; /**< bytes of each */
    size_t position; /**< bytes of the next one that have arrived */
    uint64_t messages; /**< complete */
    double value[WEISS_RAW_VALUES]; /**< what came by weiss_raw_tell and has not been heard */
    uint64_t told, heard;
    uint32_t polls;
    uint64_t tick_ns; /**< when things that could get lost are repeated */
    weiss_fault fault; /**< of the first failure; after it nothing waits any more */
} weiss_raw;

/** Opens the region, in a file that is made when it is missing, or a device ("auto"), and joins it.
 *  @return 0, WEISS_ERR_REGION, WEISS_ERR_FILE, WEISS_ERR_MEMORY, WEISS_ERR_SYSTEM */
int weiss_raw_open(weiss_raw *raw, const char *region);
/** Makes the way to the other process.
 *  @param address  of the other one, from weiss_member_address
 *  @param other    see above */
int weiss_raw_connect(weiss_raw *raw, const weiss_address *address, int other);
/** Waits until the other has read everything, and leaves the region. Accepts what was not opened. */
void weiss_raw_close(weiss_raw *raw);

/** Sends a message. @return false after a failure */
bool weiss_raw_send(weiss_raw *raw, const unsigned char *data, size_t bytes);
/** Waits until @p count messages have come since the start. @return false after a failure */
bool weiss_raw_await(weiss_raw *raw, uint64_t count);
/** Sends a number beside the messages, and waits for one of the other. @return false after a failure */
bool weiss_raw_tell(weiss_raw *raw, double value);
bool weiss_raw_hear(weiss_raw *raw, double *value);

#endif
