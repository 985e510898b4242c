#include "fabric/bench/tests.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const weiss_bench_facts weiss_bench_table[WEISS_BENCH_TESTS] = {
    [WEISS_BENCH_LATENCY] = {"latency", "half a round trip", true, 0, 2, 1, WEISS_BENCH_TIME, true},
    [WEISS_BENCH_BANDWIDTH] = {"bandwidth", "one direction, 64 in flight", true, 0, WEISS_BENCH_WINDOW, 1,
                               WEISS_BENCH_BYTES, true},
    [WEISS_BENCH_BIBANDWIDTH] = {"bibandwidth", "both directions, 64 in flight each way", true, 0,
                                 WEISS_BENCH_WINDOW, 2, WEISS_BENCH_BYTES, true},
    [WEISS_BENCH_RATE] = {"rate", "messages of 8 B, 64 in flight", false, 8, WEISS_BENCH_WINDOW, 1,
                          WEISS_BENCH_MESSAGES, true},
    [WEISS_BENCH_PUT] = {"put", "lock, put, unlock", true, 0, 1, 1, WEISS_BENCH_TIME, true},
    [WEISS_BENCH_GET] = {"get", "lock, get, unlock", true, 0, 1, 1, WEISS_BENCH_TIME, true},
    [WEISS_BENCH_BARRIER] = {"barrier", "one MPI_Barrier of all ranks", false, 0, 1, 1, WEISS_BENCH_TIME,
                             false},
    [WEISS_BENCH_ALLREDUCE] = {"allreduce", "one MPI_Allreduce of all ranks", true, 0, 1, 1, WEISS_BENCH_TIME,
                               false},
    [WEISS_BENCH_WAIT] = {"wait", "half a round trip to a rank that has waited", false, 4, 2, 1,
                          WEISS_BENCH_TIME, true},
};

weiss_bench_plan weiss_bench_plan_all(void)
{
    weiss_bench_plan plan = {0};
    for (int t = 0; t < WEISS_BENCH_TESTS; t++)
        plan.test[t] = true;
    for (size_t bytes = 4; bytes <= (size_t)4 << 20; bytes *= 2)
        plan.size[plan.nsizes++] = bytes;
    return plan;
}

weiss_bench_test weiss_bench_find(const char *name)
{
    int t = 0;
    while (t < WEISS_BENCH_TESTS && strcmp(weiss_bench_table[t].name, name) != 0)
        t++;
    return (weiss_bench_test)t;
}

static int unknown_test(const char *name, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN], known[256] = "";
    for (int t = 0; t < WEISS_BENCH_TESTS; t++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", t > 0 ? ", " : "", weiss_bench_table[t].name);
    }
    return weiss_fault_set(fault, WEISS_ERR_USAGE, "there is no test \"%s\"; the tests are %s",
                           weiss_text_show(name, shown), known);
}

int weiss_bench_parse_tests(const char *text, weiss_bench_plan *plan, weiss_fault *fault)
{
    int code = 0;
    char *copy = strdup(text), *rest = copy;
    if (copy == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    memset(plan->test, 0, sizeof plan->test);
    for (char *name; code == 0 && (name = strsep(&rest, ",")) != NULL;) {
        weiss_bench_test test = weiss_bench_find(name);
        if (test == WEISS_BENCH_TESTS)
            code = unknown_test(name, fault);
        else
            plan->test[test] = true;
    }
    free(copy);
    return code;
}

/** Reads "64K" at *text, which then points behind it. */
static bool take_size(const char **text, size_t *bytes)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    unsigned long long value = strtoull(*text, &end, 10);
    int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 0;
    if (shift > 0)
        end += strncmp(end + 1, "iB", 2) == 0 ? 3 : 1;
    *text = end;
    *bytes = (size_t)value << shift;
    return value > 0 && value <= WEISS_BENCH_BYTES_MAX >> shift && *bytes % 4 == 0;
}

/** Keeps the sizes in order and each once. */
static bool add_size(weiss_bench_plan *plan, size_t bytes)
{
    int at = 0;
    while (at < plan->nsizes && plan->size[at] < bytes)
        at++;
    if (at < plan->nsizes && plan->size[at] == bytes)
        return true;
    if (plan->nsizes == WEISS_BENCH_SIZES_MAX)
        return false;
    memmove(&plan->size[at + 1], &plan->size[at], (size_t)(plan->nsizes - at) * sizeof *plan->size);
    plan->size[at] = bytes;
    plan->nsizes++;
    return true;
}

int weiss_bench_parse_sizes(const char *text, weiss_bench_plan *plan, weiss_fault *fault)
{
    const char *at = text;
    char shown[WEISS_TEXT_SHOWN];
    bool good = true;
    plan->nsizes = 0;
    do {
        size_t first = 0, last;
        good = take_size(&at, &first);
        last = first;
        if (good && *at == '-') {
            at++;
            good = take_size(&at, &last) && last >= first;
        }
        for (size_t bytes = first; good && bytes <= last; bytes *= 2)
            good = add_size(plan, bytes);
    } while (good && *at++ == ',');
    if (good && at[-1] == '\0')
        return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_USAGE,
        "expected up to %d sizes in bytes, multiples of 4, such as 4,64K,1M or 4-4M, found \"%s\"",
        WEISS_BENCH_SIZES_MAX, weiss_text_show(text, shown));
}

char *weiss_bench_size_text(size_t bytes, char *out, size_t size)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB"};
    int u = 0;
    while (u < 3 && bytes >= 1024 && bytes % 1024 == 0) {
        bytes /= 1024;
        u++;
    }
    snprintf(out, size, "%zu %s", bytes, unit[u]);
    return out;
}

int weiss_bench_plan_count(const weiss_bench_plan *plan)
{
    int count = 0;
    for (int t = 0; t < WEISS_BENCH_TESTS; t++)
        if (plan->test[t])
            count += weiss_bench_table[t].sized ? plan->nsizes : 1;
    return count;
}
