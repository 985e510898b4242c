/* The runs of a scaling measurement in the machines of a cluster. */
#include "weiss/cluster/run.h"
#include "weiss/scale/scale.h"

#include <math.h>
#include <string.h>

/** A transport that is not there must not be measured under its name. */
static int check_transport(const weiss_scale_job *job, const weiss_scale_run *run,
                           const weiss_cluster_traffic *traffic)
{
    if (strcmp(run->transport->name, "ivshmem") != 0 || traffic->fabric_messages > 0 ||
        !(traffic->share[WEISS_PLAN_SERVER].messages > 0.0))
        return WEISS_EXIT_DONE;
    fprintf(
        stderr,
        "weiss: the machines of \"%s\" share no memory: their messages went over TCP instead of ivshmem; its "
        "cluster file needs ivshmem: plain or doorbell\n",
        job->cluster);
    return WEISS_EXIT_ERROR;
}

int weiss_scale_run_in_cluster(const weiss_scale_job *job, const weiss_scale_run *run, weiss_scale_cell *cell)
{
    weiss_fault fault = {0};
    weiss_cluster_measure measure = {0};
    const weiss_cluster_run_options options = {.cluster = job->cluster,
                                               .file = run->file,
                                               .out = run->out,
                                               .ranks = run->ranks,
                                               .quiet = true,
                                               .transport = run->transport,
                                               .measure = &measure};
    int code = weiss_cluster_run(&options);
    if (code == WEISS_EXIT_DONE)
        code = check_transport(job, run, &measure.traffic);
    if (code != WEISS_EXIT_DONE)
        return code;
    if (weiss_scale_read_run(run->out, cell, &fault) != 0) {
        fprintf(stderr, "weiss: %s\n", fault.text);
        return WEISS_EXIT_ERROR;
    }
    cell->split[cell->nsplit++] = measure.split;
    return WEISS_EXIT_DONE;
}
