#include "weiss/fabric-settings.h"

#include "cloud/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMPONENT "mca_btl_ivshmem.so"

bool weiss_fabric_locate(const char *built, const char *installed, char *out)
{
    char program[PATH_MAX], path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length > 0) {
        program[length] = '\0';
        *strrchr(program, '/') = '\0';
        if (snprintf(path, sizeof path, "%s/%s", program, built) < PATH_MAX && access(path, R_OK) == 0) {
            strcpy(out, path);
            return true;
        }
    }
    snprintf(path, sizeof path, "%s", installed);
    strcpy(out, path);
    return access(path, R_OK) == 0;
}

int weiss_fabric_settings_find(weiss_fabric_settings *settings, weiss_fault *fault)
{
    if (weiss_fabric_locate("src/fabric/btl/" COMPONENT, WEISS_COMPONENT_DIR "/" COMPONENT,
                            settings->components))
        *strrchr(settings->components, '/') = '\0';
    else
        settings->components[0] = '\0';
    if (weiss_process_find("mpirun.openmpi", settings->mpirun, sizeof settings->mpirun) ||
        weiss_process_find("mpirun", settings->mpirun, sizeof settings->mpirun))
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_FILE,
                           "there is no mpirun on the path; install the package openmpi-bin");
}

void weiss_fabric_set(const char *name, const char *value)
{
    char variable[128];
    snprintf(variable, sizeof variable, "OMPI_MCA_%s", name);
    setenv(variable, value, 1);
}

/** Lets mpirun notice within seconds that another machine is gone, which by default takes minutes. A machine with a message
 *  under way is not probed, so this must come before the ranks' own time-out (btl_ivshmem_peer_timeout), after which mpirun
 *  writes to all machines. What the user has set stays. */
static void watch_machines(void)
{
    setenv("OMPI_MCA_oob_tcp_keepalive_time", "4", 0);
    setenv("OMPI_MCA_oob_tcp_keepalive_intvl", "1", 0);
    setenv("OMPI_MCA_oob_tcp_keepalive_probes", "4", 0);
}

void weiss_fabric_settings_export(const weiss_fabric_settings *settings)
{
    const char *before = getenv("OMPI_MCA_mca_base_component_path");
    char path[2 * PATH_MAX];
    if (geteuid() == 0) {
        setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
        setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
    }
    watch_machines();
    if (settings->components[0] == '\0')
        return;
    /* Open MPI puts its own directories in the place of the two words. */
    snprintf(path, sizeof path, "%s:%s", settings->components,
             before != NULL ? before : "SYS_DEFAULT:USER_DEFAULT");
    weiss_fabric_set("mca_base_component_path", path);
}
