#include "weiss/bytes.h"

#include <stdlib.h>
#include <string.h>

bool weiss_bytes_parse(const char *text, int64_t *bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    char *end;
    long long n = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || n <= 0)
        return false;
    end += strspn(end, " ");
    for (int i = 0; i < 5; i++) {
        if (strcmp(end, units[i]) != 0 || n > (INT64_MAX >> (10 * i)))
            continue;
        *bytes = n << (10 * i);
        return true;
    }
    return false;
}
