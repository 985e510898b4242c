/* fields.pvd: the list of snapshots with their times, which ParaView opens as one series. */
#ifndef WEISS_OUTPUT_PVD_H
#define WEISS_OUTPUT_PVD_H

#include "base/context.h"

typedef struct weiss_pvd_entry {
    double time; /**< s */
    int stage;
} weiss_pvd_entry;

/** Entry i is the file fields/m-00000i.vtu. */
typedef struct weiss_pvd {
    weiss_context *ctx; /**< borrowed */
    weiss_pvd_entry *entry; /**< owned */
    size_t count, capacity;
} weiss_pvd;

/** File name of snapshot @p number beside the list: "fields/m-000123.vtu". */
void weiss_snapshots_name(const char *folder, int64_t number, const char *suffix, char *name, size_t size);
/** Removes the snapshots with that suffix from number @p first on: those of an earlier run, or written after the
 *  checkpoint from which a run goes on. Local: call it on rank 0. */
void weiss_snapshots_remove(const char *folder, const char *suffix, int64_t first);
/** Adds an entry. Local. @return 0, WEISS_ERR_MEMORY */
int weiss_pvd_add(weiss_pvd *pvd, double time, int stage);
/** Writes the list; it replaces the old one in one step. ParaView gets the times, or the numbers of the snapshots where
 *  times do not ascend (relaxations take no time). Local. @return 0, WEISS_ERR_FILE */
int weiss_pvd_write(const weiss_pvd *pvd, const char *path);
/** Reads the first @p count entries of a list written by weiss_pvd_write. Local.
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_SYNTAX when there are fewer */
int weiss_pvd_read(weiss_pvd *pvd, const char *path, int64_t count);
void weiss_pvd_free(weiss_pvd *pvd);

#endif
