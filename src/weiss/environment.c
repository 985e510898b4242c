#include "weiss/environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char **weiss_environment_keep(void)
{
    size_t n = 0;
    while (environ[n] != NULL)
        n++;
    char **kept = calloc(n + 1, sizeof *kept);
    for (size_t i = 0; kept != NULL && i < n; i++)
        kept[i] = strdup(environ[i]);
    return kept;
}

void weiss_environment_restore(char **kept)
{
    if (kept == NULL || clearenv() != 0)
        return;
    for (char **text = kept; *text != NULL; text++) {
        char *value = strchr(*text, '=');
        if (value != NULL) {
            *value = '\0';
            setenv(*text, value + 1, 1);
        }
        free(*text);
    }
    free(kept);
}
