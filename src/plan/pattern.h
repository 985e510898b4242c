/* How collective operations are modelled: as the messages of one well-known algorithm each. Open MPI chooses among several by
 * size; bytes per pair differ then, their order does not.
 *
 *   barrier                        dissemination: to r + 1, r + 2, r + 4, ... (modulo p), no bytes
 *   bcast                          binomial tree from the root
 *   reduce                         binomial tree to the root
 *   allreduce                      recursive doubling; ranks above the largest power of two join through a neighbour
 *   gather, scatter                each rank with the root
 *   allgather                      ring: p - 1 messages to r + 1
 *   alltoall, reduce_scatter       each rank with each other one
 *   scan, exscan                   chain: to r + 1 */
#ifndef WEISS_PLAN_PATTERN_H
#define WEISS_PLAN_PATTERN_H

/** Takes what rank r of the pattern sends to rank @p to. */
typedef void (*weiss_pattern_send)(void *data, int to, double messages, double bytes);

/** What rank @p r of @p p sends; the caller sums over the ranks. @p bytes is the size of the buffer of one rank. */
void weiss_pattern_barrier(int p, int r, weiss_pattern_send send, void *data);
void weiss_pattern_bcast(int p, int r, int root, double bytes, weiss_pattern_send send, void *data);
void weiss_pattern_reduce(int p, int r, int root, double bytes, weiss_pattern_send send, void *data);
void weiss_pattern_allreduce(int p, int r, double bytes, weiss_pattern_send send, void *data);
/** @p all  bytes of all blocks together; @p next  of the block of rank r + 1, which never comes to it through r */
void weiss_pattern_allgather(int p, int r, double all, double next, weiss_pattern_send send, void *data);
void weiss_pattern_scan(int p, int r, double bytes, weiss_pattern_send send, void *data);

#endif
