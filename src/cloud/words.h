/* Words of a command line that is being put together. */
#ifndef WEISS_CLOUD_WORDS_H
#define WEISS_CLOUD_WORDS_H

#include <stdbool.h>

#define WEISS_WORDS_MAX 256

typedef struct weiss_words {
    char *word[WEISS_WORDS_MAX + 1]; /**< owned; NULL after the last */
    int count;
    bool full; /**< memory or room ran out: the words are not complete */
} weiss_words;

/** Appends a word. After a failure `full` is true and stays so. */
void weiss_words_add(weiss_words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Appends words as they are. The last argument is NULL. */
void weiss_words_list(weiss_words *words, ...) __attribute__((sentinel));
/** Frees the words. */
void weiss_words_clear(weiss_words *words);

#endif
