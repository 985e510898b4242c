#include "output/pvd.h"

#include "base/file.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void weiss_snapshots_name(const char *folder, int64_t number, const char *suffix, char *name, size_t size)
{
    snprintf(name, size, "%s/m-%06" PRId64 "%s", folder, number, suffix);
}

void weiss_snapshots_remove(const char *folder, const char *suffix, int64_t first)
{
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        int64_t number;
        int end = 0;
        if (sscanf(entry->d_name, "m-%" SCNd64 "%n", &number, &end) == 1 && end > 0 &&
            strcmp(entry->d_name + end, suffix) == 0 && number >= first)
            unlinkat(dirfd(listing), entry->d_name, 0);
    }
    closedir(listing);
}

int weiss_pvd_add(weiss_pvd *pvd, double time, int stage)
{
    WEISS_TRY(weiss_grow(pvd->ctx, &pvd->entry, &pvd->capacity, pvd->count + 1, sizeof *pvd->entry));
    pvd->entry[pvd->count++] = (weiss_pvd_entry){.time = time, .stage = stage};
    return 0;
}

static bool times_ascend(const weiss_pvd *pvd)
{
    for (size_t i = 1; i < pvd->count; i++)
        if (!(pvd->entry[i].time > pvd->entry[i - 1].time))
            return false;
    return true;
}

int weiss_pvd_write(const weiss_pvd *pvd, const char *path)
{
    weiss_new_file file;
    bool by_time = times_ascend(pvd);
    WEISS_TRY(weiss_file_begin(pvd->ctx, path, &file));
    fprintf(file.stream, "<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" version=\"0.1\" "
                         "byte_order=\"LittleEndian\">\n  <Collection>\n");
    for (size_t i = 0; i < pvd->count; i++) {
        char name[64];
        weiss_snapshots_name("fields", (int64_t)i, ".vtu", name, sizeof name);
        fprintf(file.stream, "    <DataSet timestep=\"%.15g\" group=\"\" part=\"0\" file=\"%s\"/>",
                by_time ? pvd->entry[i].time : (double)i, name);
        fprintf(file.stream, "<!-- t %.17g s, stage %d -->\n", pvd->entry[i].time, pvd->entry[i].stage);
    }
    fprintf(file.stream, "  </Collection>\n</VTKFile>\n");
    return weiss_file_commit(pvd->ctx, &file);
}

int weiss_pvd_read(weiss_pvd *pvd, const char *path, int64_t count)
{
    int code = 0;
    char *text = NULL;
    size_t length;
    WEISS_TRY(weiss_file_read(pvd->ctx, path, (size_t)1 << 30, &text, &length));
    const char *at = text;
    for (int64_t i = 0; i < count; i++) {
        weiss_pvd_entry entry;
        at = strstr(at, "<!-- t ");
        if (at == NULL || sscanf(at, "<!-- t %lf s, stage %d -->", &entry.time, &entry.stage) != 2) {
            code = weiss_fail(pvd->ctx, WEISS_ERR_SYNTAX,
                              "%s: lists %" PRId64 " snapshots, expected at least %" PRId64, path, i, count);
            break;
        }
        at++;
        WEISS_TRY_OUT(code, weiss_pvd_add(pvd, entry.time, entry.stage));
    }
out:
    free(text);
    return code;
}

void weiss_pvd_free(weiss_pvd *pvd)
{
    free(pvd->entry);
    pvd->entry = NULL;
    pvd->count = pvd->capacity = 0;
}
