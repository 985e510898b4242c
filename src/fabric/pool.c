#include "fabric/ring.h"

#include <stdlib.h>
#include <string.h>

int weiss_pool_make(weiss_member *member, uint64_t block, uint32_t limit, weiss_pool *pool,
                    weiss_fault *fault)
{
    *pool = (weiss_pool){
        .member = member, .block = block, .chunk_bytes = block - WEISS_CHUNK_MARGIN, .limit = limit};
    pool->spare = calloc(limit, sizeof *pool->spare);
    if (pool->spare == NULL && limit > 0)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for %u chunks", limit);
    return 0;
}

void weiss_pool_clear(weiss_pool *pool)
{
    free(pool->spare);
    memset(pool, 0, sizeof *pool);
}

bool weiss_pool_take(weiss_pool *pool, uint64_t *chunk)
{
    if (pool->free > 0) {
        *chunk = pool->spare[--pool->free];
        return true;
    }
    if (pool->total == pool->limit || weiss_member_allocate(pool->member, pool->block, chunk, NULL) != 0)
        return false;
    *chunk += WEISS_CHUNK_LEAD;
    pool->total++;
    return true;
}

void weiss_pool_give(weiss_pool *pool, uint64_t chunk)
{
    pool->spare[pool->free++] = chunk;
}
