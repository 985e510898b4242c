#include "mesh/cursor.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void weiss_make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if (!isprint((unsigned char)*text))
            *text = '.';
}

int weiss_cursor_fail(const weiss_cursor *c, int code, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    weiss_make_printable(text);
    if (c->bytes_named)
        return weiss_fail(c->ctx, code, "%s: byte %zu: %s", c->path, c->at, text);
    return weiss_fail(c->ctx, code, "%s:%ld: %s", c->path, c->line, text);
}

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}

void weiss_cursor_skip_blanks(weiss_cursor *c)
{
    for (; c->at < c->length && is_blank(c->data[c->at]); c->at++)
        c->line += c->data[c->at] == '\n';
}

bool weiss_cursor_word(weiss_cursor *c, char *word, size_t size)
{
    size_t n = 0;
    weiss_cursor_skip_blanks(c);
    for (; c->at < c->length && !is_blank(c->data[c->at]); c->at++)
        if (n + 1 < size) /* a zero must not end the word early: zeros are no number */
            word[n++] = (char)(c->data[c->at] != '\0' ? c->data[c->at] : '\1');
    word[n] = '\0';
    return n > 0;
}

/** A failure that quotes the next word. The cursor stands before it. */
static int fail_at_word(const weiss_cursor *before, const char *expected)
{
    weiss_cursor c = *before;
    char word[48];
    weiss_cursor_skip_blanks(&c);
    weiss_cursor place = c;
    if (!weiss_cursor_word(&c, word, sizeof word))
        return weiss_cursor_fail(&place, WEISS_ERR_SYNTAX, "the file ends here: expected %s", expected);
    return weiss_cursor_fail(&place, WEISS_ERR_SYNTAX, "expected %s, found \"%s\"", expected, word);
}

int weiss_cursor_expect(weiss_cursor *c, const char *expected)
{
    weiss_cursor before = *c;
    char word[64];
    if (!weiss_cursor_word(c, word, sizeof word) || strcmp(word, expected) != 0)
        return fail_at_word(&before, expected);
    return 0;
}

bool weiss_cursor_rest_of_line(weiss_cursor *c, char *text, size_t size)
{
    size_t n = 0;
    if (c->at >= c->length)
        return false;
    while (c->at < c->length && c->data[c->at] != '\n' && is_blank(c->data[c->at]))
        c->at++;
    for (; c->at < c->length && c->data[c->at] != '\n'; c->at++)
        if (n + 1 < size)
            text[n++] = c->data[c->at];
    while (n > 0 && is_blank(text[n - 1]))
        n--;
    text[n] = '\0';
    if (c->at < c->length) {
        c->at++;
        c->line++;
    }
    return true;
}

bool weiss_cursor_find_line(weiss_cursor *c, const char *mark)
{
    size_t n = strlen(mark);
    long line = c->line;
    for (size_t at = c->at; at + n <= c->length;) {
        bool found = (at == 0 || c->data[at - 1] == '\n') && memcmp(c->data + at, mark, n) == 0;
        const char *end = memchr(c->data + at, '\n', c->length - at);
        at = end != NULL ? (size_t)(end - c->data) + 1 : c->length;
        line += end != NULL;
        if (found) {
            c->at = at;
            c->line = line;
            return true;
        }
    }
    return false;
}

static int read_bytes(weiss_cursor *c, const char *what, void *value, size_t size)
{
    unsigned char bytes[8];
    if (c->length - c->at < size)
        return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "the file ends within %s", what);
    memcpy(bytes, c->data + c->at, size);
    for (size_t i = 0; c->swapped && i < size / 2; i++) {
        unsigned char first = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = first;
    }
    memcpy(value, bytes, size);
    c->at += size;
    return 0;
}

static int read_text_integer(weiss_cursor *c, const char *what, int64_t least, int64_t most, int64_t *value)
{
    weiss_cursor before = *c;
    char word[32], *end;
    errno = 0;
    if (!weiss_cursor_word(c, word, sizeof word) || strlen(word) + 1 == sizeof word)
        return fail_at_word(&before, what);
    long long number = strtoll(word, &end, 10);
    if (*end != '\0' || errno != 0 || number < least || number > most)
        return fail_at_word(&before, what);
    *value = number;
    return 0;
}

int weiss_cursor_int(weiss_cursor *c, const char *what, int32_t *value)
{
    int64_t wide = 0;
    if (c->binary)
        return read_bytes(c, what, value, sizeof *value);
    WEISS_TRY(read_text_integer(c, what, INT32_MIN, INT32_MAX, &wide));
    *value = (int32_t)wide;
    return 0;
}

int weiss_cursor_size(weiss_cursor *c, const char *what, int64_t *value)
{
    if (c->binary)
        return read_bytes(c, what, value, sizeof *value);
    return read_text_integer(c, what, INT64_MIN, INT64_MAX, value);
}

int weiss_cursor_real(weiss_cursor *c, const char *what, double *value)
{
    weiss_cursor before = *c;
    if (c->binary) {
        WEISS_TRY(read_bytes(c, what, value, sizeof *value));
        if (!isfinite(*value))
            return weiss_cursor_fail(&before, WEISS_ERR_SYNTAX, "expected %s, a finite number, found %g",
                                     what, *value);
        return 0;
    }
    char word[64], *end;
    if (!weiss_cursor_word(c, word, sizeof word) || strlen(word) + 1 == sizeof word)
        return fail_at_word(&before, what);
    *value = strtod(word, &end);
    if (*end != '\0' || !isfinite(*value))
        return fail_at_word(&before, what);
    return 0;
}

int weiss_cursor_count(weiss_cursor *c, const char *what, bool wide, size_t least_text, size_t least_binary,
                       int64_t *count)
{
    weiss_cursor before = *c;
    int32_t narrow;
    if (wide) {
        WEISS_TRY(weiss_cursor_size(c, what, count));
    } else {
        WEISS_TRY(weiss_cursor_int(c, what, &narrow));
        *count = narrow;
    }
    size_t room = (c->length - c->at) / (c->binary ? least_binary : least_text);
    if (!c->binary)
        weiss_cursor_skip_blanks(&before);
    if (*count < 0 || (uint64_t)*count > room)
        return weiss_cursor_fail(&before, WEISS_ERR_SYNTAX,
                                 "%s: found %lld: expected 0 to %zu, for which the rest of the file has room",
                                 what, (long long)*count, room);
    return 0;
}

int weiss_cursor_skip(weiss_cursor *c, const char *what, int64_t count, size_t bytes)
{
    if (c->binary) {
        if (count < 0 || (uint64_t)count > (c->length - c->at) / bytes)
            return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "the file ends within %s", what);
        c->at += (size_t)count * bytes;
        return 0;
    }
    for (int64_t i = 0; i < count; i++) {
        char word[2];
        weiss_cursor before = *c;
        if (!weiss_cursor_word(c, word, sizeof word) || word[0] == '$')
            return fail_at_word(&before, what);
    }
    return 0;
}
