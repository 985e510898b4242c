/* weiss bench fabric: measures the ways that messages can go, one against the other. */
#include "base/text.h"
#include "weiss/bench/bench.h"
#include "weiss/stop.h"

#include <stdlib.h>
#include <string.h>

static const weiss_option options[] = {
    {"--quick", 0, NULL, "Three sizes, two rounds, short samples: to see that it works"},
    {"--tests", 0, "LIST", "Which tests, for example latency,put"},
    {"--sizes", 0, "LIST", "Which sizes: 4,64K,1M, or powers of two 4-4M (which is the default)"},
    {"--transports", 0, "LIST", "Which transports; the first is what the others are compared with"},
    {"--rounds", 0, "N", "Times that each transport is started (5)"},
    {"--ranks", 'n', "N", "Ranks (2); more than two take part in barrier and allreduce only"},
    {"--vms", 0, "N", "Measure between 2 to 4 virtual machines, which are booted for it"},
    {"--module", 0, "FILE", "Kernel module for them, which lets a waiting rank sleep"},
    {"--csv", 0, "FILE", "Write the results as CSV"},
    {"--svg", 0, "DIR", "Draw pictures into a directory"},
    {0},
};

static int take_count(const char *name, const char *text, int low, int high, int *out, weiss_fault *fault)
{
    char *end, shown[WEISS_TEXT_SHOWN];
    if (text == NULL)
        return 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < low || value > high)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "%s: expected a number from %d to %d, found \"%s\"",
                               name, low, high, weiss_text_show(text, shown));
    *out = (int)value;
    return 0;
}

/** Makes the job of the options. @return 0, WEISS_ERR_USAGE, WEISS_ERR_MEMORY */
static int plan(const weiss_command *command, const weiss_arguments *arguments, weiss_bench_job *job,
                weiss_fault *fault)
{
    bool quick = weiss_arguments_get(command, arguments, "--quick") != NULL;
    const char *tests = weiss_arguments_get(command, arguments, "--tests");
    const char *sizes = weiss_arguments_get(command, arguments, "--sizes");
    *job = (weiss_bench_job){.plan = weiss_bench_plan_all(),
                             .rounds = quick ? 2 : 5,
                             .ranks = 2,
                             .module = weiss_arguments_get(command, arguments, "--module"),
                             .samples = quick ? 2 : 3,
                             .sample_time = quick ? 0.002 : 0.02,
                             .wait_time = quick ? 0.1 : 0.5};
    if (quick && sizes == NULL)
        sizes = "4,4K,256K";
    int code = take_count("--vms", weiss_arguments_get(command, arguments, "--vms"), 2, WEISS_LAB_VMS_MAX,
                          &job->vms, fault);
    if (code == 0)
        code = take_count("--rounds", weiss_arguments_get(command, arguments, "--rounds"), 1, 1000,
                          &job->rounds, fault);
    if (code == 0)
        code = take_count("--ranks", weiss_arguments_get(command, arguments, "--ranks"), 2, 1000, &job->ranks,
                          fault);
    if (code == 0 && job->module != NULL && job->vms == 0)
        code = weiss_fault_set(fault, WEISS_ERR_USAGE, "--module is for virtual machines: give --vms too");
    if (code == 0 && tests != NULL)
        code = weiss_bench_parse_tests(tests, &job->plan, fault);
    if (code == 0 && sizes != NULL)
        code = weiss_bench_parse_sizes(sizes, &job->plan, fault);
    if (code == 0)
        code = weiss_bench_choose(job, weiss_arguments_get(command, arguments, "--transports"), fault);
    return code;
}

static bool locate(const char *name, char *out)
{
    char built[64], installed[PATH_MAX];
    snprintf(built, sizeof built, "src/fabric/bench/%s", name);
    snprintf(installed, sizeof installed, WEISS_LIBEXEC_DIR "/%s", name);
    return weiss_fabric_locate(built, installed, out);
}

static int find_programs(weiss_bench_job *job, weiss_fault *fault)
{
    int code = weiss_fabric_settings_find(&job->settings, fault);
    if (code != 0)
        return code;
    if (!locate("weiss-fabric-bench", job->program) || !locate("weiss-fabric-bench-raw", job->raw_program))
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "a measuring program, weiss-fabric-bench or weiss-fabric-bench-raw, is missing; build or "
            "install all of Weiss");
    return 0;
}

static void say(void *data, const char *line)
{
    (void)data;
    fprintf(stderr, "weiss: %s\n", line);
}

/** Leaves out transports that have none of the tests. */
static void leave_out_untested(weiss_bench_job *job)
{
    for (int c = 0; c < job->ncolumns; c++)
        if (weiss_bench_expected(job, job->column[c].transport) == 0)
            snprintf(job->column[c].skipped, sizeof job->column[c].skipped, "it has none of the tests");
}

/** Finds out what can be measured; boots the machines when it is measured in such. */
static int get_ready(weiss_bench_job *job, const volatile sig_atomic_t *stop, weiss_fault *fault)
{
    int code = find_programs(job, fault);
    if (code == 0)
        code = weiss_bench_rows_make(job, fault);
    if (code == 0 && job->vms > 0)
        return weiss_bench_machines_start(job, (weiss_lab_watch){.say = say, .stop = stop}, fault);
    if (code == 0) {
        weiss_fabric_settings_export(&job->settings);
        code = weiss_bench_probe(job, fault);
    }
    leave_out_untested(job);
    return code;
}

static bool nothing_to_measure(const weiss_bench_job *job)
{
    for (int c = 0; c < job->ncolumns; c++)
        if (job->column[c].skipped[0] == '\0')
            return false;
    return true;
}

/** Measures and writes what came out. @return an exit code */
static int measure(weiss_bench_job *job, const char *csv, const char *pictures, weiss_fault *fault)
{
    int outcome = weiss_bench_measure(job);
    if (outcome > WEISS_EXIT_SIGNAL)
        return outcome;
    weiss_bench_rows_close(job);
    weiss_bench_print(job, stdout);
    int code = csv != NULL ? weiss_bench_write_csv(job, csv, fault) : 0;
    if (code == 0 && pictures != NULL)
        code = weiss_bench_draw(job, pictures, fault);
    return code != 0 ? WEISS_EXIT_ERROR : outcome;
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_bench_job job;
    weiss_fault fault = {0};
    if (plan(command, arguments, &job, &fault) != 0)
        return weiss_usage("weiss bench fabric", "%s", fault.text);
    const volatile sig_atomic_t *stop = job.vms > 0 ? weiss_stop_watch() : NULL;
    int outcome = WEISS_EXIT_ERROR, code = get_ready(&job, stop, &fault);
    if (code == WEISS_STOPPED)
        outcome = WEISS_EXIT_SIGNAL + (int)*stop;
    else if (code == 0 && nothing_to_measure(&job))
        weiss_fault_set(&fault, WEISS_ERR_SYSTEM, "no transport can be measured here: %s: %s",
                        job.column[0].transport->name, job.column[0].skipped);
    else if (code == 0)
        outcome = measure(&job, weiss_arguments_get(command, arguments, "--csv"),
                          weiss_arguments_get(command, arguments, "--svg"), &fault);
    weiss_lab_stop(job.lab);
    weiss_bench_rows_free(&job);
    if (fault.code != 0)
        fprintf(stderr, "weiss: %s\n", fault.text);
    return outcome;
}

const weiss_command weiss_command_bench_fabric = {
    .name = "fabric",
    .summary = "Compare the ways that messages between ranks can go",
    .operands = "",
    .options = options,
    .text = "Measures latency, bandwidth, message rate, one-sided and collective operations, and the CPU "
            "time of a\n"
            "waiting rank, over Open MPI's shared memory with and without single copy (vader), UCX, TCP over "
            "the\n"
            "loopback, and the fabric (ivshmem: spinning, blocking, adaptive; raw: without MPI) on a file in "
            "/dev/shm.\n"
            "With --vms: TCP through the virtual network, and the fabric. Each transport is started in turn, "
            "several\n"
            "times. One that cannot run here is named with the reason.\n"
            "\n"
            "Tests: latency, bandwidth, bibandwidth, rate, put, get, barrier, allreduce, wait.\n"
            "\n"
            "Examples:\n"
            "  weiss bench fabric --csv fabric.csv --svg pictures\n"
            "  weiss bench fabric --tests latency --sizes 4-64K --transports vader,ivshmem\n"
            "  weiss bench fabric --vms 2 --csv fabric-vms.csv\n",
    .run = run,
};
