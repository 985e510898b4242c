/* Random numbers that depend on a seed and a number only (a node's in the mesh file, say), so that they are
 * the same for any number of ranks: the finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014) as a
 * hash. */
#ifndef WEISS_EVOLVE_RANDOM_H
#define WEISS_EVOLVE_RANDOM_H

#include <math.h>
#include <stdint.h>

static inline uint64_t weiss_hash(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/** Uniform in [0, 1): draw number @p draw of the stream (@p seed, @p number). */
static inline double weiss_random_number(uint64_t seed, uint64_t number, uint64_t draw)
{
    uint64_t bits = weiss_hash(weiss_hash(weiss_hash(seed) ^ number) ^ draw);
    return (double)(bits >> 11) * 0x1p-53;
}

/** A unit vector, uniform on the sphere (Archimedes: z is uniform). */
static inline void weiss_random_direction(uint64_t seed, uint64_t number, double out[3])
{
    double z = 2 * weiss_random_number(seed, number, 0) - 1,
           angle = 2 * M_PI * weiss_random_number(seed, number, 1);
    double radius = sqrt(1 - z * z);
    out[0] = radius * cos(angle);
    out[1] = radius * sin(angle);
    out[2] = z;
}

#endif
