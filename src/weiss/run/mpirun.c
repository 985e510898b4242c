/* weiss mpirun: Open MPI's mpirun with the fabric's component in its reach. */
#include "weiss/command.h"
#include "weiss/fabric-settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const weiss_option options[] = {
    {"--region", 0, "PATH",
     "Region: a file in /dev/shm, or the PCI address of an ivshmem device (first option)"},
    {0},
};

/** Takes our own option from the front of the words. @return how many words it took; -1 after a message */
static int take_region(int argc, char **argv)
{
    if (argc == 0 || strncmp(argv[0], "--region", 8) != 0 || (argv[0][8] != '\0' && argv[0][8] != '='))
        return 0;
    if (argv[0][8] == '=') {
        weiss_fabric_set(WEISS_FABRIC_REGION, argv[0] + 9);
        return 1;
    }
    if (argc == 1) {
        weiss_usage("weiss mpirun", "option --region needs a value: --region PATH");
        return -1;
    }
    weiss_fabric_set(WEISS_FABRIC_REGION, argv[1]);
    return 2;
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_fabric_settings settings;
    weiss_fault fault = {0};
    (void)command;
    int taken = take_region(arguments->argc, arguments->argv);
    if (taken < 0)
        return WEISS_EXIT_USAGE;
    if (weiss_fabric_settings_find(&settings, &fault) != 0) {
        fprintf(stderr, "weiss: %s\n", fault.text);
        return WEISS_EXIT_ERROR;
    }
    weiss_fabric_settings_export(&settings);
    char **words = calloc((size_t)arguments->argc + 2, sizeof *words);
    if (words == NULL) {
        fprintf(stderr, "weiss: out of memory\n");
        return WEISS_EXIT_ERROR;
    }
    words[0] = settings.mpirun;
    memcpy(words + 1, arguments->argv + taken, (size_t)(arguments->argc - taken) * sizeof *words);
    execv(settings.mpirun, words);
    fprintf(stderr, "weiss: %s cannot be started: %s\n", settings.mpirun, strerror(errno));
    free(words);
    return WEISS_EXIT_ERROR;
}

const weiss_command weiss_command_mpirun = {
    .name = "mpirun",
    .summary = "Start any MPI program with the fabric's transport",
    .operands = "ARGUMENTS OF MPIRUN...",
    .options = options,
    .verbatim = true,
    .text = "Becomes Open MPI's mpirun, with settings under which it finds the transport `ivshmem` that was "
            "built or\n"
            "installed with this program. Ranks of other nodes get the settings too; the transport must lie "
            "in the same\n"
            "place there. A node that is silent for 8 seconds is given up. All arguments but --region are "
            "mpirun's own.\n"
            "\n"
            "Examples:\n"
            "  weiss mpirun -n 2 --host vm1,vm2 ./program\n"
            "  weiss mpirun --region /dev/shm/job -n 2 --mca btl self,ivshmem ./program    on one machine\n",
    .run = run,
};
