#include "base/context.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 4096

struct weiss_context {
    MPI_Comm comm;
    int rank, size;
    weiss_log_fn log;
    void *log_self;
    int code;
    char text[TEXT_SIZE];
    char **warning;
    size_t nwarnings, warning_capacity;
};

static void log_to_stderr(void *self, weiss_level level, const char *text)
{
    (void)self;
    if (level == WEISS_LEVEL_WARNING)
        fprintf(stderr, "weiss: warning: %s\n", text);
}

int weiss_context_create(MPI_Comm comm, weiss_context **out)
{
    *out = NULL;
    weiss_context *ctx = calloc(1, sizeof *ctx);
    int failed = ctx == NULL, any = 0;
    if (MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, comm) != MPI_SUCCESS || any) {
        free(ctx);
        return WEISS_ERR_MEMORY;
    }
    if (MPI_Comm_dup(comm, &ctx->comm) != MPI_SUCCESS) {
        free(ctx);
        return WEISS_ERR_MPI;
    }
    MPI_Comm_rank(ctx->comm, &ctx->rank);
    MPI_Comm_size(ctx->comm, &ctx->size);
    ctx->log = log_to_stderr;
    *out = ctx;
    return 0;
}

void weiss_context_destroy(weiss_context *ctx)
{
    if (ctx == NULL)
        return;
    for (size_t i = 0; i < ctx->nwarnings; i++)
        free(ctx->warning[i]);
    free(ctx->warning);
    MPI_Comm_free(&ctx->comm);
    free(ctx);
}

MPI_Comm weiss_comm(const weiss_context *ctx)
{
    return ctx->comm;
}

int weiss_rank(const weiss_context *ctx)
{
    return ctx->rank;
}

int weiss_size(const weiss_context *ctx)
{
    return ctx->size;
}

void weiss_set_log(weiss_context *ctx, weiss_log_fn fn, void *self)
{
    ctx->log = fn;
    ctx->log_self = self;
}

int weiss_vfail(weiss_context *ctx, int code, const char *format, va_list args)
{
    if (ctx->code == 0) {
        ctx->code = code;
        vsnprintf(ctx->text, sizeof ctx->text, format, args);
    }
    return code;
}

int weiss_fail(weiss_context *ctx, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    weiss_vfail(ctx, code, format, args);
    va_end(args);
    return code;
}

const char *weiss_error_text(const weiss_context *ctx)
{
    return ctx->text;
}

int weiss_error_code(const weiss_context *ctx)
{
    return ctx->code;
}

void weiss_clear_error(weiss_context *ctx)
{
    ctx->code = 0;
    ctx->text[0] = '\0';
}

int weiss_agree(weiss_context *ctx, int code)
{
    int mine = code == 0 ? ctx->size : ctx->rank, first = ctx->size;
    if (MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, ctx->comm) != MPI_SUCCESS)
        return weiss_fail(ctx, WEISS_ERR_MPI, "the ranks could not agree on an outcome: MPI_Allreduce failed");
    if (first == ctx->size)
        return 0;
    MPI_Bcast(&code, 1, MPI_INT, first, ctx->comm);
    MPI_Bcast(ctx->text, TEXT_SIZE, MPI_CHAR, first, ctx->comm);
    ctx->code = code;
    return code;
}

static void remember_warning(weiss_context *ctx, const char *text)
{
    if (ctx->nwarnings == ctx->warning_capacity) {
        size_t capacity = ctx->warning_capacity ? 2 * ctx->warning_capacity : 8;
        char **grown = realloc(ctx->warning, capacity * sizeof *grown);
        if (grown == NULL)
            return;
        ctx->warning = grown;
        ctx->warning_capacity = capacity;
    }
    char *copy = strdup(text);
    if (copy != NULL)
        ctx->warning[ctx->nwarnings++] = copy;
}

static void log_line(weiss_context *ctx, weiss_level level, const char *format, va_list args)
{
    char text[TEXT_SIZE];
    if (ctx->rank != 0)
        return;
    vsnprintf(text, sizeof text, format, args);
    if (level == WEISS_LEVEL_WARNING)
        remember_warning(ctx, text);
    if (ctx->log != NULL)
        ctx->log(ctx->log_self, level, text);
}

void weiss_warn(weiss_context *ctx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(ctx, WEISS_LEVEL_WARNING, format, args);
    va_end(args);
}

void weiss_info(weiss_context *ctx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(ctx, WEISS_LEVEL_INFO, format, args);
    va_end(args);
}

void weiss_debug(weiss_context *ctx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(ctx, WEISS_LEVEL_DEBUG, format, args);
    va_end(args);
}

size_t weiss_warning_count(const weiss_context *ctx)
{
    return ctx->nwarnings;
}

const char *weiss_warning(const weiss_context *ctx, size_t i)
{
    return ctx->warning[i];
}

int weiss_alloc(weiss_context *ctx, void *out, size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    memcpy(out, &memory, sizeof memory);
    if (memory == NULL)
        return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory: could not get %zu x %zu bytes on rank %d", count,
                          size, ctx->rank);
    return 0;
}

int weiss_grow(weiss_context *ctx, void *array, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return 0;
    size_t wanted = *capacity < 16 ? 16 : *capacity + *capacity / 2;
    if (wanted < needed)
        wanted = needed;
    void *memory;
    memcpy(&memory, array, sizeof memory);
    if (size != 0 && wanted > SIZE_MAX / size)
        return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory: %zu x %zu bytes are more than can be addressed",
                          wanted, size);
    void *grown = realloc(memory, wanted * size);
    if (grown == NULL)
        return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory: could not get %zu x %zu bytes on rank %d", wanted,
                          size, ctx->rank);
    memcpy(array, &grown, sizeof grown);
    *capacity = wanted;
    return 0;
}
