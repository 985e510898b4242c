/* Text for messages: foreign text made safe to print, and the nearest of several known words. */
#ifndef WEISS_BASE_TEXT_H
#define WEISS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** Room that weiss_text_show never exceeds, NUL included. */
#define WEISS_TEXT_SHOWN 96

/** Copies @p text so that it can be printed at a terminal: control characters and bytes that are not UTF-8 become
 *  `\xNN`, and a long text is cut short with "...". @p out has room for WEISS_TEXT_SHOWN bytes. Returns @p out. */
char *weiss_text_show(const char *text, char *out);

/** Number of edits (insert, delete, replace, swap neighbours) that turn @p a into @p b, doubled; a letter in the wrong
 *  case counts 1. Only the first 64 bytes of each are compared. */
int weiss_text_distance(const char *a, const char *b);

/** The word nearest to a mistyped one. */
typedef struct weiss_nearest {
    const char *wanted; /**< what was typed; borrowed */
    const char *best; /**< NULL as long as no candidate is near enough; borrowed */
    int distance; /**< of best */
} weiss_nearest;

weiss_nearest weiss_nearest_start(const char *wanted);
/** Considers @p candidate. Words that differ in more than a third of their letters are not near. */
void weiss_nearest_consider(weiss_nearest *nearest, const char *candidate);

#endif
