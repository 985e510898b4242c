#include "base/replace.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int weiss_replace_file(const char *path, void (*write)(FILE *to, const void *data), const void *data,
                       weiss_fault *fault)
{
    char *temporary;
    int code = 0, why = 0;
    if (asprintf(&temporary, "%s.tmp-%ld", path, (long)getpid()) < 0)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    FILE *to = fopen(temporary, "wb");
    if (to == NULL) {
        why = errno;
    } else {
        write(to, data);
        bool good = fflush(to) == 0 && !ferror(to) && fsync(fileno(to)) == 0;
        why = good ? 0 : errno;
        if (fclose(to) != 0 && good)
            why = errno;
        if (why == 0 && rename(temporary, path) != 0)
            why = errno;
        if (why != 0)
            unlink(temporary);
    }
    if (why != 0)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s: cannot be written: %s", path, strerror(why));
    free(temporary);
    return code;
}
