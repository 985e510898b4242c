/* What steps read with: files below the root of a machine, and what they say of them. Paths start with '/'. */
#ifndef WEISS_CLOUD_TUNING_READING_H
#define WEISS_CLOUD_TUNING_READING_H

#include "cloud/tuning/tuning.h"

#include <glob.h>
#include <hwloc.h>

/** Reads the start of a file, without its last newline. @return false when it cannot be read (@p out is then "") */
bool weiss_tuning_read(const weiss_tuning_machine *machine, char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** Number at the start of a file; @p without when there is none. */
long long weiss_tuning_number(const weiss_tuning_machine *machine, long long without, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** True when the file is there. */
bool weiss_tuning_there(const weiss_tuning_machine *machine, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Last part of what a link leads to. @return false when it is no link (@p out is then "") */
bool weiss_tuning_link(const weiss_tuning_machine *machine, char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** Files that match a pattern, sorted; globfree() them. The names have the root before them: weiss_tuning_bare takes it away. */
void weiss_tuning_glob(const weiss_tuning_machine *machine, const char *pattern, glob_t *found);
const char *weiss_tuning_bare(const weiss_tuning_machine *machine, const char *path);
/** Number of files that match a pattern. */
int weiss_tuning_count(const weiss_tuning_machine *machine, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Number after "NAME:" at the start of a line, as in /proc/meminfo; @p without when there is none. */
long long weiss_tuning_field(const char *text, const char *name, long long without);
/** Word in brackets, as in "always [madvise] never", put at the start of @p text. A text without brackets stays. */
void weiss_tuning_chosen(char *text);
/** Options of a mount point, as in /proc/mounts; the last mount counts. */
bool weiss_tuning_mount(const weiss_tuning_machine *machine, const char *point, char *options, size_t size);
/** Value of NAME=VALUE among words separated by @p separator. @return false when it is not there */
bool weiss_tuning_word(const char *text, char separator, const char *name, char *out, size_t size);
/** A set of processors from a list such as "0-3,8"; free it with hwloc_bitmap_free. NULL when it is no list. */
hwloc_bitmap_t weiss_tuning_cpus(const char *list);
/** The set of processors that a file has; NULL when there is none. */
hwloc_bitmap_t weiss_tuning_cpus_of(const weiss_tuning_machine *machine, const char *path);
/** Writes a set as a list. @return @p out */
const char *weiss_tuning_cpu_list(hwloc_const_bitmap_t cpus, char *out, size_t size);

/** Fills a finding. */
void weiss_tuning_say(weiss_tuning_finding *finding, weiss_tuning_verdict verdict, const char *file,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/** Adds a line to the advice. */
void weiss_tuning_advise(weiss_tuning_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Adds a change. The text behind @p kind is its path. A file that has the value already adds nothing; its old value is read
 *  here, that of other kinds is @p old. */
void weiss_tuning_change_add(const weiss_tuning_machine *machine, weiss_tuning_changes *changes,
                             weiss_tuning_kind kind, const char *value, const char *old, const char *format,
                             ...) __attribute__((format(printf, 6, 7)));

#endif
