/* Images for users' machines: a whole system with Open MPI, cloud-init and what else is asked for, made of Debian packages and of
 * packages of one's own, which boots from a disk under any QEMU. They are kept in the user's cache, each under a hash of all that
 * it is made from, and leave it as one file (qcow2) for OpenStack's Glance or for others. Nothing here is collective. */
#ifndef WEISS_CLOUD_DISK_H
#define WEISS_CLOUD_DISK_H

#include "cloud/image.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define WEISS_DISK_NAME 16 /**< characters in the name of an image, hexadecimal digits */
#define WEISS_DISKS_MAX 64

/** What an image is made from, beside the packages that each has. */
typedef struct weiss_disk_options {
    const char *const *debs; /**< files of packages, NULL after the last; borrowed */
    const char *const *packages; /**< names of Debian's packages, NULL after the last; borrowed */
} weiss_disk_options;

/** An image in the cache. */
typedef struct weiss_disk {
    char name[WEISS_DISK_NAME + 1];
    char directory[WEISS_PATH]; /**< with root.img, boot.img, core.img, contents */
    char debs
        [512]; /**< names of the packages of one's own, separated by blanks; shortened when there are many */
    int packages; /**< how many are in it */
    int64_t bytes; /**< that it takes in the cache */
    time_t made;
} weiss_disk;

/** Finds the image that is made from these packages, from this machine's apt sources and by this version of Weiss, or makes it,
 *  which takes some minutes. Two callers at once make one. Nothing is left after a failure.
 *  @param[out] already  it was there
 *  @return 0; WEISS_STOPPED; WEISS_ERR_USAGE (a name or a file is no package); WEISS_ERR_FILE; WEISS_ERR_SYSTEM (a program is
 *          missing, or a package, or the network, or space: the text has the last words of who failed); WEISS_ERR_MEMORY */
int weiss_disk_build(const weiss_disk_options *options, const weiss_lab_watch *watch, weiss_disk *disk,
                     bool *already, weiss_fault *fault);

/** Images in the cache, the newest first. @return how many; < 0: WEISS_ERR_FILE */
int weiss_disk_list(weiss_disk disks[WEISS_DISKS_MAX], weiss_fault *fault);
/** Finds an image by the beginning of its name.
 *  @param name  NULL: the newest
 *  @return 0; WEISS_ERR_FILE (there is none of that name, or several) */
int weiss_disk_find(const char *name, weiss_disk *disk, weiss_fault *fault);
/** Removes an image from the cache. Waits for a command that makes one. @return 0, WEISS_STOPPED, WEISS_ERR_FILE */
int weiss_disk_remove(const weiss_disk *disk, const weiss_lab_watch *watch, weiss_fault *fault);

/** Writes an image as one compressed qcow2 file, which appears when it is complete.
 *  @param path  there must be no such file yet
 *  @return 0; WEISS_STOPPED; WEISS_ERR_FILE; WEISS_ERR_SYSTEM (a program is missing, no space) */
int weiss_disk_export(const weiss_disk *disk, const char *path, const weiss_lab_watch *watch,
                      weiss_fault *fault);

/** Checks what can be known before: the place of the file and the programs. @return as weiss_disk_export */
int weiss_disk_export_check(const char *path, weiss_fault *fault);

#endif
