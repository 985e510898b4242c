/* Texts changed at random, the same way each time. */
#ifndef TESTS_CLOUD_AGENT_MUTATE_H
#define TESTS_CLOUD_AGENT_MUTATE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline unsigned mutate_dice(uint64_t *random, unsigned n)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (unsigned)(*random >> 33) % n;
}

/** Changes a text at one to four places: bytes, words of @p words, pieces cut out, doubled or cut off. @p text has room for
 *  @p room. @return its new length */
static inline size_t mutate(uint64_t *random, char *text, size_t length, size_t room,
                            const char *const *words, unsigned nwords)
{
    for (unsigned n = 1 + mutate_dice(random, 4); n > 0 && length > 0; n--) {
        size_t place = mutate_dice(random, (unsigned)length), piece = mutate_dice(random, 40);
        const char *word = words[mutate_dice(random, nwords)];
        switch (mutate_dice(random, 6)) {
        case 0:
            text[place] = (char)mutate_dice(random, 256);
            break;
        case 1:
            piece = piece < length - place ? piece : length - place;
            memmove(text + place, text + place + piece, length - place - piece);
            length -= piece;
            break;
        case 2:
            piece = strlen(word);
            if (length + piece >= room)
                break;
            memmove(text + place + piece, text + place, length - place);
            memcpy(text + place, word, piece);
            length += piece;
            break;
        case 3:
            piece = strlen(word) < length - place ? strlen(word) : length - place;
            memcpy(text + place, word, piece);
            break;
        case 4:
            piece = piece < length - place ? piece : length - place;
            if (length + piece >= room)
                break;
            memmove(text + place + piece, text + place, length - place);
            length += piece;
            break;
        default:
            if (mutate_dice(random, 8) == 0)
                length = place;
        }
    }
    return length;
}

/** A whole file with a NUL after it; freed by the caller. Ends the test when it cannot be read. */
static inline char *read_source(const char *name, size_t *length)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("WEISS_SOURCE_ROOT"), name);
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1 << 18);
    if (file == NULL || text == NULL) {
        perror(path);
        exit(1);
    }
    *length = fread(text, 1, (1 << 18) - 1, file);
    fclose(file);
    return text;
}

/** Whether a terminal shows it as it is: no control characters. */
static inline int is_clean(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return 0;
    return 1;
}

#endif
