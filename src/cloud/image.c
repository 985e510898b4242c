#include "cloud/image.h"

#include "cloud/guest/texts.h"
#include "cloud/image-private.h"
#include "cloud/process.h"
#include "cloud/words.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/** Packages of the root image, beside Debian's essential ones. */
static const char *const packages[] = {"busybox-static", "iproute2",    "kmod",           "mount",
                                       "numactl",        "openmpi-bin", "openssh-server", NULL};

/** Seconds after which an image that nobody used is removed. */
#define FORGET (7 * 24 * 3600)

/** Seconds that making an image may take. */
#define PATIENCE 1800

void weiss_lab_say(const weiss_lab_watch *watch, const char *format, ...)
{
    char line[1024];
    va_list args;
    if (watch == NULL || watch->say == NULL)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    watch->say(watch->data, line);
}

int weiss_image_cache_of(const char *kind, char path[WEISS_PATH], weiss_fault *fault)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache != NULL && cache[0] == '/')
        snprintf(path, WEISS_PATH, "%s/weiss/%s", cache, kind);
    else if (home != NULL && home[0] == '/')
        snprintf(path, WEISS_PATH, "%s/.cache/weiss/%s", home, kind);
    else
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "no place for the image of the machines: neither XDG_CACHE_HOME nor HOME is set");
    return weiss_make_directories(path, fault);
}

int weiss_image_cache(char path[WEISS_PATH], weiss_fault *fault)
{
    return weiss_image_cache_of("lab", path, fault);
}

uint64_t weiss_image_hash_bytes(uint64_t before, const void *bytes, size_t length)
{
    for (const unsigned char *c = bytes, *end = c + length; c < end; c++)
        before = (before ^ *c) * 1099511628211U;
    return before;
}

uint64_t weiss_image_hash(uint64_t before, const char *text)
{
    return weiss_image_hash_bytes(weiss_image_hash_bytes(before, text, strlen(text)), "\377", 1);
}

int weiss_image_find_source(weiss_image_source *s, weiss_fault *fault)
{
    static const char *const files[] = {"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"};
    char text[1 << 16];
    s->file = access(files[0], R_OK) == 0 ? files[0] : files[1];
    const char *line =
        weiss_read_text("/etc/os-release", text, sizeof text) > 0 ? strstr(text, "VERSION_CODENAME=") : NULL;
    if (line == NULL || sscanf(line, "VERSION_CODENAME=%63[a-z]", s->suite) != 1)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "/etc/os-release has no VERSION_CODENAME: images are made from Debian's "
                               "packages, on Debian");
    if (weiss_read_text(s->file, text, sizeof text) <= 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s, apt's sources of Debian packages, cannot be read",
                               s->file);
    s->sum = weiss_image_hash(weiss_image_hash(14695981039346656037U, text), s->suite);
    return 0;
}

/** Where the packages come from, and what the image is called: a hash of all that it is made from. */
typedef struct source {
    weiss_image_source from;
    char key[32];
} source;

static int find_source(source *s, weiss_fault *fault)
{
    WEISS_FAULT_TRY(weiss_image_find_source(&s->from, fault));
    uint64_t sum =
        weiss_image_hash(weiss_image_hash(s->from.sum, weiss_text_make_image), weiss_text_initrd_init);
    for (int i = 0; packages[i] != NULL; i++)
        sum = weiss_image_hash(sum, packages[i]);
    snprintf(s->key, sizeof s->key, "%016" PRIx64, sum);
    return 0;
}

int weiss_image_check_programs(weiss_fault *fault)
{
    char path[WEISS_PATH];
    if (!weiss_process_find("mmdebstrap", path, sizeof path))
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "mmdebstrap, which makes the image of the machines, is not installed: install "
                               "the package mmdebstrap");
    if (geteuid() != 0 && !weiss_process_find("newuidmap", path, sizeof path))
        return weiss_fault_set(
            fault, WEISS_ERR_SYSTEM,
            "newuidmap, without which only root can make the image of the machines, is not "
            "installed: install the package uidmap");
    return 0;
}

static void show_stage(void *data, const char *line)
{
    weiss_lab_say(data, "making the image of the machines: %s", line);
}

/** Runs the script; its messages go to @p log. */
static int run_script(const source *s, const char *directory, int log, const weiss_lab_watch *watch,
                      weiss_fault *fault)
{
    weiss_words words = {0};
    const weiss_process_reader reader = {
        .line = show_stage, .data = (void *)watch, .stop = watch->stop, .seconds = PATIENCE};
    int code = 0;
    weiss_words_list(&words, "/bin/sh", "-c", weiss_text_make_image, "make-image", directory, s->from.suite,
                     s->from.file, weiss_text_initrd_init, NULL);
    for (int i = 0; packages[i] != NULL; i++)
        weiss_words_add(&words, "%s", packages[i]);
    const weiss_process_options options = {
        .words = words.word, .in = -1, .err = log, .death_signal = SIGTERM};
    int result = words.full ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory")
                            : weiss_process_run(&options, &reader, &code, fault);
    weiss_words_clear(&words);
    return result != 0 ? result : code != 0 ? WEISS_RETRY : 0;
}

/** Makes the image in a directory beside its own, then renames. */
const char *weiss_image_reason(const char *log, char *out, size_t size)
{
    static const char *const echoes[] = {"mmdebstrap", "apt-get ", "setup failed", "command failed"};
    static const size_t most = 1 << 20;
    char *text = malloc(most), *rest = text, *line;
    out[0] = '\0';
    if (text != NULL)
        weiss_read_text(log, text, most);
    while (rest != NULL && out[0] == '\0' && (line = strsep(&rest, "\n\r")) != NULL) {
        bool wanted = strncmp(line, "E: ", 3) == 0;
        for (size_t i = 0; i < sizeof echoes / sizeof *echoes; i++)
            wanted = wanted && strncmp(line + 3, echoes[i], strlen(echoes[i])) != 0;
        if (wanted)
            snprintf(out, size, "%s", line + 3);
    }
    free(text);
    return out[0] != '\0' ? out : weiss_last_lines(log, out, size);
}

static int make(const source *s, const char *cache, const char *directory, const weiss_lab_watch *watch,
                weiss_fault *fault)
{
    char fresh[WEISS_PATH + 32], log_path[WEISS_PATH + 64], last[512];
    WEISS_FAULT_TRY(weiss_image_check_programs(fault));
    snprintf(fresh, sizeof fresh, "%s/new-%d", cache, (int)getpid());
    snprintf(log_path, sizeof log_path, "%s/log", fresh);
    weiss_remove_tree(fresh);
    int code = weiss_make_directories(fresh, fault);
    if (code != 0)
        return code;
    weiss_lab_say(watch, "making the image of the machines, once; this takes a minute or two");
    int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    code = run_script(s, fresh, log, watch, fault);
    if (log >= 0)
        close(log);
    if (code == WEISS_RETRY)
        code = weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the image of the machines cannot be made: %s",
                               weiss_image_reason(log_path, last, sizeof last));
    if (code == 0 && rename(fresh, directory) != 0)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be renamed to %s: %s", fresh, directory,
                               strerror(errno));
    if (code != 0)
        weiss_remove_tree(fresh);
    return code;
}

/** Removes images that nobody used for long, and what was left when making one was cut short. The lock is held. */
static void prune(const char *cache, const char *key)
{
    DIR *directory = opendir(cache);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char path[WEISS_PATH + 300];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", cache, entry->d_name);
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, key) == 0 || stat(path, &status) != 0 ||
            !S_ISDIR(status.st_mode))
            continue;
        if (strncmp(entry->d_name, "new-", 4) == 0 || time(NULL) - status.st_mtime > FORGET)
            weiss_remove_tree(path);
    }
    if (directory != NULL)
        closedir(directory);
}

int weiss_image_lock(const char *cache, const weiss_lab_watch *watch, int *lock, weiss_fault *fault)
{
    char path[WEISS_PATH + 32];
    bool told = false;
    snprintf(path, sizeof path, "%s/lock", cache);
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*lock < 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be opened: %s", path, strerror(errno));
    while (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        if (!told)
            weiss_lab_say(watch, "waiting: another command makes an image");
        told = true;
        usleep(100000);
        if (watch->stop != NULL && *watch->stop != 0) {
            close(*lock);
            return WEISS_STOPPED;
        }
    }
    return 0;
}

/** Names the cache, the image in it and what that is made from. */
static int locate(source *s, char cache[WEISS_PATH], char directory[WEISS_PATH], weiss_fault *fault)
{
    int code = find_source(s, fault);
    if (code == 0)
        code = weiss_image_cache(cache, fault);
    if (code == 0 && snprintf(directory, WEISS_PATH, "%s/%s", cache, s->key) >= WEISS_PATH)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s: the name is too long", cache);
    return code;
}

int weiss_image_locate(char directory[WEISS_PATH], weiss_fault *fault)
{
    char cache[WEISS_PATH];
    source s = {0};
    return locate(&s, cache, directory, fault);
}

int weiss_image_obtain(const weiss_lab_watch *watch, char directory[WEISS_PATH], weiss_fault *fault)
{
    char cache[WEISS_PATH];
    source s = {0};
    int code = locate(&s, cache, directory, fault);
    if (code != 0)
        return code;
    if (access(directory, F_OK) != 0) {
        int held;
        WEISS_FAULT_TRY(weiss_image_lock(cache, watch, &held, fault));
        if (access(directory, F_OK) != 0) {
            prune(cache, s.key);
            code = make(&s, cache, directory, watch, fault);
        }
        close(held);
    }
    if (code == 0)
        utimensat(AT_FDCWD, directory, NULL, 0);
    return code;
}
