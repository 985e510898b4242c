#include "weiss/temporary.h"

#include <stdio.h>
#include <stdlib.h>

bool weiss_temporary_directory(const char *name, char path[PATH_MAX])
{
    const char *parent = getenv("TMPDIR");
    snprintf(path, PATH_MAX, "%.3900s/%.100s-XXXXXX", parent != NULL ? parent : "/tmp", name);
    return mkdtemp(path) != NULL;
}
