/* Rendezvous: nodal data between the partition of the mesh and equal blocks of the original node numbers. The blocks
 * do not depend on how the mesh is cut, so that files written through them fit any number of ranks. */
#ifndef WEISS_OUTPUT_RENDEZVOUS_H
#define WEISS_OUTPUT_RENDEZVOUS_H

#include "mesh/mesh.h"

typedef struct weiss_rendezvous {
    weiss_context *ctx; /**< borrowed */
    weiss_lidx nowned;
    weiss_gidx total; /**< largest original number + 1, over all ranks */
    weiss_gidx block_begin; /**< first original number of this rank's block */
    weiss_lidx block_count;
    weiss_lidx nmet; /**< nodes of all ranks that lie in this block */
    weiss_lidx *order; /**< nowned: owned nodes sorted by the rank of their block; owned */
    weiss_lidx *position; /**< nmet: places in the block of what the ranks send, in rank order; owned */
    int *send_count, *send_begin; /**< one per rank: owned nodes that meet there; owned */
    int *meet_count, *meet_begin; /**< one per rank: nodes that it sends here; owned */
} weiss_rendezvous;

/** Plans the exchange. Collective.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_INTERNAL (two nodes of one original number) */
int weiss_rendezvous_create(const weiss_mesh *mesh, weiss_rendezvous **out);
void weiss_rendezvous_destroy(weiss_rendezvous *meeting);

/** Sends vectors of owned nodes to the blocks.
 *  @param[in]  nodal  3 * nowned
 *  @param[out] block  3 * block_count; zero where no node has that original number
 *  Collective. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MPI */
int weiss_rendezvous_to_blocks(const weiss_rendezvous *meeting, const double *nodal, double *block);
/** The way back: owned nodes fetch their vectors from the blocks. Collective. */
int weiss_rendezvous_from_blocks(const weiss_rendezvous *meeting, const double *block, double *nodal);

#endif
