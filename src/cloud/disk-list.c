/* The images for users' machines that are in the cache. */
#include "cloud/disk.h"
#include "cloud/image-private.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_name(const char *text)
{
    return strlen(text) == WEISS_DISK_NAME && text[strspn(text, "0123456789abcdef")] == '\0';
}

/** Number of lines of a file. */
static int count_lines(const char *path)
{
    char text[1 << 16];
    int n = 0;
    weiss_read_text(path, text, sizeof text);
    for (const char *c = text; *c != '\0'; c++)
        n += *c == '\n';
    return n;
}

/** Reads what is known of one image. */
static void look(const char *cache, const char *name, weiss_disk *disk)
{
    static const char *const files[] = {"root.img", "core.img", "contents"};
    char path[WEISS_PATH + 32];
    struct stat status;
    *disk = (weiss_disk){0};
    snprintf(disk->name, sizeof disk->name, "%.16s", name);
    snprintf(disk->directory, sizeof disk->directory, "%.4000s/%.16s", cache, name);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", disk->directory, files[i]);
        if (stat(path, &status) == 0)
            disk->bytes += (int64_t)status.st_blocks * 512;
    }
    if (stat(path, &status) == 0)
        disk->made = status.st_mtime;
    disk->packages = count_lines(path);
    snprintf(path, sizeof path, "%s/debs", disk->directory);
    weiss_read_text(path, disk->debs, sizeof disk->debs);
}

static int newest_first(const void *a, const void *b)
{
    const weiss_disk *x = a, *y = b;
    return x->made < y->made ? 1 : x->made > y->made ? -1 : strcmp(x->name, y->name);
}

int weiss_disk_list(weiss_disk disks[WEISS_DISKS_MAX], weiss_fault *fault)
{
    char cache[WEISS_PATH];
    struct dirent *entry;
    int n = 0;
    WEISS_FAULT_TRY(weiss_image_cache_of("images", cache, fault));
    DIR *directory = opendir(cache);
    if (directory == NULL)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be read: %s", cache, strerror(errno));
    while (n < WEISS_DISKS_MAX && (entry = readdir(directory)) != NULL)
        if (is_name(entry->d_name))
            look(cache, entry->d_name, &disks[n++]);
    closedir(directory);
    qsort(disks, (size_t)n, sizeof *disks, newest_first);
    return n;
}

/** The one whose name begins so. @return 0, WEISS_ERR_FILE */
static int choose(const weiss_disk *disks, int n, const char *name, weiss_disk *disk, weiss_fault *fault)
{
    int found = 0;
    for (int i = 0; i < n; i++)
        if (strncmp(disks[i].name, name, strlen(name)) == 0 && found++ == 0)
            *disk = disks[i];
    if (found == 1)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_FILE,
                           found == 0
                               ? "there is no image \"%.80s\"; `weiss image list` shows which there are"
                               : "several images have names that begin with \"%.80s\"; `weiss image list` "
                                 "shows them",
                           name);
}

int weiss_disk_find(const char *name, weiss_disk *disk, weiss_fault *fault)
{
    weiss_disk *disks = calloc(WEISS_DISKS_MAX, sizeof *disks);
    if (disks == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    int n = weiss_disk_list(disks, fault), code = n < 0 ? n : 0;
    if (n == 0)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "there is no image; `weiss image build` makes one");
    else if (n > 0 && name != NULL)
        code = choose(disks, n, name, disk, fault);
    else if (n > 0)
        *disk = disks[0];
    free(disks);
    return code;
}

int weiss_disk_remove(const weiss_disk *disk, const weiss_lab_watch *watch, weiss_fault *fault)
{
    char cache[WEISS_PATH], going[WEISS_PATH + 32];
    int lock;
    WEISS_FAULT_TRY(weiss_image_cache_of("images", cache, fault));
    WEISS_FAULT_TRY(weiss_image_lock(cache, watch, &lock, fault));
    snprintf(going, sizeof going, "%s/new", cache); /* what is left of it goes when the next one is made */
    weiss_remove_tree(going);
    int code = rename(disk->directory, going) == 0
                   ? 0
                   : weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be removed: %s", disk->directory,
                                     strerror(errno));
    weiss_remove_tree(going);
    close(lock);
    return code;
}
