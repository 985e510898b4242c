/* A request at the control socket: one line of JSON.
 *
 *   {"command": "status"}
 *   {"command": "add", "group": "NAME,bytes=64M,..."}
 *   {"command": "remove", "group": "NAME", "force": true}
 *   {"command": "stop"}
 *
 * The answer is one line as well: {"ok": true, ...}, or {"ok": false, "error": "TEXT"}. */
#ifndef WEISS_FABRIC_SERVER_REQUEST_H
#define WEISS_FABRIC_SERVER_REQUEST_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

/** Longest line, its end included. */
#define WEISS_REQUEST_LINE 4096

typedef enum weiss_request_kind {
    WEISS_REQUEST_STATUS,
    WEISS_REQUEST_ADD,
    WEISS_REQUEST_REMOVE,
    WEISS_REQUEST_STOP
} weiss_request_kind;

typedef struct weiss_request {
    weiss_request_kind kind;
    char group[WEISS_REQUEST_LINE]; /**< ADD: as it is written on the command line; REMOVE: its name */
    bool force; /**< REMOVE: also when there are peers */
} weiss_request;

/** Reads a line of @p length bytes, without its end. @return 0, WEISS_ERR_SYNTAX, WEISS_ERR_VALUE, WEISS_ERR_MEMORY */
int weiss_request_parse(const char *line, size_t length, weiss_request *request, weiss_fault *fault);
/** Writes the line, its end included. Free with free(). @return NULL when out of memory */
char *weiss_request_write(const weiss_request *request);

#endif
