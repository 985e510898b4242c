/* The seal: SipHash-1-3 (Aumasson and Bernstein, INDOCRYPT 2012) of 64-bit words under a key of 128 bits. The receiver makes
 * the key and tells it to its peers outside of the region, so that whoever only sees the region can neither forge a record nor
 * replay one: the number of the record and the nonce of its ring are hashed too. */
#ifndef WEISS_FABRIC_SEAL_H
#define WEISS_FABRIC_SEAL_H

#include <stddef.h>
#include <stdint.h>

typedef struct weiss_key {
    uint64_t word[2];
} weiss_key;

/** State of a hash that has begun. */
typedef struct weiss_seal {
    uint64_t v0, v1, v2, v3;
} weiss_seal;

static inline uint64_t weiss_rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void weiss_seal_round(weiss_seal *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = weiss_rotate(s->v1, 13) ^ s->v0;
    s->v3 = weiss_rotate(s->v3, 16) ^ s->v2;
    s->v0 = weiss_rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = weiss_rotate(s->v1, 17) ^ s->v2;
    s->v3 = weiss_rotate(s->v3, 21) ^ s->v0;
    s->v2 = weiss_rotate(s->v2, 32);
}

static inline void weiss_seal_word(weiss_seal *s, uint64_t word)
{
    s->v3 ^= word;
    weiss_seal_round(s);
    s->v0 ^= word;
}

static inline weiss_seal weiss_seal_begin(const weiss_key *key)
{
    return (weiss_seal){
        key->word[0] ^ UINT64_C(0x736f6d6570736575), key->word[1] ^ UINT64_C(0x646f72616e646f6d),
        key->word[0] ^ UINT64_C(0x6c7967656e657261), key->word[1] ^ UINT64_C(0x7465646279746573)};
}

static inline uint64_t weiss_seal_end(weiss_seal s)
{
    s.v2 ^= 0xff;
    weiss_seal_round(&s);
    weiss_seal_round(&s);
    weiss_seal_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/** Seal of @p count words after those that @p begun has seen. */
static inline uint64_t weiss_seal_words(weiss_seal begun, const uint64_t *word, size_t count)
{
    for (size_t i = 0; i < count; i++)
        weiss_seal_word(&begun, word[i]);
    return weiss_seal_end(begun);
}

#endif
