/* Virtual machines for a measurement, with the programs and the component in them. */
#include "weiss/bench/bench.h"

#include <stdlib.h>
#include <string.h>

static bool find_component(const weiss_bench_job *job, char *path)
{
    return job->settings.components[0] != '\0' &&
           snprintf(path, PATH_MAX, "%s/mca_btl_ivshmem.so", job->settings.components) < PATH_MAX;
}

static bool needs_component(const weiss_transport *transport)
{
    for (int n = 0; transport->needs[n] != NULL; n++)
        if (strcmp(transport->needs[n], "btl:ivshmem") == 0)
            return true;
    return false;
}

static void tell_reasons(weiss_bench_job *job, bool component)
{
    for (int c = 0; c < job->ncolumns; c++) {
        const weiss_transport *transport = job->column[c].transport;
        const char *why = "";
        if (!component && needs_component(transport))
            why = "mca_btl_ivshmem.so is neither built nor installed";
        else if (transport->doorbell && job->module == NULL)
            why = "without interrupts a rank can only look now and then; tools/build-guest-module makes the "
                  "module "
                  "for --module";
        else if (weiss_bench_expected(job, transport) == 0)
            why = "it has none of the tests";
        snprintf(job->column[c].skipped, sizeof job->column[c].skipped, "%s", why);
    }
}

int weiss_bench_machines_start(weiss_bench_job *job, weiss_lab_watch watch, weiss_fault *fault)
{
    char path[PATH_MAX];
    bool component = find_component(job, path);
    weiss_lab_options options = weiss_lab_defaults();
    options.vms = job->vms;
    options.watch = watch;
    options.ship[0] = job->program;
    options.ship[1] = job->raw_program;
    options.ship[2] = component ? path : NULL;
    options.ivshmem = job->module != NULL ? WEISS_LAB_DOORBELL : WEISS_LAB_PLAIN;
    options.module[0] = job->module;
    tell_reasons(job, component);
    if (!weiss_process_find("ssh", job->ssh, sizeof job->ssh))
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "ssh is missing: install the package openssh-client");
    return weiss_lab_start(&options, &job->lab, fault);
}

void weiss_bench_machines_clean(const weiss_bench_job *job)
{
    char *const words[] = {(char[]){"busybox"},
                           (char[]){"killall"},
                           (char[]){"-q"},
                           (char[]){"-9"},
                           (char[]){"mpirun"},
                           (char[]){"weiss-fabric-bench"},
                           (char[]){"weiss-fabric-bench-raw"},
                           NULL};
    const weiss_process_reader reader = {.seconds = 60};
    weiss_fault fault = {0};
    int code;
    if (weiss_lab_check(job->lab, &fault) != 0)
        fprintf(stderr, "weiss: %s\n", fault.text);
    for (int vm = 1; vm <= job->vms; vm++)
        weiss_lab_run(job->lab, vm, words, &reader, &code, &fault);
}
