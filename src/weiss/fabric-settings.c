#include "weiss/fabric-settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMPONENT "mca_btl_ivshmem.so"

bool weiss_fabric_locate(const char *built, const char *installed, char *out)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length > 0) {
        program[length] = '\0';
        *strrchr(program, '/') = '\0';
        if (snprintf(out, PATH_MAX, "%s/%s", program, built) < PATH_MAX && access(out, R_OK) == 0)
            return true;
    }
    snprintf(out, PATH_MAX, "%s", installed);
    return access(out, R_OK) == 0;
}

/** Finds an executable on the path. */
static bool search(const char *name, char *out)
{
    const char *path = getenv("PATH");
    char *copy = strdup(path != NULL ? path : "/usr/bin:/bin"), *rest = copy;
    bool found = false;
    for (char *directory; !found && (directory = strsep(&rest, ":")) != NULL;)
        found = snprintf(out, PATH_MAX, "%s/%s", directory[0] != '\0' ? directory : ".", name) < PATH_MAX &&
                access(out, X_OK) == 0;
    free(copy);
    return found;
}

int weiss_fabric_settings_find(weiss_fabric_settings *settings, weiss_fault *fault)
{
    if (weiss_fabric_locate("src/fabric/btl/" COMPONENT, WEISS_COMPONENT_DIR "/" COMPONENT,
                            settings->components))
        *strrchr(settings->components, '/') = '\0';
    else
        settings->components[0] = '\0';
    if (search("mpirun.openmpi", settings->mpirun) || search("mpirun", settings->mpirun))
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

void weiss_fabric_settings_export(const weiss_fabric_settings *settings)
{
    const char *before = getenv("OMPI_MCA_mca_base_component_path");
    char path[2 * PATH_MAX];
    if (geteuid() == 0) {
        setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
        setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
    }
    if (settings->components[0] == '\0')
        return;
    /* Open MPI puts its own directories in the place of the two words. */
    snprintf(path, sizeof path, "%s:%s", settings->components,
             before != NULL ? before : "SYS_DEFAULT:USER_DEFAULT");
    weiss_fabric_set("mca_base_component_path", path);
}
