/* The control socket: requests of administrators, who are root or the user of the server. */
#ifndef WEISS_FABRIC_SERVER_CONTROL_H
#define WEISS_FABRIC_SERVER_CONTROL_H

#include "fabric/server/server.h"

#include <stdint.h>

typedef struct weiss_client weiss_client;

/** Path of the control socket of a run directory. @return 0, WEISS_ERR_VALUE (too long) */
int weiss_control_path(const char *run_directory, char out[WEISS_SOCKET_PATH], weiss_fault *fault);

/** Listens at the control socket. @return 0, WEISS_ERR_FILE (a server has it: the text names it), WEISS_ERR_SYSTEM,
 *  WEISS_ERR_MEMORY, WEISS_ERR_VALUE */
int weiss_control_open(weiss_server *server, weiss_control **out, weiss_fault *fault);
/** Answers who asked for the server's end, closes all and removes the socket. Accepts NULL. */
void weiss_control_close(weiss_control *control);

/** Answers a client whose group is ready or gone; @p fault tells why not, or is NULL. */
void weiss_client_answer(weiss_client *client, const weiss_fault *fault);
/** Drops clients that are silent. @return ms after which it should be called again, -1: no need */
int weiss_control_check(weiss_control *control, uint64_t now);

#endif
