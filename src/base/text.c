#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COMPARED 64

/* Length of the printable UTF-8 character at s, 0 when there is none. */
static size_t printable_length(const unsigned char *s)
{
    static const struct {
        unsigned char mask, lead, first_min;
        size_t length;
    } form[] = {{0xe0, 0xc0, 0x80, 2}, {0xf0, 0xe0, 0x80, 3}, {0xf8, 0xf0, 0x80, 4}};
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f;
    for (size_t f = 0; f < sizeof form / sizeof *form; f++) {
        if ((s[0] & form[f].mask) != form[f].lead)
            continue;
        for (size_t i = 1; i < form[f].length; i++)
            if ((s[i] & 0xc0) != 0x80)
                return 0;
        bool overlong = s[0] < 0xc2 || (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
        bool surrogate = s[0] == 0xed && s[1] >= 0xa0;
        bool beyond = s[0] > 0xf4 || (s[0] == 0xf4 && s[1] > 0x8f);
        bool control = s[0] == 0xc2 && s[1] < 0xa0;
        bool direction = s[0] == 0xe2 && ((s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) ||
                                          (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
        return overlong || surrogate || beyond || control || direction ? 0 : form[f].length;
    }
    return 0;
}

char *weiss_text_show(const char *text, char *out)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t used = 0;
    while (*s != '\0') {
        size_t length = printable_length(s), needed = length > 0 ? length : 4;
        if (used + needed + 4 > WEISS_TEXT_SHOWN) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (length > 0)
            memcpy(out + used, s, length);
        else
            snprintf(out + used, 5, "\\x%02x", *s);
        used += needed;
        s += length > 0 ? length : 1;
    }
    out[used] = '\0';
    return out;
}

static int replacement_cost(char a, char b)
{
    if (a == b)
        return 0;
    return tolower((unsigned char)a) == tolower((unsigned char)b) ? 1 : 2;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: three rows of the usual table. */
int weiss_text_distance(const char *a, const char *b)
{
    int row[3][COMPARED + 1];
    size_t na = strnlen(a, COMPARED), nb = strnlen(b, COMPARED);
    for (size_t j = 0; j <= nb; j++)
        row[0][j] = 2 * (int)j;
    for (size_t i = 1; i <= na; i++) {
        int *now = row[i % 3], *before = row[(i - 1) % 3], *earlier = row[(i + 1) % 3];
        now[0] = 2 * (int)i;
        for (size_t j = 1; j <= nb; j++) {
            now[j] = smaller(before[j] + 2, now[j - 1] + 2);
            now[j] = smaller(now[j], before[j - 1] + replacement_cost(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = smaller(now[j], earlier[j - 2] + 2);
        }
    }
    return row[na % 3][nb];
}

weiss_nearest weiss_nearest_start(const char *wanted)
{
    return (weiss_nearest){.wanted = wanted, .best = NULL, .distance = 0};
}

void weiss_nearest_consider(weiss_nearest *nearest, const char *candidate)
{
    size_t typed = strnlen(nearest->wanted, COMPARED), known = strnlen(candidate, COMPARED);
    int longer = (int)(typed > known ? typed : known);
    int distance = weiss_text_distance(nearest->wanted, candidate);
    if (distance > 2 * ((longer + 2) / 3) || distance >= 2 * longer)
        return;
    if (nearest->best == NULL || distance < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}
