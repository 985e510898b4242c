#include "base/text.h"
#include "fabric/bench/run.h"

#include <stdlib.h>
#include <string.h>

static int take_number(const char *name, const char *text, double low, double high, double *out,
                       weiss_fault *fault)
{
    char *end, shown[WEISS_TEXT_SHOWN];
    *out = strtod(text, &end);
    if (end != text && *end == '\0' && *out >= low && *out <= high)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_USAGE, "%s: expected a number from %g to %g, found \"%s\"", name,
                           low, high, weiss_text_show(text, shown));
}

int weiss_bench_options(int argc, char **argv, weiss_bench_plan *plan, weiss_bench_effort *effort,
                        double *wait, weiss_fault *fault)
{
    int code = 0;
    *plan = weiss_bench_plan_all();
    *effort = (weiss_bench_effort){.samples = 3, .seconds = 0.02};
    for (int i = 1; i < argc && code == 0; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        double number;
        if (value == NULL) {
            code = weiss_fault_set(fault, WEISS_ERR_USAGE, "%s needs a value", name);
        } else if (strcmp(name, "--tests") == 0) {
            code = weiss_bench_parse_tests(value, plan, fault);
        } else if (strcmp(name, "--sizes") == 0) {
            code = weiss_bench_parse_sizes(value, plan, fault);
        } else if (strcmp(name, "--samples") == 0) {
            code = take_number(name, value, 1, 1000, &number, fault);
            effort->samples = (int)number;
        } else if (strcmp(name, "--sample-time") == 0) {
            code = take_number(name, value, 1e-6, 60, &effort->seconds, fault);
        } else if (wait != NULL && strcmp(name, "--wait-time") == 0) {
            code = take_number(name, value, 1e-3, 60, wait, fault);
        } else {
            code = weiss_fault_set(fault, WEISS_ERR_USAGE,
                                   "there is no option %s; the options are --tests, --sizes, --samples, "
                                   "--sample-time and --wait-time",
                                   name);
        }
    }
    return code;
}
