#include "cloud/agent/daemon/log.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE 4096
/** Bytes of a value that are shown. */
#define VALUE 1100

typedef struct line {
    char text[LINE];
    size_t used; /**< less than LINE - 1: there is room for the end */
} line;

static void put(line *l, char c)
{
    if (l->used < LINE - 2)
        l->text[l->used++] = c;
}

static void put_text(line *l, const char *text)
{
    for (; *text != '\0'; text++)
        put(l, *text);
}

static bool plain(const char *value)
{
    for (; *value != '\0'; value++)
        if (!isalnum((unsigned char)*value) && strchr("._:/+-@%,", *value) == NULL)
            return false;
    return true;
}

static void put_value(line *l, const char *value)
{
    char code[8];
    if (plain(value)) {
        put_text(l, value);
        return;
    }
    put(l, '"');
    for (size_t i = 0; value[i] != '\0' && i < VALUE; i++) {
        unsigned char c = (unsigned char)value[i];
        /* The bytes from 0x80 to 0x9f alone are control characters to some terminals, and no part of ASCII: written out. */
        snprintf(code, sizeof code,
                 c == '"' || c == '\\'   ? "\\%c"
                 : c < 0x20 || c >= 0x7f ? "\\x%02x"
                                         : "%c",
                 c);
        put_text(l, code);
    }
    put(l, '"');
}

/** True when standard error is the socket of the journal. */
static bool journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    uintmax_t device, inode;
    struct stat status;
    return stream != NULL && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

void weiss_record(weiss_priority priority, const char *event, ...)
{
    line l = {.used = 0};
    char prefix[8];
    const char *key;
    va_list args;
    snprintf(prefix, sizeof prefix, "<%d>", (int)priority);
    put_text(&l, journal() ? prefix : "");
    put_text(&l, "event=");
    put_text(&l, event);
    va_start(args, event);
    while ((key = va_arg(args, const char *)) != NULL) {
        const char *value = va_arg(args, const char *);
        if (value == NULL || value[0] == '\0')
            continue;
        put(&l, ' ');
        put_text(&l, key);
        put(&l, '=');
        put_value(&l, value);
    }
    va_end(args);
    l.text[l.used++] = '\n';
    ssize_t written = write(STDERR_FILENO, l.text, l.used);
    (void)written; /* a log that cannot be written has nowhere to be told */
}

const char *weiss_digits(int64_t value, char out[WEISS_DIGITS])
{
    snprintf(out, WEISS_DIGITS, "%" PRId64, value);
    return out;
}

int64_t weiss_agent_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void weiss_agent_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path)
        return;
    size_t length = strlen(path);
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* the abstract namespace of Linux */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(fd);
}
