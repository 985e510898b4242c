/* The log of the agent: one line on standard error for each event, `event=NAME key=value ...`. With systemd's journal behind
 * standard error a line begins with its priority, `<N>`. Values of tenants are in it, so whatever is no plain word is quoted,
 * and control characters are written as \xNN. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_LOG_H
#define WEISS_CLOUD_AGENT_DAEMON_LOG_H

#include <stdint.h>

/** Priorities, as syslog numbers them. */
typedef enum weiss_priority {
    WEISS_PRIORITY_ERROR = 3,
    WEISS_PRIORITY_WARNING = 4,
    WEISS_PRIORITY_NOTICE = 5,
    WEISS_PRIORITY_INFO = 6
} weiss_priority;

/** Writes a line in one piece. After @p event come pairs of key and value, both strings, and a NULL; a pair whose value is
 *  NULL or "" is left out. */
void weiss_record(weiss_priority priority, const char *event, ...) __attribute__((sentinel));

/** Room for a number as text. */
#define WEISS_DIGITS 24
/** Writes @p value to @p out. @return @p out */
const char *weiss_digits(int64_t value, char out[WEISS_DIGITS]);

/** Milliseconds of a clock that never jumps. */
int64_t weiss_agent_clock(void);

/** Tells systemd of a state ("READY=1"), when it asked for that (NOTIFY_SOCKET). */
void weiss_agent_notify(const char *state);

#endif
