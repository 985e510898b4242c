/* A 64-bit checksum: tells damaged or different data from the right ones. Not cryptographic. */
#ifndef WEISS_OUTPUT_HASH_H
#define WEISS_OUTPUT_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WEISS_HASH_START UINT64_C(0xcbf29ce484222325)

/** Mixes the bits of a word so that every bit depends on every other (the finaliser of MurmurHash3). */
static inline uint64_t weiss_hash_mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

/** Goes on with the checksum @p hash over @p length bytes. Each step is a bijection of the word and of the state, so a
 *  change of a single word is never missed. The result does not depend on how the bytes are cut into calls as long as
 *  all but the last are multiples of 8 bytes. Words are taken as the machine stores them. */
static inline uint64_t weiss_hash(uint64_t hash, const void *data, size_t length)
{
    const unsigned char *byte = data;
    for (; length >= 8; byte += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, byte, 8);
        hash = weiss_hash_mix(hash ^ word) + UINT64_C(0x9e3779b97f4a7c15);
    }
    if (length > 0) {
        uint64_t word = (uint64_t)length << 56;
        memcpy(&word, byte, length);
        hash = weiss_hash_mix(hash ^ word) + UINT64_C(0x9e3779b97f4a7c15);
    }
    return hash;
}

#endif
