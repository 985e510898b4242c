/* Numbers of peers, 16 bits each because a doorbell names its peer with 16. The number that has been free the longest is
 * given next, so that a late message for a peer that has left does not reach its successor. */
#ifndef WEISS_FABRIC_SERVER_IDS_H
#define WEISS_FABRIC_SERVER_IDS_H

#include <stdint.h>

#define WEISS_IDS 65536

typedef struct weiss_ids {
    uint32_t first, free; /**< oldest of the queue, and its length */
    uint16_t queue[WEISS_IDS];
} weiss_ids;

/** All numbers are free; 0 is given first. */
void weiss_ids_start(weiss_ids *ids);
/** Takes the number that has been free the longest. @return it, or -1 when none is free */
int weiss_ids_take(weiss_ids *ids);
/** Gives back a number that was taken. */
void weiss_ids_give(weiss_ids *ids, uint16_t id);

#endif
