/* A place in a file that lies in memory, and careful steps forward from it: through text or binary numbers alike. */
#ifndef WEISS_MESH_CURSOR_H
#define WEISS_MESH_CURSOR_H

#include "base/context.h"

typedef struct weiss_cursor {
    weiss_context *ctx; /**< borrowed */
    const char *path; /**< for messages; borrowed */
    const char *data; /**< borrowed; need not end with a zero */
    size_t length, at;
    long line; /**< of at, from 1; means nothing in binary files */
    bool binary; /**< numbers are binary, else text */
    bool bytes_named; /**< messages name bytes instead of lines */
    bool swapped; /**< binary numbers have the other byte order */
} weiss_cursor;

/** Stores "PATH:LINE: ..." or "PATH: byte N: ..." (what cannot be printed becomes a dot) and returns @p code. */
int weiss_cursor_fail(const weiss_cursor *c, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Makes text of a file fit for a message: what cannot be printed becomes a dot. */
void weiss_make_printable(char *text);

/** Moves over blanks and ends of lines (text and words only). */
void weiss_cursor_skip_blanks(weiss_cursor *c);

/** Copies the next word (up to a blank), cut to fit; a zero byte becomes a 1. False at the end of the file. */
bool weiss_cursor_word(weiss_cursor *c, char *word, size_t size);

/** Copies the next word and fails when it is not @p expected. @return 0, WEISS_ERR_SYNTAX */
int weiss_cursor_expect(weiss_cursor *c, const char *expected);

/** The rest of the line, without blanks at its ends, cut to fit; moves to the next line. False at the end of the file. */
bool weiss_cursor_rest_of_line(weiss_cursor *c, char *text, size_t size);

/** Moves behind the next line that starts with @p mark. False (cursor unmoved) when there is none. */
bool weiss_cursor_find_line(weiss_cursor *c, const char *mark);

/** Numbers: a word of text, or 4 bytes (int), 8 bytes (size, real). @p what completes "expected ...".
 *  Text integers are always read in full; @return 0, WEISS_ERR_SYNTAX (also for a real that is not finite) */
int weiss_cursor_int(weiss_cursor *c, const char *what, int32_t *value);
int weiss_cursor_size(weiss_cursor *c, const char *what, int64_t *value);
int weiss_cursor_real(weiss_cursor *c, const char *what, double *value);

/** Reads a count and refuses one that the rest of the file has no room for. @p least bytes that one item needs at least,
 *  in text and in binary. @p wide: 8 bytes in binary files, else 4. @return 0, WEISS_ERR_SYNTAX */
int weiss_cursor_count(weiss_cursor *c, const char *what, bool wide, size_t least_text, size_t least_binary,
                       int64_t *count);

/** Moves over @p count numbers of @p bytes bytes each (binary), or @p count words (text). @return 0, WEISS_ERR_SYNTAX */
int weiss_cursor_skip(weiss_cursor *c, const char *what, int64_t count, size_t bytes);

#endif
