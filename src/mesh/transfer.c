#include "mesh/transfer.h"

static const size_t chunk = (size_t)1 << 28;
enum { PIECE_TAG = 1907 };

static int chunk_length(size_t left)
{
    return (int)(left < chunk ? left : chunk);
}

int weiss_send_bytes(weiss_context *ctx, const void *data, size_t bytes, int to)
{
    for (size_t done = 0; done < bytes; done += chunk)
        if (MPI_Send((const char *)data + done, chunk_length(bytes - done), MPI_BYTE, to, PIECE_TAG,
                     weiss_comm(ctx)) != MPI_SUCCESS)
            return weiss_fail(ctx, WEISS_ERR_MPI, "rank %d could not send a part of the mesh to rank %d",
                              weiss_rank(ctx), to);
    return 0;
}

int weiss_receive_bytes(weiss_context *ctx, void *data, size_t bytes, int from)
{
    for (size_t done = 0; done < bytes; done += chunk)
        if (MPI_Recv((char *)data + done, chunk_length(bytes - done), MPI_BYTE, from, PIECE_TAG,
                     weiss_comm(ctx), MPI_STATUS_IGNORE) != MPI_SUCCESS)
            return weiss_fail(ctx, WEISS_ERR_MPI, "rank %d could not receive a part of the mesh from rank %d",
                              weiss_rank(ctx), from);
    return 0;
}

int weiss_broadcast_bytes(weiss_context *ctx, void *data, size_t bytes)
{
    for (size_t done = 0; done < bytes; done += chunk)
        if (MPI_Bcast((char *)data + done, chunk_length(bytes - done), MPI_BYTE, 0, weiss_comm(ctx)) !=
            MPI_SUCCESS)
            return weiss_fail(ctx, WEISS_ERR_MPI, "rank 0 could not send facts of the mesh to all ranks");
    return 0;
}
