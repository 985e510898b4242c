#include "fabric/server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "weiss-ivshmemd: "
#define LINE 1400

static void write_line(const char *format, va_list args, const char *after)
{
    char line[LINE] = PROGRAM;
    size_t used = strlen(line);
    vsnprintf(line + used, sizeof line - used, format, args);
    used = strlen(line);
    snprintf(line + used, sizeof line - used, "%s", after);
    used = strlen(line);
    if (used > sizeof line - 2)
        used = sizeof line - 2;
    line[used++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written; /* a log that cannot be written has nowhere to be told */
}

void weiss_log(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(format, args, "");
    va_end(args);
}

void weiss_log_seldom(weiss_seldom *seldom, const char *format, ...)
{
    char after[64] = "";
    uint64_t now = weiss_now();
    va_list args;
    if (now < seldom->next) {
        seldom->left_out++;
        return;
    }
    if (seldom->left_out > 0)
        snprintf(after, sizeof after, " (and %lu times before)", seldom->left_out);
    *seldom = (weiss_seldom){.next = now + 1000};
    va_start(args, format);
    write_line(format, args, after);
    va_end(args);
}

uint64_t weiss_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
