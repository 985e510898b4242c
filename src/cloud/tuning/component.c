/* Step: Open MPI finds the transport ivshmem. */
#include "cloud/tuning/steps.h"

#include "cloud/process.h"

#include <unistd.h>

static void hear(void *data, const char *line)
{
    if (strncmp(line, "mca:btl:ivshmem:", 16) == 0)
        *(bool *)data = true;
}

/** Asks Open MPI itself, on this machine, whether it can load the component that was found. */
static void ask(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char program[WEISS_TUNING_PATH], path[WEISS_TUNING_PATH + 64];
    bool loads = false;
    int code = 0;
    if (machine->root[0] != '\0' || !weiss_process_find("ompi_info", program, sizeof program))
        return;
    int length = (int)(strrchr(finding->file, '/') - finding->file);
    snprintf(path, sizeof path, "OMPI_MCA_mca_base_component_path=%.*s:SYS_DEFAULT:USER_DEFAULT", length,
             finding->file);
    const weiss_process_options options = {
        .words =
            (char *const *)(const char *const[]){program, "--parsable", "--param", "btl", "ivshmem", NULL},
        .settings = (char *const[]){path, NULL},
        .in = -1,
        .err = -1,
    };
    const weiss_process_reader reader = {.line = hear, .data = &loads, .seconds = 30};
    if (weiss_process_run(&options, &reader, &code, NULL) != 0 || loads)
        return;
    finding->verdict = WEISS_TUNING_BAD;
    snprintf(finding->value, sizeof finding->value,
             "the component is installed, but Open MPI does not load it");
    weiss_tuning_advise(finding, "%s --param btl ivshmem, with %s, says why", program, path);
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    static const char *const places[] = {
        "/usr/lib/*/weiss/openmpi/mca_btl_ivshmem.so",
        "/usr/local/lib/*/weiss/openmpi/mca_btl_ivshmem.so",
        "/usr/local/lib/weiss/openmpi/mca_btl_ivshmem.so",
        "/usr/lib/*/openmpi/lib/openmpi3/mca_btl_ivshmem.so",
        "/root/.openmpi/components/mca_btl_ivshmem.so",
    };
    glob_t found;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        weiss_tuning_glob(machine, places[i], &found);
        if (found.gl_pathc > 0)
            weiss_tuning_say(finding, WEISS_TUNING_GOOD, weiss_tuning_bare(machine, found.gl_pathv[0]),
                             "the component is installed%s", i < 3 ? ", and found by weiss mpirun" : "");
        bool there = found.gl_pathc > 0;
        globfree(&found);
        if (there) {
            ask(machine, finding);
            return;
        }
    }
    weiss_tuning_say(finding, WEISS_TUNING_BAD, "/usr/lib/*/weiss/openmpi",
                     "the component ivshmem is not installed");
    weiss_tuning_advise(finding, "apt install openmpi-btl-ivshmem");
}

const weiss_tuning_step weiss_tuning_component = {
    .name = "component",
    .title = "Open MPI finds the transport ivshmem",
    .why = "Without the component Open MPI uses TCP between virtual machines, and says nothing.",
    .side = WEISS_TUNING_GUEST,
    .weight = 90,
    .find = find,
};
