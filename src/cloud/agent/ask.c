#include "cloud/agent/ask.h"

#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** No answer is longer: tens of thousands of instances. */
#define LONGEST (64u << 20)
/** ms after which the stop flag is looked at again, and how often: an answer comes within a minute. */
#define GLANCE 100
#define GLANCES 900

static int connect_to(const char *path, int *fd, weiss_fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char shown[WEISS_TEXT_SHOWN];
    *fd = -1;
    weiss_text_show(path, shown);
    if (strlen(path) >= sizeof address.sun_path)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the path of the socket, %s, is too long", shown);
    memcpy(address.sun_path, path, strlen(path) + 1);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd >= 0 && connect(*fd, (struct sockaddr *)&address, sizeof address) == 0)
        return 0;
    if (errno == EACCES || errno == EPERM)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s: only root and the agent's own user may ask it",
                               shown);
    if (errno == ENOENT || errno == ECONNREFUSED)
        return weiss_fault_set(
            fault, WEISS_ERR_SYSTEM,
            "no weiss-agentd answers at %s; start one (systemctl start weiss-agentd, or `weiss agent "
            "run`), or say where it is with --socket PATH",
            shown);
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s: %s", shown, strerror(errno));
}

static int send_line(int fd, const char *command, const char *instance, weiss_fault *fault)
{
    json_object *request = json_object_new_object();
    char *line;
    json_object_object_add(request, "command", json_object_new_string(command));
    if (instance != NULL)
        json_object_object_add(request, "instance", json_object_new_string(instance));
    int length = asprintf(&line, "%s\n", json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN));
    json_object_put(request);
    if (length < 0)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    ssize_t sent = send(fd, line, (size_t)length, MSG_NOSIGNAL);
    free(line);
    /* That the agent has closed the connection already is seen when the answer is read. */
    return sent == length || errno == EPIPE
               ? 0
               : weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the agent takes no question: %s", strerror(errno));
}

/** Waits until there is something to read. */
static int await(int fd, const volatile sig_atomic_t *stop, weiss_fault *fault)
{
    for (int i = 0; i < GLANCES; i++) {
        struct pollfd event = {.fd = fd, .events = POLLIN};
        if (stop != NULL && *stop != 0)
            return WEISS_STOPPED;
        if (poll(&event, 1, GLANCE) > 0)
            return 0;
    }
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the agent does not answer; its log says more");
}

/** Reads up to the end of the first line. *out is the caller's. */
static int read_line(int fd, const volatile sig_atomic_t *stop, char **out, size_t *length,
                     weiss_fault *fault)
{
    size_t room = 0, used = 0;
    *out = NULL;
    for (;;) {
        if (used == room) {
            room = room > 0 ? 2 * room : 4096;
            char *larger = room <= LONGEST ? realloc(*out, room) : NULL;
            if (larger == NULL)
                return weiss_fault_set(fault, WEISS_ERR_MEMORY, "no memory for the agent's answer");
            *out = larger;
        }
        WEISS_FAULT_TRY(await(fd, stop, fault));
        ssize_t n = recv(fd, *out + used, room - used, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return weiss_fault_set(
                fault, WEISS_ERR_SYSTEM,
                "the agent closed the connection without an answer: only root and its own user may ask, and "
                "its log says more");
        const char *end = memchr(*out + used, '\n', (size_t)n);
        used += (size_t)n;
        if (end == NULL)
            continue;
        *length = (size_t)(end - *out);
        return 0;
    }
}

static int judge(json_object *answer, weiss_fault *fault)
{
    if (!json_object_is_type(answer, json_type_object))
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the agent's answer cannot be read");
    if (json_object_get_boolean(json_object_object_get(answer, "ok")))
        return 0;
    const char *error = json_object_get_string(json_object_object_get(answer, "error"));
    return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s", error != NULL ? error : "the agent refuses");
}

int weiss_agent_ask(const char *socket, const char *command, const char *instance,
                    const volatile sig_atomic_t *stop, json_object **answer, weiss_fault *fault)
{
    char *line = NULL;
    size_t length = 0;
    int fd;
    *answer = NULL;
    int code = connect_to(socket, &fd, fault);
    if (code == 0)
        code = send_line(fd, command, instance, fault);
    if (code == 0)
        code = read_line(fd, stop, &line, &length, fault);
    json_tokener *tokener = code == 0 ? json_tokener_new() : NULL;
    if (tokener != NULL) {
        *answer = json_tokener_parse_ex(tokener, line, (int)length);
        json_tokener_free(tokener);
        code = judge(*answer, fault);
    }
    free(line);
    if (fd >= 0)
        close(fd);
    if (code != 0) {
        json_object_put(*answer);
        *answer = NULL;
    }
    return code;
}
