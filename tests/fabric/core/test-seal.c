/* The seal of a ring is SipHash-1-3: against the published vectors, against a second implementation, and by its statistics. That
 * of a record is a sum of products: against one that multiplies digit by digit, and by its statistics. */
#include "arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct words {
    uint64_t v[4];
} words;

/* The round of the paper's figure 2.1, on an array. */
static void sip_round(words *s)
{
    static const int turns[2][2] = {{13, 16}, {17, 21}};
    for (int half = 0; half < 2; half++) {
        int a = half == 0 ? 0 : 2, c = 2 - a;
        s->v[a] += s->v[1];
        s->v[c] += s->v[3];
        s->v[1] = s->v[1] << turns[half][0] | s->v[1] >> (64 - turns[half][0]);
        s->v[3] = s->v[3] << turns[half][1] | s->v[3] >> (64 - turns[half][1]);
        s->v[1] ^= s->v[a];
        s->v[3] ^= s->v[c];
        s->v[a] = s->v[a] << 32 | s->v[a] >> 32;
    }
}

/* SipHash-c-d of bytes, as the paper defines it: the last block holds the rest of the message and its length. */
static uint64_t sip(int c, int d, const uint8_t *key, const uint8_t *message, size_t bytes)
{
    words s;
    uint64_t k[2], block;
    static const char constant[] =
        "uespemosmodnarodarenegylsetybdet"; /* "somepseudorandomlygeneratedbytes" */
    memcpy(k, key, 16);
    memcpy(s.v, constant, 32);
    for (int i = 0; i < 4; i++)
        s.v[i] ^= k[i % 2];
    for (size_t at = 0; at <= bytes; at += 8) {
        block = 0;
        if (bytes - at >= 8) {
            memcpy(&block, message + at, 8);
        } else {
            memcpy(&block, message + at, bytes - at);
            block |= (uint64_t)bytes << 56;
        }
        s.v[3] ^= block;
        for (int i = 0; i < c; i++)
            sip_round(&s);
        s.v[0] ^= block;
    }
    s.v[2] ^= 0xff;
    for (int i = 0; i < d; i++)
        sip_round(&s);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

static void the_second_implementation_is_right(void **state)
{
    (void)state;
    static const uint8_t zeros[16];
    uint8_t bytes[112];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    /* Appendix A of the paper for 2-4; for 1-3 the usual vector of the empty message, and what CPython 3.11 computes (it hashes
     * bytes so, under the key 0 when PYTHONHASHSEED is 0). */
    assert_true(sip(2, 4, bytes, bytes, 15) == UINT64_C(0xa129ca6149be45e5));
    assert_true(sip(1, 3, bytes, bytes, 0) == UINT64_C(0xabac0158050fc4dc));
    assert_true(sip(1, 3, zeros, bytes, 15) == UINT64_C(0xf30eb725bb91c9ea));
    assert_true(sip(1, 3, zeros, bytes, 112) == UINT64_C(0x8d823a21ff37083a));
}

static void seals_are_siphash_1_3(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        uint64_t message[20];
        weiss_key key = {{arena_random(&seed), arena_random(&seed)}};
        size_t count = arena_below(&seed, 16);
        for (size_t i = 0; i < count; i++)
            message[i] = arena_random(&seed);
        message[count] = (uint64_t)(8 * count) << 56; /* the block that holds the length */
        uint64_t wanted = sip(1, 3, (const uint8_t *)&key, (const uint8_t *)message, 8 * count);
        assert_true(weiss_seal_words(weiss_seal_begin(&key), message, count + 1) == wanted);
    }
}

static void a_seal_goes_on_where_it_was_left(void **state)
{
    (void)state;
    weiss_key key = {{3, 4}};
    uint64_t message[] = {5, 6, 7, 8, 9};
    uint64_t whole = weiss_seal_words(weiss_seal_begin(&key), message, 5);
    for (size_t first = 0; first <= 5; first++) {
        weiss_seal begun = weiss_seal_begin(&key);
        for (size_t i = 0; i < first; i++)
            weiss_seal_word(&begun, message[i]);
        assert_true(weiss_seal_words(begun, message + first, 5 - first) == whole);
    }
}

/* Whatever bit of key or message changes, each bit of the seal changes in half of the cases. */
static void every_bit_counts(void **state)
{
    (void)state;
    enum { TRIALS = 4000, INPUT = 4 * 64 };
    static int changed[64];
    uint64_t seed = 2;
    int equal = 0;
    memset(changed, 0, sizeof changed);
    for (int trial = 0; trial < TRIALS; trial++) {
        uint64_t input[4];
        for (int i = 0; i < 4; i++)
            input[i] = arena_random(&seed);
        uint64_t before =
            weiss_seal_words(weiss_seal_begin(&(weiss_key){{input[0], input[1]}}), input + 2, 2);
        uint64_t bit = arena_below(&seed, INPUT);
        input[bit / 64] ^= UINT64_C(1) << bit % 64;
        uint64_t after = weiss_seal_words(weiss_seal_begin(&(weiss_key){{input[0], input[1]}}), input + 2, 2);
        equal += before == after;
        for (int i = 0; i < 64; i++)
            changed[i] += (before ^ after) >> i & 1;
    }
    assert_int_equal(equal, 0);
    for (int i = 0; i < 64; i++) /* six standard deviations of 32 */
        assert_in_range(changed[i], TRIALS / 2 - 190, TRIALS / 2 + 190);
}

/* Adds a * b to a number of four digits of 32 bits, without the last carry: modulo 2^128. */
static void add_product(uint32_t sum[4], uint64_t a, uint64_t b)
{
    uint32_t x[2] = {(uint32_t)a, (uint32_t)(a >> 32)}, y[2] = {(uint32_t)b, (uint32_t)(b >> 32)};
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++) {
            uint64_t product = (uint64_t)x[i] * y[k], carry = 0;
            for (int at = i + k; at < 4; at++) {
                uint64_t digit = at == i + k ? product & UINT32_MAX : at == i + k + 1 ? product >> 32 : 0;
                digit += sum[at] + carry;
                sum[at] = (uint32_t)digit;
                carry = digit >> 32;
            }
        }
}

/* The seal of record @p number by its definition. */
static uint64_t seal_of_record(const weiss_key *key, uint64_t nonce, uint64_t number, const uint64_t *word,
                               size_t count)
{
    uint64_t secret[WEISS_SEALER_WORDS], pad, low, high;
    weiss_seal begun = weiss_seal_begin(key);
    weiss_seal_word(&begun, nonce);
    for (uint64_t i = 0; i < WEISS_SEALER_WORDS; i++)
        secret[i] = weiss_seal_words(begun, (uint64_t[]){UINT64_MAX, i}, 2);
    pad = weiss_seal_words(begun, &number, 1);
    uint32_t sum[4] = {0};
    for (size_t i = 0; i < count; i += 2)
        add_product(sum, word[i] + secret[i], (i + 1 < count ? word[i + 1] : 0) + secret[i + 1]);
    low = sum[0] | (uint64_t)sum[1] << 32;
    high = sum[2] | (uint64_t)sum[3] << 32;
    return low ^ high ^ pad;
}

static weiss_sealer sealer_of(const weiss_key *key, uint64_t nonce, uint64_t number)
{
    weiss_sealer sealer;
    weiss_seal begun = weiss_seal_begin(key);
    weiss_seal_word(&begun, nonce);
    weiss_sealer_start(&sealer, begun, number);
    return sealer;
}

static void records_are_sealed_as_defined(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 3000; round++) {
        weiss_key key = {{arena_random(&seed), arena_random(&seed)}};
        uint64_t nonce = arena_random(&seed), number = arena_random(&seed), word[WEISS_SEALER_WORDS];
        size_t count = 1 + arena_below(&seed, WEISS_SEALER_WORDS);
        for (size_t i = 0; i < count; i++) /* also such that carries go all the way */
            word[i] = arena_below(&seed, 4) == 0 ? UINT64_MAX - arena_below(&seed, 2) : arena_random(&seed);
        weiss_sealer sealer = sealer_of(&key, nonce, number);
        for (int step = 0; step < 3; step++, number++) {
            assert_true(sealer.number == number);
            assert_true(weiss_sealer_seal(&sealer, word[0], word + 1, count - 1) ==
                        seal_of_record(&key, nonce, number, word, count));
            weiss_sealer_step(&sealer);
        }
    }
}

/* A forger knows a record and its seal. Whatever he changes, the seal changes in a way that depends on secret words: over many
 * keys, each of its bits in about half of the cases, and never not at all. */
static void changed_records_have_other_seals(void **state)
{
    (void)state;
    enum { TRIALS = 6000 };
    static int changed[64];
    uint64_t seed = 4;
    memset(changed, 0, sizeof changed);
    for (int trial = 0; trial < TRIALS; trial++) {
        weiss_key key = {{arena_random(&seed), arena_random(&seed)}};
        weiss_sealer sealer = sealer_of(&key, 1, 2);
        uint64_t word[WEISS_SEALER_WORDS] = {0}, count = 2 + 2 * arena_below(&seed, WEISS_SEALER_WORDS / 2);
        for (size_t i = 0; i < count; i++)
            word[i] = arena_below(&seed, 2) == 0 ? arena_random(&seed) : arena_below(&seed, 3);
        uint64_t before = weiss_sealer_seal(&sealer, word[0], word + 1, count - 1);
        uint64_t at = arena_below(&seed, count);
        switch (trial % 3) {
        case 0:
            word[at] ^= UINT64_C(1) << arena_below(&seed, 64);
            break;
        case 1: /* two words change places */
            word[at ^ 1] += word[at] == word[at ^ 1];
            before = weiss_sealer_seal(&sealer, word[0], word + 1, count - 1);
            word[at] ^= word[at ^ 1];
            word[at ^ 1] ^= word[at];
            word[at] ^= word[at ^ 1];
            break;
        default:
            word[at] += 1 + arena_below(&seed, 1000);
            break;
        }
        uint64_t after = weiss_sealer_seal(&sealer, word[0], word + 1, count - 1);
        assert_true(before != after);
        if (trial % 3 != 1)
            for (int i = 0; i < 64; i++)
                changed[i] += (before ^ after) >> i & 1;
        weiss_sealer_step(&sealer); /* and the same record with the next number has another one */
        assert_true(weiss_sealer_seal(&sealer, word[0], word + 1, count - 1) != after);
    }
    for (int i = 0; i < 64;
         i++) /* the products of small changes are not even; what counts is that none is foreseen */
        assert_in_range(changed[i], TRIALS / 5, TRIALS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_implementation_is_right),
        cmocka_unit_test(seals_are_siphash_1_3),
        cmocka_unit_test(a_seal_goes_on_where_it_was_left),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(records_are_sealed_as_defined),
        cmocka_unit_test(changed_records_have_other_seals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
