#include "fabric/server/ask.h"

#include "fabric/server/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** No answer is longer: a thousand peers in each of hundreds of groups. */
#define LONGEST (64u << 20)

static int connect_to(const char *run_directory, int *out, weiss_fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[WEISS_SOCKET_PATH];
    int code = weiss_control_path(run_directory, path, fault);
    if (code != 0)
        return code;
    memcpy(address.sun_path, path, strlen(path) + 1);
    *out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*out >= 0 && connect(*out, (struct sockaddr *)&address, sizeof address) == 0)
        return 0;
    if (errno == ENOENT || errno == ECONNREFUSED)
        code = weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "no server runs in %s; start one, or say where it is with --run-directory DIR",
                               run_directory);
    else
        code = weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s: %s", path, strerror(errno));
    if (*out >= 0)
        close(*out);
    return code;
}

static int send_request(int fd, const weiss_request *request, weiss_fault *fault)
{
    char *line = weiss_request_write(request);
    if (line == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    size_t length = strlen(line);
    ssize_t n = send(fd, line, length, MSG_NOSIGNAL);
    free(line);
    if (n == (ssize_t)length || (n < 0 && errno == EPIPE)) /* its end of the connection tells more */
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the server takes no request: %s", strerror(errno));
}

/** Reads up to the end of the first line. *out is the caller's. */
static int read_line(int fd, char **out, size_t *length, weiss_fault *fault)
{
    size_t room = 0, used = 0;
    *out = NULL;
    for (;;) {
        if (used == room) {
            room = room > 0 ? 2 * room : 4096;
            char *larger = room <= LONGEST ? realloc(*out, room) : NULL;
            if (larger == NULL)
                return weiss_fault_set(fault, WEISS_ERR_MEMORY, "no memory for the server's answer");
            *out = larger;
        }
        ssize_t n = recv(fd, *out + used, room - used, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                                   "the server ended without an answer; its log says why");
        const char *end = memchr(*out + used, '\n', (size_t)n);
        used += (size_t)n;
        if (end != NULL) {
            *length = (size_t)(end - *out);
            return 0;
        }
    }
}

static int read_answer(int fd, json_object **answer, weiss_fault *fault)
{
    char *line;
    size_t length = 0;
    int code = read_line(fd, &line, &length, fault);
    json_tokener *tokener = code == 0 ? json_tokener_new() : NULL;
    if (tokener != NULL) {
        *answer = json_tokener_parse_ex(tokener, line, (int)length);
        json_tokener_free(tokener);
    }
    free(line);
    if (code != 0)
        return code;
    if (!json_object_is_type(*answer, json_type_object))
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the server's answer cannot be read");
    if (json_object_get_boolean(json_object_object_get(*answer, "ok")))
        return 0;
    const char *error = json_object_get_string(json_object_object_get(*answer, "error"));
    return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s", error != NULL ? error : "the server refuses");
}

int weiss_ask(const char *run_directory, const weiss_request *request, json_object **answer,
              weiss_fault *fault)
{
    int fd = -1;
    *answer = NULL;
    int code = connect_to(run_directory, &fd, fault);
    if (code != 0)
        return code;
    code = send_request(fd, request, fault);
    if (code == 0)
        code = read_answer(fd, answer, fault);
    close(fd);
    if (code != 0) {
        json_object_put(*answer);
        *answer = NULL;
    }
    return code;
}
