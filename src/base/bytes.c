#include "base/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS 5

static const char *const units[UNITS] = {"B", "KiB", "MiB", "GiB", "TiB"};

bool weiss_bytes_parse(const char *text, int64_t *bytes)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || n <= 0)
        return false;
    end += strspn(end, " ");
    for (int i = 0; i < UNITS; i++) {
        if (strcmp(end, units[i]) != 0 || n > (INT64_MAX >> (10 * i)))
            continue;
        *bytes = n << (10 * i);
        return true;
    }
    return false;
}

char *weiss_bytes_show(int64_t bytes, char *out)
{
    int unit = 0;
    while (bytes != 0 && unit < UNITS - 1 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    snprintf(out, WEISS_BYTES_SHOWN, "%" PRId64 " %s", bytes, units[unit]);
    return out;
}
