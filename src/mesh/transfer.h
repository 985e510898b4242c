/* Messages of any length between ranks: MPI counts are 32-bit, meshes need not be. */
#ifndef WEISS_MESH_TRANSFER_H
#define WEISS_MESH_TRANSFER_H

#include "base/context.h"

/** Sends and receives @p bytes bytes; both sides know the number. Blocking. @return 0, WEISS_ERR_MPI */
int weiss_send_bytes(weiss_context *ctx, const void *data, size_t bytes, int to);
int weiss_receive_bytes(weiss_context *ctx, void *data, size_t bytes, int from);
/** Copies @p bytes bytes of rank 0 to all. Collective. @return 0, WEISS_ERR_MPI */
int weiss_broadcast_bytes(weiss_context *ctx, void *data, size_t bytes);

#endif
