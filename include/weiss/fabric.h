/* weiss-fabric: memory that processes of several virtual machines of one host put to and get from, without the one that has it.
 *
 *     weiss_fabric *fabric;
 *     weiss_window *mine, *theirs;
 *     char error[512];
 *     weiss_fabric_join("auto", 0, "left half", &fabric, error, sizeof error);
 *     weiss_window_make(fabric, 1, 4096, &mine);              // others find it by its number
 *     weiss_window_find(fabric, 2, 5000, &theirs);            // waits up to 5 s for window 2
 *     weiss_lock(theirs, WEISS_LOCK_EXCLUSIVE, 1000);
 *     weiss_put(theirs, 0, data, sizeof data);                // one copy; nobody else takes part
 *     weiss_unlock(theirs);
 *     weiss_fabric_leave(fabric);
 *
 * Functions return 0, a code > 0 after which the caller may go on, or a code < 0 (weiss/error.h). weiss_fabric_error tells
 * more. A fabric and its windows are used by one thread at a time; different processes need no agreement but locks. */
#ifndef WEISS_FABRIC_H
#define WEISS_FABRIC_H

#include "weiss/error.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A process's membership of a region. */
typedef struct weiss_fabric weiss_fabric;
/** Memory of a member, as seen by its owner or by another member. */
typedef struct weiss_window weiss_window;

typedef enum weiss_lock_kind { WEISS_LOCK_SHARED, WEISS_LOCK_EXCLUSIVE } weiss_lock_kind;

/** Joins a region.
 *  @param region  "auto" for the ivshmem device of this machine, its PCI address, or a file (usually in /dev/shm)
 *  @param bytes   size of a file that does not exist yet; 0: it must exist
 *  @param label   who one is, for people (`weiss fabric status`)
 *  @param[out] fabric  NULL on failure
 *  @param[out] error   gets the reason of a failure; may be NULL
 *  @return 0, WEISS_ERR_REGION, WEISS_ERR_FILE, WEISS_ERR_MEMORY, WEISS_ERR_SYSTEM */
WEISS_API int weiss_fabric_join(const char *region, size_t bytes, const char *label, weiss_fabric **fabric,
                                char *error, size_t error_size);
/** Leaves; its windows end. Accepts NULL. */
WEISS_API void weiss_fabric_leave(weiss_fabric *fabric);
/** Text of the last failure; "" when none. Borrowed. */
WEISS_API const char *weiss_fabric_error(const weiss_fabric *fabric);

/** Makes a window of @p bytes zeroed bytes with number @p id (not 0; unique in the region by agreement of its users).
 *  @param[out] window  belongs to @p fabric
 *  @return 0, WEISS_ERR_VALUE (the number is taken, no window is left: 8 a process), WEISS_ERR_REGION (no memory left) */
WEISS_API int weiss_window_make(weiss_fabric *fabric, uint64_t id, size_t bytes, weiss_window **window);
/** Finds the window @p id of any member; waits up to @p patience_ms for it.
 *  @param[out] window  belongs to @p fabric; valid until its owner leaves
 *  @return 0, WEISS_RETRY (there is none so far), WEISS_ERR_REGION (its place is impossible) */
WEISS_API int weiss_window_find(weiss_fabric *fabric, uint64_t id, int patience_ms, weiss_window **window);
WEISS_API size_t weiss_window_bytes(const weiss_window *window);
/** The window's memory in this process: what others put is here. */
WEISS_API void *weiss_window_memory(const weiss_window *window);

/** Copies to or from a window. What was put before weiss_unlock is seen by whoever locks after it.
 *  @return 0, WEISS_ERR_VALUE (not within the window), WEISS_ERR_PEER (its owner has left) */
WEISS_API int weiss_put(weiss_window *window, size_t offset, const void *data, size_t bytes);
WEISS_API int weiss_get(weiss_window *window, size_t offset, void *data, size_t bytes);
/** Adds to, or compares and swaps, 8 bytes at a multiple of 8, as one step. @p before gets the value before.
 *  @return as weiss_put */
WEISS_API int weiss_fetch_add(weiss_window *window, size_t offset, uint64_t value, uint64_t *before);
WEISS_API int weiss_compare_swap(weiss_window *window, size_t offset, uint64_t compare, uint64_t value,
                                 uint64_t *before);

/** Locks a window against other lockers: many may hold it shared, one exclusively. A lock whose holder has died is taken over
 *  after some seconds; the data may then be half-written.
 *  @return 0, WEISS_RETRY (not within @p patience_ms), WEISS_OWNER_DIED (locked, but its last holder died holding it),
 *          WEISS_ERR_PEER (the window's owner has left), WEISS_ERR_VALUE (this process holds it already) */
WEISS_API int weiss_lock(weiss_window *window, weiss_lock_kind kind, int patience_ms);
/** @return 0, WEISS_ERR_VALUE (not locked by this process) */
WEISS_API int weiss_unlock(weiss_window *window);

#ifdef __cplusplus
}
#endif

#endif
