/* Places in the file system: whether a name is free, or has what a server that died left behind. Symbolic links are never
 * followed, and what belongs to others is never touched. */
#ifndef WEISS_FABRIC_SERVER_PLACE_H
#define WEISS_FABRIC_SERVER_PLACE_H

#include "base/fault.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/** Checks that @p path does not exist, or that it is of @p type (S_IFREG, S_IFSOCK), belongs to this user or @p owner, has
 *  one name, and, a file, is locked by nobody. @return 0, WEISS_ERR_FILE */
int weiss_place_free(const char *path, mode_t type, uid_t owner, weiss_fault *fault);
/** Checks the same and removes what is there. @return 0, WEISS_ERR_FILE */
int weiss_place_clear(const char *path, mode_t type, uid_t owner, weiss_fault *fault);
/** Removes @p path when it is what @p fd has open. */
void weiss_place_remove(const char *path, int fd);

/** Takes the lock file @p path, which tells others the number of this process.
 *  @param[out] holder  the process that has it, 0 when unknown; only for WEISS_ERR_FILE with *held
 *  @return 0 and the file descriptor that holds it, to be given to weiss_place_unlock; WEISS_ERR_FILE */
int weiss_place_lock(const char *path, int *fd, bool *held, pid_t *holder, weiss_fault *fault);
/** Removes the lock file and gives up the lock. */
void weiss_place_unlock(const char *path, int fd);

/** Makes a directory, unless it exists, that only this user can write to; others can enter it when this is root, since the
 *  hypervisor's user has to.
 *  @param[out] made  it did not exist
 *  @return 0, WEISS_ERR_FILE */
int weiss_place_directory(const char *path, bool *made, weiss_fault *fault);
/** Writes the number of this process to @p path, which appears complete. @return 0, WEISS_ERR_FILE */
int weiss_place_write_pid(const char *path, weiss_fault *fault);

#endif
