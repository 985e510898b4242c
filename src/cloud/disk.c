#include "cloud/disk.h"

#include "cloud/guest/texts.h"
#include "cloud/image-private.h"
#include "cloud/process.h"
#include "cloud/words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/** Packages that each image has, beside Debian's required ones: a system that boots, is reached over ssh and runs MPI. */
static const char *const packages[] = {"linux-image-cloud-amd64",
                                       "initramfs-tools",
                                       "grub-pc-bin",
                                       "grub2-common",
                                       "systemd-sysv",
                                       "dbus",
                                       "udev",
                                       "cloud-init",
                                       "cloud-guest-utils",
                                       "e2fsprogs",
                                       "fdisk",
                                       "ifupdown",
                                       "isc-dhcp-client",
                                       "iproute2",
                                       "netbase",
                                       "ca-certificates",
                                       "openssh-server",
                                       "sudo",
                                       "kmod",
                                       "zstd", /* unpacked several times sooner than what gzip makes of the first file system */
                                       "numactl",
                                       "openmpi-bin",
                                       NULL};

/** Seconds that making an image may take. */
#define PATIENCE 7200

/** Seconds that it gets to remove its files when it is stopped. */
#define GRACE 60

/** How often an option may be given, at most. */
#define GIVEN_MAX 100

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/** Names of packages are words of a list for apt. */
static int check_name(const char *name, weiss_fault *fault)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    if (name[0] != '\0' && strchr(letters, name[0]) != NULL &&
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789+-.")] == '\0')
        return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_USAGE,
        "--package needs the name of a Debian package (small letters, digits, +, - and .); "
        "found \"%.80s\"",
        name);
}

/** Goes on with a hash by what a package file has in it. */
static int hash_deb(const char *path, uint64_t *sum, weiss_fault *fault)
{
    static const char start[] = "!<arch>\ndebian-binary";
    unsigned char bytes[1 << 16];
    size_t length;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--deb %s: %s", path, strerror(errno));
    bool right = true, first = true;
    for (; right && (length = fread(bytes, 1, sizeof bytes, file)) > 0; first = false) {
        right = !first || (length > sizeof start && memcmp(bytes, start, sizeof start - 1) == 0);
        *sum = weiss_image_hash_bytes(*sum, bytes, length);
    }
    right = right && !first && ferror(file) == 0;
    fclose(file);
    if (!right || strlen(path) < 5 || strcmp(path + strlen(path) - 4, ".deb") != 0)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--deb %s: expected a Debian package, NAME.deb", path);
    return 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(base_name(*(const char *const *)a), base_name(*(const char *const *)b));
}

/** Copies a list in order, so that the order in which it was typed does not matter. @return how many; < 0: too many */
static int sorted(const char *const *list, int (*compare)(const void *, const void *),
                  const char *out[GIVEN_MAX + 1])
{
    int n = 0;
    for (; list[n] != NULL && n < GIVEN_MAX; n++)
        out[n] = list[n];
    out[n] = NULL;
    qsort(out, (size_t)n, sizeof *out, compare);
    return list[n] == NULL ? n : -1;
}

/** What one image is made from. */
typedef struct recipe {
    weiss_image_source source;
    const char *debs[GIVEN_MAX + 1], *packages[GIVEN_MAX + 1];
    char name[WEISS_DISK_NAME + 1];
} recipe;

/** Checks the packages and finds the name of the image. */
static int understand(const weiss_disk_options *options, recipe *r, weiss_fault *fault)
{
    WEISS_FAULT_TRY(weiss_image_find_source(&r->source, fault));
    int ndebs = sorted(options->debs, compare_files, r->debs);
    if (ndebs < 0 || sorted(options->packages, compare_texts, r->packages) < 0)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "more than %d packages are given", GIVEN_MAX);
    uint64_t sum = weiss_image_hash(r->source.sum, weiss_text_make_disk);
    for (int i = 0; packages[i] != NULL; i++)
        sum = weiss_image_hash(sum, packages[i]);
    for (int i = 0; r->packages[i] != NULL; i++) {
        WEISS_FAULT_TRY(check_name(r->packages[i], fault));
        sum = weiss_image_hash(sum, r->packages[i]);
    }
    for (int i = 0; i < ndebs; i++) {
        if (i > 0 && compare_files(&r->debs[i - 1], &r->debs[i]) == 0)
            return weiss_fault_set(fault, WEISS_ERR_USAGE, "--deb: %s and %s have the same name",
                                   r->debs[i - 1], r->debs[i]);
        sum = weiss_image_hash(sum, base_name(r->debs[i]));
        WEISS_FAULT_TRY(hash_deb(r->debs[i], &sum, fault));
    }
    snprintf(r->name, sizeof r->name, "%016" PRIx64, sum);
    return 0;
}

/** Gathers the package files in @p directory, and their names in a text beside it. */
static int gather(const recipe *r, const char *directory, const char *list, weiss_fault *fault)
{
    char path[WEISS_PATH + 512], real[WEISS_PATH], names[8192] = "";
    size_t used = 0;
    WEISS_FAULT_TRY(weiss_make_directories(directory, fault));
    for (int i = 0; r->debs[i] != NULL; i++) {
        const char *name = base_name(r->debs[i]);
        snprintf(path, sizeof path, "%s/%.300s", directory, name);
        if (realpath(r->debs[i], real) == NULL || symlink(real, path) != 0)
            return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: %s", r->debs[i], strerror(errno));
        int length = (int)strlen(name) - 4;
        if (used + (size_t)length + 2 < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", used > 0 ? " " : "", length,
                                     name);
    }
    return weiss_write_text(list, names, fault);
}

/** Who hears of the stages of a script. */
typedef struct stage_teller {
    const weiss_lab_watch *watch;
    const char *what;
} stage_teller;

static void tell_stage(void *data, const char *line)
{
    const stage_teller *teller = data;
    weiss_lab_say(teller->watch, "%s: %s", teller->what, line);
}

/** Runs a script whose words are freed. Its messages are kept in memory: they matter most when there is no space for files.
 *  @param what  says what it does, "making the image" */
static int run_script(weiss_words *words, const char *what, const weiss_lab_watch *watch, weiss_fault *fault)
{
    char last[700], log[64];
    stage_teller teller = {.watch = watch, .what = what};
    const weiss_process_reader reader = {
        .line = tell_stage, .data = &teller, .stop = watch->stop, .seconds = PATIENCE, .grace = GRACE};
    int exit_code = 0, err = memfd_create("messages", MFD_CLOEXEC);
    snprintf(log, sizeof log, "/proc/self/fd/%d", err);
    const weiss_process_options options = {
        .words = words->word, .in = -1, .err = err, .death_signal = SIGTERM};
    int code = words->full ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory")
                           : weiss_process_run(&options, &reader, &exit_code, fault);
    weiss_words_clear(words);
    if (code == 0 && exit_code != 0)
        code = weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s failed: %s", what,
                               weiss_image_reason(log, last, sizeof last));
    if (err >= 0)
        close(err);
    return code;
}

/** Makes the image in a directory beside its own, then renames. The lock is held. */
static int make(const recipe *r, const char *cache, const char *directory, const weiss_lab_watch *watch,
                weiss_fault *fault)
{
    char fresh[WEISS_PATH + 32], debs[WEISS_PATH + 64], list[WEISS_PATH + 64];
    weiss_words words = {0};
    snprintf(fresh, sizeof fresh, "%s/new", cache);
    snprintf(debs, sizeof debs, "%s/packages", fresh);
    snprintf(list, sizeof list, "%s/debs", fresh);
    weiss_remove_tree(fresh); /* of a command that was killed */
    int code = weiss_make_directories(fresh, fault);
    if (code == 0)
        code = gather(r, debs, list, fault);
    if (code == 0) {
        weiss_lab_say(watch, "making the image; this takes some minutes");
        weiss_words_list(&words, "/bin/sh", "-c", weiss_text_make_disk, "make-disk", fresh, r->source.suite,
                         r->source.file, debs, NULL);
        for (int i = 0; packages[i] != NULL; i++)
            weiss_words_add(&words, "%s", packages[i]);
        for (int i = 0; r->packages[i] != NULL; i++)
            weiss_words_add(&words, "%s", r->packages[i]);
        code = run_script(&words, "making the image", watch, fault);
    }
    weiss_remove_tree(debs);
    if (code == 0 && rename(fresh, directory) != 0)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be renamed to %s: %s", fresh, directory,
                               strerror(errno));
    if (code != 0)
        weiss_remove_tree(fresh);
    return code;
}

int weiss_disk_build(const weiss_disk_options *options, const weiss_lab_watch *watch, weiss_disk *disk,
                     bool *already, weiss_fault *fault)
{
    char cache[WEISS_PATH], directory[WEISS_PATH + 32];
    recipe r = {0};
    int lock, code = 0;
    WEISS_FAULT_TRY(understand(options, &r, fault));
    WEISS_FAULT_TRY(weiss_image_cache_of("images", cache, fault));
    snprintf(directory, sizeof directory, "%s/%s", cache, r.name);
    *already = access(directory, F_OK) == 0;
    if (!*already) {
        WEISS_FAULT_TRY(weiss_image_check_programs(fault));
        WEISS_FAULT_TRY(weiss_image_lock(cache, watch, &lock, fault));
        *already = access(directory, F_OK) == 0;
        if (!*already)
            code = make(&r, cache, directory, watch, fault);
        close(lock);
    }
    return code != 0 ? code : weiss_disk_find(r.name, disk, fault);
}

int weiss_disk_export_check(const char *path, weiss_fault *fault)
{
    static const struct {
        const char *program, *package;
    } needed[] = {{"qemu-img", "qemu-utils"}, {"sfdisk", "fdisk"}};
    char found[WEISS_PATH], parent[WEISS_PATH];
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!weiss_process_find(needed[i].program, found, sizeof found))
            return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                                   "%s, which writes the file of an image, is not installed: install the "
                                   "package %s",
                                   needed[i].program, needed[i].package);
    if (access(path, F_OK) == 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s exists: remove it, or name another file", path);
    snprintf(parent, sizeof parent, "%.4000s", path);
    char *slash = strrchr(parent, '/');
    if (slash != NULL)
        slash[1] = '\0';
    if (access(slash != NULL ? parent : ".", W_OK | X_OK) != 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be written: %s", path, strerror(errno));
    return 0;
}

int weiss_disk_export(const weiss_disk *disk, const char *path, const weiss_lab_watch *watch,
                      weiss_fault *fault)
{
    char fresh[WEISS_PATH + 32], raw[WEISS_PATH + 64];
    weiss_words words = {0};
    WEISS_FAULT_TRY(weiss_disk_export_check(path, fault));
    snprintf(fresh, sizeof fresh, "%.4000s.tmp-%d", path, (int)getpid());
    snprintf(raw, sizeof raw, "%s.raw", fresh);
    weiss_words_list(&words, "/bin/sh", "-c", weiss_text_export_disk, "export-disk", disk->directory, fresh,
                     raw, NULL);
    int code = run_script(&words, "writing the image", watch, fault);
    if (code == 0 && rename(fresh, path) != 0)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be renamed to %s: %s", fresh, path,
                               strerror(errno));
    unlink(raw);
    if (code != 0)
        unlink(fresh);
    return code;
}
