/* Where MPI and the fabric's files are, and the settings with which Open MPI finds our component. */
#ifndef WEISS_COMMAND_FABRIC_SETTINGS_H
#define WEISS_COMMAND_FABRIC_SETTINGS_H

#include "base/fault.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/** MCA parameters of the component. */
#define WEISS_FABRIC_REGION "btl_ivshmem_region"
#define WEISS_FABRIC_WAIT "btl_ivshmem_wait"

typedef struct weiss_fabric_settings {
    char mpirun[PATH_MAX]; /**< Open MPI's */
    char components
        [PATH_MAX]; /**< directory that has our component; "": none was found, but Open MPI's own may have it */
} weiss_fabric_settings;

/** Looks for mpirun on the path, and for the component in the build tree of this program or where it was installed.
 *  @return 0, WEISS_ERR_FILE (no mpirun) */
int weiss_fabric_settings_find(weiss_fabric_settings *settings, weiss_fault *fault);

/** Sets in the environment of this process, for an mpirun that it starts: where components are looked for (ours, then
 *  what the user had set, then Open MPI's own), leave to run as root where root runs it, and after how long a machine that
 *  does not answer is gone. */
void weiss_fabric_settings_export(const weiss_fabric_settings *settings);
/** Sets the MCA parameter @p name in the environment of this process. */
void weiss_fabric_set(const char *name, const char *value);

/** Finds a file that is built with this program and not on the path.
 *  @param built      its name in the build directory
 *  @param installed  its name when installed, absolute
 *  @param[out] out   of PATH_MAX bytes; @return false when it is in neither place */
bool weiss_fabric_locate(const char *built, const char *installed, char *out);

#endif
