#include "cloud/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void weiss_words_add(weiss_words *words, const char *format, ...)
{
    va_list args;
    char *word = NULL;
    if (words->count == WEISS_WORDS_MAX) {
        words->full = true;
        return;
    }
    va_start(args, format);
    if (vasprintf(&word, format, args) < 0)
        word = NULL;
    va_end(args);
    if (word == NULL)
        words->full = true;
    else
        words->word[words->count++] = word;
}

void weiss_words_list(weiss_words *words, ...)
{
    va_list args;
    const char *word;
    va_start(args, words);
    while ((word = va_arg(args, const char *)) != NULL)
        weiss_words_add(words, "%s", word);
    va_end(args);
}

void weiss_words_clear(weiss_words *words)
{
    for (int i = 0; i < words->count; i++)
        free(words->word[i]);
    *words = (weiss_words){0};
}
