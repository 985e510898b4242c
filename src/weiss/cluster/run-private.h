/* What the files of `weiss run --cluster` share: one run. */
#ifndef WEISS_COMMAND_CLUSTER_RUN_PRIVATE_H
#define WEISS_COMMAND_CLUSTER_RUN_PRIVATE_H

#include "cloud/cluster/cluster.h"
#include "weiss/cluster/run.h"

#include <stdio.h>

/** The first machine: where mpirun and rank 0 are, and with them all files of the run. */
#define WEISS_CLUSTER_FIRST "vm1"

typedef struct weiss_cluster_job {
    const weiss_cluster_run_options *options;
    weiss_cluster cluster;
    const volatile sig_atomic_t *stop;
    int ranks;
    char here[4096]; /**< directory of results */
    char there[64]; /**< directory in the machines */
    long lines; /**< of the log that were shown */
    FILE *said; /**< keeps what the run says instead, when it is measured; owned */
    char *text; /**< of it; owned */
    size_t length;
    bool brought; /**< results of this run are here */
    char saved[16]; /**< when the newest checkpoint came here, "12:34:56"; empty: none did */
} weiss_cluster_job;

/** Runs a script of the shell in a machine; its arguments are the run's directory there and @p argument (may be NULL).
 *  @return 0 when it went well, else a code; WEISS_ERR_PEER: the machine does not answer */
int weiss_cluster_script(const weiss_cluster_job *job, const char *vm, const char *script,
                         const char *argument, const weiss_process_reader *reader, weiss_fault *fault);
/** Copies a file or tree; one of the names is "VM:PATH". @return 0, or a code */
int weiss_cluster_copy(const weiss_cluster_job *job, const char *from, const char *to, weiss_fault *fault);
/** The last part of a path. */
const char *weiss_cluster_base_name(const char *path);

/** Brings all results here; what was there before the run is moved out of the way, or replaced by a run that went on. Does
 *  nothing when there are none.
 *  @return 0, or a code: what is here is as before, or complete under the name that the text says */
int weiss_cluster_fetch(weiss_cluster_job *job, weiss_fault *fault);
/** Brings the newest checkpoint here, and with it what else has changed since the last time; job->saved says when.
 *  @return as weiss_cluster_fetch */
int weiss_cluster_fetch_checkpoint(weiss_cluster_job *job, weiss_fault *fault);

#endif
