/* The context: communicator, error text, warnings and log. Every object keeps a borrowed pointer to the one it
 * was made with, so that the library needs no global state. */
#ifndef WEISS_BASE_CONTEXT_H
#define WEISS_BASE_CONTEXT_H

#include "base/error.h"

#include <mpi.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Number of a node or element in the whole mesh, over all ranks. */
typedef int64_t weiss_gidx;
/** Number of a node or element on one rank. */
typedef int32_t weiss_lidx;
#define WEISS_MPI_GIDX MPI_INT64_T

typedef struct weiss_context weiss_context;

/** Severity of a log line. */
typedef enum weiss_level { WEISS_LEVEL_WARNING, WEISS_LEVEL_INFO, WEISS_LEVEL_DEBUG } weiss_level;

/** Where log lines go. Called on rank 0 only; @p text has no newline. */
typedef void (*weiss_log_fn)(void *self, weiss_level level, const char *text);

/** Makes a context on a duplicate of @p comm. Collective. @p *out is NULL on failure.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MPI */
int weiss_context_create(MPI_Comm comm, weiss_context **out);
/** Collective. Accepts NULL. */
void weiss_context_destroy(weiss_context *ctx);

MPI_Comm weiss_comm(const weiss_context *ctx);
int weiss_rank(const weiss_context *ctx);
int weiss_size(const weiss_context *ctx);

/** Replaces the log function (default: warnings to stderr as "weiss: warning: ..."). NULL: silence. Local. */
void weiss_set_log(weiss_context *ctx, weiss_log_fn fn, void *self);

/** Stores the text of an error (one sentence: what is wrong, where, what was expected, what to do) and returns
 *  @p code. The first error stored stays until weiss_clear_error. Local: other ranks learn of it by weiss_agree. */
int weiss_fail(weiss_context *ctx, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int weiss_vfail(weiss_context *ctx, int code, const char *format, va_list args);
/** Text of the stored error, "" when none. Valid until the next weiss_fail or weiss_clear_error. */
const char *weiss_error_text(const weiss_context *ctx);
int weiss_error_code(const weiss_context *ctx);
void weiss_clear_error(weiss_context *ctx);

/** Makes all ranks agree on an outcome: when any rank passes a code other than 0, all ranks get the code of the
 *  lowest such rank, and its text. Collective; one small reduction when all is well. */
int weiss_agree(weiss_context *ctx, int code);

/** Log lines; printed on rank 0 only, so call them there or everywhere. Warnings are kept for run.json. */
void weiss_warn(weiss_context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
void weiss_info(weiss_context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
void weiss_debug(weiss_context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Warnings so far, oldest first; borrowed. */
size_t weiss_warning_count(const weiss_context *ctx);
const char *weiss_warning(const weiss_context *ctx, size_t i);

/** Runs @p call; on a result other than 0 returns it from the enclosing function. */
#define WEISS_TRY(call)                                                                                               \
    do {                                                                                                              \
        int weiss_try_code_ = (call);                                                                                 \
        if (weiss_try_code_ != 0)                                                                                     \
            return weiss_try_code_;                                                                                   \
    } while (0)

/** Runs @p call; on a result other than 0 stores it in @p code and jumps to the label `out`. */
#define WEISS_TRY_OUT(code, call)                                                                                     \
    do {                                                                                                              \
        (code) = (call);                                                                                              \
        if ((code) != 0)                                                                                              \
            goto out;                                                                                                 \
    } while (0)

/** Allocates @p count * @p size zeroed bytes into @p *out (never NULL on success, also for 0 bytes). Free with free().
 *  @return 0, WEISS_ERR_MEMORY (text stored) */
int weiss_alloc(weiss_context *ctx, void *out, size_t count, size_t size);
/** Grows @p *array (of @p *capacity elements of @p size bytes) to hold at least @p needed; keeps contents. */
int weiss_grow(weiss_context *ctx, void *array, size_t *capacity, size_t needed, size_t size);

#define WEISS_NEW(ctx, pointer, count) weiss_alloc((ctx), &(pointer), (size_t)(count), sizeof *(pointer))

#endif
