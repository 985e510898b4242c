#include "cloud/tuning/reading.h"

#include "cloud/files.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Path below the root. */
static void full(const weiss_tuning_machine *machine, char *out, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void full(const weiss_tuning_machine *machine, char *out, const char *format, va_list args)
{
    int used = snprintf(out, WEISS_PATH, "%s", machine->root);
    if (used >= 0 && used < WEISS_PATH)
        vsnprintf(out + used, WEISS_PATH - (size_t)used, format, args);
}

bool weiss_tuning_read(const weiss_tuning_machine *machine, char *out, size_t size, const char *format, ...)
{
    char path[WEISS_PATH];
    va_list args;
    va_start(args, format);
    full(machine, path, format, args);
    va_end(args);
    long length = weiss_read_text(path, out, size);
    if (length > 0 && out[length - 1] == '\n')
        out[length - 1] = '\0';
    return length >= 0;
}

long long weiss_tuning_number(const weiss_tuning_machine *machine, long long without, const char *format, ...)
{
    char path[WEISS_PATH], text[64], *end;
    va_list args;
    va_start(args, format);
    full(machine, path, format, args);
    va_end(args);
    if (weiss_read_text(path, text, sizeof text) < 0)
        return without;
    long long number = strtoll(text, &end, 10);
    return end != text ? number : without;
}

bool weiss_tuning_there(const weiss_tuning_machine *machine, const char *format, ...)
{
    char path[WEISS_PATH];
    va_list args;
    va_start(args, format);
    full(machine, path, format, args);
    va_end(args);
    return access(path, F_OK) == 0;
}

bool weiss_tuning_link(const weiss_tuning_machine *machine, char *out, size_t size, const char *format, ...)
{
    char path[WEISS_PATH], target[WEISS_PATH];
    va_list args;
    va_start(args, format);
    full(machine, path, format, args);
    va_end(args);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(out, size, "%s", slash != NULL ? slash + 1 : target);
    return length > 0;
}

void weiss_tuning_glob(const weiss_tuning_machine *machine, const char *pattern, glob_t *found)
{
    char path[WEISS_PATH];
    snprintf(path, sizeof path, "%s%s", machine->root, pattern);
    if (glob(path, 0, NULL, found) != 0) {
        globfree(found);
        *found = (glob_t){0};
    }
}

const char *weiss_tuning_bare(const weiss_tuning_machine *machine, const char *path)
{
    return path + strlen(machine->root);
}

int weiss_tuning_count(const weiss_tuning_machine *machine, const char *format, ...)
{
    char path[WEISS_PATH];
    glob_t found;
    va_list args;
    va_start(args, format);
    full(machine, path, format, args);
    va_end(args);
    int count = glob(path, 0, NULL, &found) == 0 ? (int)found.gl_pathc : 0;
    if (count > 0)
        globfree(&found);
    return count;
}

long long weiss_tuning_field(const char *text, const char *name, long long without)
{
    size_t length = strlen(name);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            return strtoll(line + length + 1, NULL, 10);
    }
    return without;
}

void weiss_tuning_chosen(char *text)
{
    char *start = strchr(text, '['), *end = start != NULL ? strchr(start, ']') : NULL;
    if (end == NULL)
        return;
    *end = '\0';
    memmove(text, start + 1, strlen(start + 1) + 1);
}

bool weiss_tuning_mount(const weiss_tuning_machine *machine, const char *point, char *options, size_t size)
{
    char path[WEISS_PATH], line[WEISS_PATH], where[1024], how[1024];
    bool found = false;
    snprintf(path, sizeof path, "%s/proc/mounts", machine->root);
    FILE *file = fopen(path, "re");
    options[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%*s %1023s %*s %1023s", where, how) == 2 && strcmp(where, point) == 0) {
            snprintf(options, size, "%s", how);
            found = true;
        }
    }
    if (file != NULL)
        fclose(file);
    return found;
}

bool weiss_tuning_word(const char *text, char separator, const char *name, char *out, size_t size)
{
    size_t length = strlen(name);
    const char ends[] = {separator, ' ', '\n', '\0'};
    for (const char *word = text; word != NULL; word = strchr(word, separator)) {
        word += *word == separator && word != text;
        if (strncmp(word, name, length) == 0 && word[length] == '=') {
            snprintf(out, size, "%.*s", (int)strcspn(word + length + 1, ends), word + length + 1);
            return true;
        }
        if (*word == '\0')
            break;
    }
    return false;
}

hwloc_bitmap_t weiss_tuning_cpus(const char *list)
{
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    bool right = list[strspn(list, "0123456789,-")] == '\0' && strstr(list, "--") == NULL;
    if (cpus != NULL && right && hwloc_bitmap_list_sscanf(cpus, list) == 0 && hwloc_bitmap_weight(cpus) >= 0)
        return cpus;
    hwloc_bitmap_free(cpus);
    return NULL;
}

hwloc_bitmap_t weiss_tuning_cpus_of(const weiss_tuning_machine *machine, const char *path)
{
    char list[WEISS_TUNING_TEXT];
    return weiss_tuning_read(machine, list, sizeof list, "%s", path) ? weiss_tuning_cpus(list) : NULL;
}

const char *weiss_tuning_cpu_list(hwloc_const_bitmap_t cpus, char *out, size_t size)
{
    hwloc_bitmap_list_snprintf(out, size, cpus);
    return out;
}

void weiss_tuning_say(weiss_tuning_finding *finding, weiss_tuning_verdict verdict, const char *file,
                      const char *format, ...)
{
    va_list args;
    finding->verdict = verdict;
    snprintf(finding->file, sizeof finding->file, "%s", file);
    va_start(args, format);
    vsnprintf(finding->value, sizeof finding->value, format, args);
    va_end(args);
}

void weiss_tuning_advise(weiss_tuning_finding *finding, const char *format, ...)
{
    size_t used = strlen(finding->advice);
    va_list args;
    if (used > 0 && used + 1 < sizeof finding->advice)
        finding->advice[used++] = '\n';
    va_start(args, format);
    vsnprintf(finding->advice + used, sizeof finding->advice - used, format, args);
    va_end(args);
}

void weiss_tuning_change_add(const weiss_tuning_machine *machine, weiss_tuning_changes *changes,
                             weiss_tuning_kind kind, const char *value, const char *old, const char *format,
                             ...)
{
    weiss_tuning_change change = {.kind = kind};
    va_list args;
    va_start(args, format);
    vsnprintf(change.path, sizeof change.path, format, args);
    va_end(args);
    snprintf(change.value, sizeof change.value, "%s", value);
    snprintf(change.old, sizeof change.old, "%s", old);
    if (kind == WEISS_TUNING_WRITE) {
        weiss_tuning_read(machine, change.old, sizeof change.old, "%s", change.path);
        weiss_tuning_chosen(change.old);
    }
    if (kind == WEISS_TUNING_DIRECTORY ? weiss_tuning_there(machine, "%s", change.path)
                                       : strcmp(change.old, change.value) == 0)
        return;
    if (changes->count == changes->room) {
        int room = 2 * changes->room + 8;
        weiss_tuning_change *list = realloc(changes->list, (size_t)room * sizeof *list);
        changes->failed = changes->failed || list == NULL;
        if (list == NULL)
            return;
        changes->list = list;
        changes->room = room;
    }
    changes->list[changes->count++] = change;
}

void weiss_tuning_changes_clear(weiss_tuning_changes *changes)
{
    free(changes->list);
    *changes = (weiss_tuning_changes){0};
}
