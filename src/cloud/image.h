/* The image: what all machines of a lab boot from. It is made of Debian packages once and kept in the user's cache. */
#ifndef WEISS_CLOUD_IMAGE_H
#define WEISS_CLOUD_IMAGE_H

#include "base/fault.h"
#include "cloud/files.h"

#include <signal.h>

/** Files of an image, in one directory. */
#define WEISS_IMAGE_KERNEL "kernel"
#define WEISS_IMAGE_INITRD "initrd"
#define WEISS_IMAGE_ROOT "root.img" /**< ext4, read-only */
#define WEISS_IMAGE_LIBRARIES "libraries" /**< names of the shared libraries in it, one a line */
#define WEISS_IMAGE_RELEASE "release" /**< of the kernel, one line */

/** Who hears of progress, and what ends the work early. */
typedef struct weiss_lab_watch {
    void (*say)(void *data, const char *line); /**< may be NULL */
    void *data;
    const volatile sig_atomic_t *stop; /**< may be NULL */
} weiss_lab_watch;

void weiss_lab_say(const weiss_lab_watch *watch, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Directory in which images are kept, ${XDG_CACHE_HOME:-~/.cache}/weiss/lab; it is made.
 *  @return 0, WEISS_ERR_FILE */
int weiss_image_cache(char path[WEISS_PATH], weiss_fault *fault);

/** Name of the directory of the image that weiss_image_obtain would find or make.
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_SYSTEM */
int weiss_image_locate(char directory[WEISS_PATH], weiss_fault *fault);

/** Finds the image that fits this machine's apt sources and this version of Weiss, or makes it (about a minute). Two callers at
 *  once make one. Images that were not used for a week are removed.
 *  @param[out] directory  of the image
 *  @return 0, WEISS_STOPPED, WEISS_ERR_FILE, WEISS_ERR_SYSTEM (a package or a source is missing) */
int weiss_image_obtain(const weiss_lab_watch *watch, char directory[WEISS_PATH], weiss_fault *fault);

#endif
