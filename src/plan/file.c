#include "plan/file.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int weiss_plan_read_file(const char *path, size_t limit, char **text, size_t *length, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    int code = 0;
    size_t size = 0, used = 0;
    FILE *from = fopen(path, "rb");
    *text = NULL;
    if (from == NULL)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: cannot be read: %s", weiss_text_show(path, shown),
                               strerror(errno));
    for (;;) {
        if (used + 1 >= size) {
            size = size > 0 ? 2 * size : 65536;
            char *larger = realloc(*text, size);
            if (larger == NULL) {
                code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
                break;
            }
            *text = larger;
        }
        errno = 0;
        size_t n = fread(*text + used, 1, size - used - 1, from);
        used += n;
        if (used > limit)
            code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s: is larger than %zu MB",
                                   weiss_text_show(path, shown), limit >> 20);
        else if (ferror(from))
            code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s: cannot be read: %s",
                                   weiss_text_show(path, shown), strerror(errno));
        if (code != 0 || n == 0)
            break;
    }
    fclose(from);
    if (code != 0) {
        free(*text);
        *text = NULL;
        return code;
    }
    (*text)[used] = '\0';
    *length = used;
    return 0;
}
