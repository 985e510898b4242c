#include "fabric/server/ids.h"

void weiss_ids_start(weiss_ids *ids)
{
    ids->first = 0;
    ids->free = WEISS_IDS;
    for (uint32_t i = 0; i < WEISS_IDS; i++)
        ids->queue[i] = (uint16_t)i;
}

int weiss_ids_take(weiss_ids *ids)
{
    if (ids->free == 0)
        return -1;
    int id = ids->queue[ids->first];
    ids->first = (ids->first + 1) % WEISS_IDS;
    ids->free--;
    return id;
}

void weiss_ids_give(weiss_ids *ids, uint16_t id)
{
    ids->queue[(ids->first + ids->free) % WEISS_IDS] = id;
    ids->free++;
}
