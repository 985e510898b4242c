#include "plan/pattern.h"

void weiss_pattern_barrier(int p, int r, weiss_pattern_send send, void *data)
{
    for (int step = 1; step < p; step *= 2)
        send(data, (r + step) % p, 1.0, 0.0);
}

void weiss_pattern_bcast(int p, int r, int root, double bytes, weiss_pattern_send send, void *data)
{
    int place = (r - root + p) % p, step = 1;
    /* A rank has the message once 2^k ranks have it and its place is below 2^k. */
    while (step <= place)
        step *= 2;
    for (; place + step < p; step *= 2)
        send(data, (place + step + root) % p, 1.0, bytes);
}

void weiss_pattern_reduce(int p, int r, int root, double bytes, weiss_pattern_send send, void *data)
{
    int place = (r - root + p) % p, step = 1;
    if (place == 0)
        return;
    while (2 * step <= place)
        step *= 2;
    send(data, (place - step + root) % p, 1.0, bytes);
}

/** Rank of a place among those that double. */
static int doubling_rank(int place, int extra)
{
    return place < extra ? 2 * place + 1 : place + extra;
}

void weiss_pattern_allreduce(int p, int r, double bytes, weiss_pattern_send send, void *data)
{
    int power = 1;
    while (2 * power <= p)
        power *= 2;
    int extra = p - power;
    if (r < 2 * extra && r % 2 == 0) {
        send(data, r + 1, 1.0, bytes);
        return;
    }
    int place = r < 2 * extra ? r / 2 : r - extra;
    for (int step = 1; step < power; step *= 2)
        send(data, doubling_rank(place ^ step, extra), 1.0, bytes);
    if (r < 2 * extra)
        send(data, r - 1, 1.0, bytes);
}

void weiss_pattern_allgather(int p, int r, double all, double next, weiss_pattern_send send, void *data)
{
    if (p > 1)
        send(data, (r + 1) % p, p - 1, all - next);
}

void weiss_pattern_scan(int p, int r, double bytes, weiss_pattern_send send, void *data)
{
    if (r + 1 < p)
        send(data, r + 1, 1.0, bytes);
}
