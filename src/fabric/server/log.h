/* The log: one line on standard error for each event. Whoever keeps the log knows the time. */
#ifndef WEISS_FABRIC_SERVER_LOG_H
#define WEISS_FABRIC_SERVER_LOG_H

#include <stdint.h>

/** Writes one line, in one piece, so that lines of several processes do not mix. */
void weiss_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** For events that a client can cause as often as it likes. Starts as zeros. */
typedef struct weiss_seldom {
    uint64_t next; /**< weiss_now() from which the next line may be written */
    unsigned long left_out; /**< events since the last line */
} weiss_seldom;

/** Like weiss_log, at most once a second; the next line says how many were left out. */
void weiss_log_seldom(weiss_seldom *seldom, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Milliseconds of a clock that never jumps. */
uint64_t weiss_now(void);

#endif
