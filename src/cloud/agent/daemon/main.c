/* weiss-agentd: gives running virtual machines shared memory, and keeps it there. */
#include "cloud/agent/daemon/options.h"
#include "cloud/agent/daemon/run.h"
#include "cloud/agent/settings.h"

#include <stdio.h>
#include <sys/stat.h>

enum { DONE = 0, FAILED = 1, USAGE = 2 };

int main(int argc, char **argv)
{
    weiss_agentd_options options;
    weiss_fault fault = {0};
    umask(0077);
    int code = weiss_agentd_options_read(argc, argv, &options, &fault);
    if (code == 0 && options.mode == WEISS_AGENTD_HELP)
        weiss_agentd_help();
    else if (code == 0 && options.mode == WEISS_AGENTD_VERSION)
        printf("weiss-agentd %s\n", WEISS_VERSION);
    else if (code == 0 && options.mode == WEISS_AGENTD_PRINT_CONFIG)
        weiss_agent_settings_print(stdout);
    else if (code == 0)
        code = weiss_agent_run(options.config, options.dry_run, &fault);
    if (code == 0)
        return DONE;
    fprintf(stderr, "weiss-agentd: %s\n", fault.text);
    if (code != WEISS_ERR_USAGE)
        return FAILED;
    fprintf(stderr, "Try `weiss-agentd --help`.\n");
    return USAGE;
}
