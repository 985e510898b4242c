/* The command line of weiss-agentd. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_OPTIONS_H
#define WEISS_CLOUD_AGENT_DAEMON_OPTIONS_H

#include "base/fault.h"

#include <stdbool.h>

typedef enum weiss_agentd_mode {
    WEISS_AGENTD_SERVE,
    WEISS_AGENTD_PRINT_CONFIG,
    WEISS_AGENTD_HELP,
    WEISS_AGENTD_VERSION
} weiss_agentd_mode;

typedef struct weiss_agentd_options {
    weiss_agentd_mode mode;
    const char *config; /**< borrowed; NULL: WEISS_AGENT_FILE, which may be missing */
    bool dry_run;
} weiss_agentd_options;

/** @return 0, WEISS_ERR_USAGE */
int weiss_agentd_options_read(int argc, char **argv, weiss_agentd_options *options, weiss_fault *fault);
/** Prints the help on standard output. */
void weiss_agentd_help(void);

#endif
