/* Copies of a few words, without a call: a small message is copied in less time than a library needs to choose how. */
#ifndef WEISS_FABRIC_COPY_H
#define WEISS_FABRIC_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Copies @p count words; neither place needs to be aligned. */
static inline void copy_words(void *to, const void *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t word;
        memcpy(&word, (const uint8_t *)from + 8 * i, 8);
        memcpy((uint8_t *)to + 8 * i, &word, 8);
#if defined(__GNUC__)
        __asm__ volatile("" ::: "memory"); /* else the compiler makes a call of it */
#endif
    }
}

/** Copies @p bytes bytes, few of them as a rule. */
static inline void copy_few(void *to, const void *from, size_t bytes)
{
    const uint8_t *source = from;
    uint8_t *target = to;
    for (; bytes >= 8; bytes -= 8, source += 8, target += 8)
        copy_words(target, source, 1);
    for (; bytes > 0; bytes--)
        *target++ = *source++;
}

#endif
