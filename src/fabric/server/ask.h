/* The other side of the control socket: what `--status`, `--add`, `--remove` and `--stop` do. */
#ifndef WEISS_FABRIC_SERVER_ASK_H
#define WEISS_FABRIC_SERVER_ASK_H

#include "base/fault.h"
#include "fabric/server/request.h"

#include <json-c/json.h>

/** Sends a request to the server of a run directory and waits for the answer. The server may take as long as it needs to
 *  allocate memory, but when it ends, so does the wait.
 *  @param[out] answer  the caller puts it; NULL on failure
 *  @return 0, WEISS_ERR_SYSTEM (no server, no answer), WEISS_ERR_VALUE (the server refuses, in its words), WEISS_ERR_MEMORY */
int weiss_ask(const char *run_directory, const weiss_request *request, json_object **answer,
              weiss_fault *fault);

#endif
