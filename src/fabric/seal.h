/* Seals. Whoever only sees the region can neither forge a record nor replay one: the receiver makes a key of 128 bits and tells
 * it to its peers outside of the region.
 *
 * What is sealed once (a ring's birth) is hashed with SipHash-1-3 (Aumasson and Bernstein, INDOCRYPT 2012). Records are sealed
 * as Wegman and Carter do it (J. Comput. Syst. Sci. 22, 265 (1981)): a sum of products of their words and secret words of the
 * ring (NH of Black et al., CRYPTO 1999), under a pad that is used once, SipHash of the record's number. The pad is made
 * ahead, so that only a few multiplications are on the way of a message. */
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

/** Most words of a record that are sealed, its own word included. */
#define WEISS_SEALER_WORDS 16

/** What seals the records of one ring, at either end. */
typedef struct weiss_sealer {
    uint64_t key[WEISS_SEALER_WORDS];
    weiss_seal begun; /**< key and nonce have been hashed */
    uint64_t number; /**< of the next record */
    uint64_t pad; /**< for it */
} weiss_sealer;

/** Goes on to the next record. */
static inline void weiss_sealer_step(weiss_sealer *sealer)
{
    sealer->number++;
    sealer->pad = weiss_seal_words(sealer->begun, &sealer->number, 1);
}

/** @param begun  a hash that has seen the nonce of the ring */
static inline void weiss_sealer_start(weiss_sealer *sealer, weiss_seal begun, uint64_t number)
{
    sealer->begun = begun;
    for (uint64_t i = 0; i < WEISS_SEALER_WORDS; i++) {
        uint64_t input[2] = {UINT64_MAX, i}; /* no number is followed by a word */
        sealer->key[i] = weiss_seal_words(begun, input, 2);
    }
    sealer->number = number - 1;
    weiss_sealer_step(sealer);
}

/** Seal of the next record: its word and @p count words of payload, at most WEISS_SEALER_WORDS - 1. */
static inline uint64_t weiss_sealer_seal(const weiss_sealer *sealer, uint64_t word, const uint64_t *payload,
                                         size_t count)
{
    const uint64_t *key = sealer->key;
    uint64_t second = count > 0 ? payload[0] : 0;
    unsigned __int128 sum = (unsigned __int128)(word + key[0]) * (second + key[1]);
    for (size_t i = 1; i < count; i += 2) {
        second = i + 1 < count ? payload[i + 1] : 0;
        sum += (unsigned __int128)(payload[i] + key[i + 1]) * (second + key[i + 2]);
    }
    return ((uint64_t)sum ^ (uint64_t)(sum >> 64)) ^ sealer->pad;
}

#endif
