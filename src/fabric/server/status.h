/* The state of a server as JSON, and that JSON as a table for people. */
#ifndef WEISS_FABRIC_SERVER_STATUS_H
#define WEISS_FABRIC_SERVER_STATUS_H

#include "fabric/server/server.h"

#include <json-c/json.h>

/** {"ok": true, "server": {...}, "groups": [{..., "peers": [...]}]}. The caller puts it. NULL when out of memory. */
json_object *weiss_status_json(const weiss_server *server);
/** Prints the answer to `status` on standard output. What is missing in it is left blank. */
void weiss_status_print(json_object *answer);

#endif
