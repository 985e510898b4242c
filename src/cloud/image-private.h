/* What the images of labs and those of users' machines share: where packages come from, their hash, the lock on the cache. */
#ifndef WEISS_CLOUD_IMAGE_PRIVATE_H
#define WEISS_CLOUD_IMAGE_PRIVATE_H

#include "cloud/image.h"

#include <stddef.h>
#include <stdint.h>

/** Where the packages come from. */
typedef struct weiss_image_source {
    char suite[64];
    const char *file; /**< of apt's sources */
    uint64_t sum; /**< hash of both */
} weiss_image_source;

/** @return 0, WEISS_ERR_SYSTEM (this is not Debian), WEISS_ERR_FILE */
int weiss_image_find_source(weiss_image_source *source, weiss_fault *fault);
/** Goes on with a hash (FNV-1a). */
uint64_t weiss_image_hash_bytes(uint64_t before, const void *bytes, size_t length);
/** The same for a text and its end. */
uint64_t weiss_image_hash(uint64_t before, const char *text);
/** Finds mmdebstrap and what it needs. @return 0, WEISS_ERR_SYSTEM */
int weiss_image_check_programs(weiss_fault *fault);
/** Why making an image failed, from what its script said: the first "E: TEXT" of the one who failed, which what mmdebstrap says
 *  of programs that it called follows; without one, the last lines. @return @p out */
const char *weiss_image_reason(const char *log, char *out, size_t size);
/** Directory KIND of ${XDG_CACHE_HOME:-~/.cache}/weiss; it is made. @return 0, WEISS_ERR_FILE */
int weiss_image_cache_of(const char *kind, char path[WEISS_PATH], weiss_fault *fault);
/** Waits for the lock on a cache.
 *  @param[out] lock  descriptor that has it, closed by the caller
 *  @return 0, WEISS_ERR_FILE, WEISS_STOPPED */
int weiss_image_lock(const char *cache, const weiss_lab_watch *watch, int *lock, weiss_fault *fault);

#endif
