/* Functions of time from a file. */
#include "base/file.h"
#include "field/timefunction.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_FILE (64u << 20) /* bytes */

/* A line "time, factor". False when it is something else. */
static bool parse_point(const char *line, double *time, double *factor)
{
    char *end;
    *time = strtod(line, &end);
    if (end == line)
        return false;
    while (isblank((unsigned char)*end))
        end++;
    const char *second = end + (*end == ',' || *end == ';');
    *factor = strtod(second, &end);
    if (end == second)
        return false;
    while (isspace((unsigned char)*end))
        end++;
    return *end == '\0' && isfinite(*time) && isfinite(*factor);
}

/* Adds the point of one line, if it has one. */
static int add_line(weiss_context *ctx, const char *path, int number, char *line, weiss_timefunction *out,
                    size_t capacity[2])
{
    double time, factor;
    line += strspn(line, " \t\r");
    if (*line == '\0' || *line == '#')
        return 0;
    if (!parse_point(line, &time, &factor)) {
        bool title = out->count == 0 && !isdigit((unsigned char)*line) && !strchr("+-.", *line);
        return title ? 0
                     : weiss_fail(ctx, WEISS_ERR_SYNTAX, "%s:%d: expected \"time, factor\", found \"%.40s\"",
                                  path, number, line);
    }
    if (out->count > 0 && time <= out->time[out->count - 1])
        return weiss_fail(ctx, WEISS_ERR_SYNTAX, "%s:%d: times must ascend, but %g s comes after %g s", path,
                          number, time, out->time[out->count - 1]);
    WEISS_TRY(weiss_grow(ctx, &out->time, &capacity[0], out->count + 1, sizeof *out->time));
    WEISS_TRY(weiss_grow(ctx, &out->factor, &capacity[1], out->count + 1, sizeof *out->factor));
    out->time[out->count] = time;
    out->factor[out->count++] = factor;
    return 0;
}

/* Rank 0 only. */
static int read_points(const weiss_problem *problem, const weiss_value *value, const char *file,
                       weiss_timefunction *out)
{
    weiss_context *ctx = problem->ctx;
    char *path = NULL, *text = NULL;
    size_t length, capacity[2] = {0, 0};
    int code, number = 0;
    WEISS_TRY_OUT(code, weiss_problem_path(problem, file, &path));
    WEISS_TRY_OUT(code, weiss_file_read(ctx, path, LARGEST_FILE, &text, &length));
    if (strlen(text) != length) {
        code = weiss_fail(ctx, WEISS_ERR_SYNTAX, "%s: expected text, found a byte 0 at offset %zu", path,
                          strlen(text));
        goto out;
    }
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        WEISS_TRY_OUT(code, add_line(ctx, path, ++number, line, out, capacity));
    }
    if (out->count == 0)
        code = weiss_fail_at(ctx, value, "the file %s holds no line of a time and a factor", path);
out:
    free(path);
    free(text);
    return code;
}

/* Gives all ranks the points of rank 0. */
static int share_points(weiss_context *ctx, weiss_timefunction *out)
{
    const MPI_Comm comm = weiss_comm(ctx);
    int count = (int)out->count, code = 0;
    bool good = MPI_Bcast(&count, 1, MPI_INT, 0, comm) == MPI_SUCCESS;
    if (weiss_rank(ctx) != 0) {
        out->count = (size_t)count;
        code = WEISS_NEW(ctx, out->time, count);
        if (code == 0)
            code = WEISS_NEW(ctx, out->factor, count);
    }
    WEISS_TRY(weiss_agree(ctx, code));
    good = good && MPI_Bcast(out->time, count, MPI_DOUBLE, 0, comm) == MPI_SUCCESS &&
           MPI_Bcast(out->factor, count, MPI_DOUBLE, 0, comm) == MPI_SUCCESS;
    return good ? 0 : weiss_fail(ctx, WEISS_ERR_MPI, "a table of times could not be broadcast");
}

int weiss_timetable_read(const weiss_problem *problem, const weiss_value *value, const char *file,
                         weiss_timefunction *out)
{
    const bool first = weiss_rank(problem->ctx) == 0;
    WEISS_TRY(weiss_agree(problem->ctx, first ? read_points(problem, value, file, out) : 0));
    return share_points(problem->ctx, out);
}

/* The last point at or before @p t; the first when all come later. */
static size_t find_point(const weiss_timefunction *function, double t)
{
    size_t low = 0, high = function->count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (function->time[middle] <= t)
            low = middle;
        else
            high = middle;
    }
    return low;
}

double weiss_timetable_value(const weiss_timefunction *function, double t)
{
    const size_t i = find_point(function, t);
    const double *time = function->time + i, *factor = function->factor + i;
    if (t <= time[0] || i + 1 == function->count)
        return factor[0];
    return factor[0] + (factor[1] - factor[0]) * (t - time[0]) / (time[1] - time[0]);
}

double weiss_timetable_longest_step(const weiss_timefunction *function, double t)
{
    const size_t last = function->count - 1, i = find_point(function, t);
    const double *time = function->time;
    if (t >= time[last])
        return INFINITY;
    const double next = t < time[0] ? time[0] : time[i + 2 < last ? i + 2 : last];
    return fmax(next - t, (time[last] - time[0]) / 1000);
}
