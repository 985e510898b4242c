/* The command line of weiss-ivshmemd. */
#ifndef WEISS_FABRIC_SERVER_OPTIONS_H
#define WEISS_FABRIC_SERVER_OPTIONS_H

#include "base/fault.h"
#include "fabric/server/server.h"
#include "fabric/server/spec.h"

#include <stdbool.h>

typedef enum weiss_mode {
    WEISS_MODE_SERVE,
    WEISS_MODE_STATUS, /**< these four speak to a running server */
    WEISS_MODE_ADD,
    WEISS_MODE_REMOVE,
    WEISS_MODE_STOP,
    WEISS_MODE_HELP,
    WEISS_MODE_VERSION
} weiss_mode;

typedef struct weiss_server_options {
    weiss_mode mode;
    weiss_server_settings settings;
    weiss_group_spec *specs; /**< SERVE; owned */
    int nspecs;
    const char *operand; /**< ADD, REMOVE: the group; borrowed */
    bool json, force;
    char run_directory[WEISS_SOCKET_PATH]; /**< what settings point to by default */
} weiss_server_options;

/** Reads the command line, which has to outlive @p options, as has @p options its settings.
 *  @return 0, WEISS_ERR_USAGE, WEISS_ERR_MEMORY */
int weiss_server_options_read(int argc, char **argv, weiss_server_options *options, weiss_fault *fault);
void weiss_server_options_free(weiss_server_options *options);
/** Prints the help on standard output. */
void weiss_server_help(void);

#endif
