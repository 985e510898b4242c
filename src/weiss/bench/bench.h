/* What the files of `weiss bench` share: what is measured over which transports, and what came out. */
#ifndef WEISS_COMMAND_BENCH_H
#define WEISS_COMMAND_BENCH_H

#include "base/statistics.h"
#include "cloud/lab/lab.h"
#include "fabric/bench/tests.h"
#include "weiss/command.h"
#include "weiss/fabric-settings.h"

#include <stdio.h>

extern const weiss_command weiss_command_bench_fabric, weiss_command_bench_tuning;

/** A way for messages. Names of components are as `ompi_info --parsable` has them, "btl:tcp". */
typedef struct weiss_transport {
    const char *name;
    const char *colour; /**< in pictures */
    const char *needs[4]; /**< components; NULL-terminated */
    const char *mca[8][2]; /**< parameters and values; NULL-terminated */
    bool region; /**< needs a region file */
    bool raw; /**< done by weiss-fabric-bench-raw, without MPI */
    bool cma; /**< needs leave to read another process's memory */
    bool doorbell; /**< needs machines that can interrupt each other */
} weiss_transport;

#define WEISS_TRANSPORTS_MAX 16
/** Size of a region file that the component makes. */
#define WEISS_BENCH_REGION_BYTES (64 << 20)

/** All transports between processes of one machine, and those between virtual machines. A NULL name ends a table. */
extern const weiss_transport weiss_transport_table[], weiss_machine_transport_table[];
/** Those of a cluster that is up: between machines; inside each it is the machine's own memory. */
extern const weiss_transport weiss_cluster_transport_table[];

/** Samples of one test, size and transport. */
typedef struct weiss_bench_row {
    weiss_bench_test test;
    size_t bytes;
    double *us, *cpu; /**< owned; one of each per sample */
    size_t n, capacity;
    weiss_summary time; /**< of us, microseconds; n is 0 when there is no sample */
    double cpu_percent; /**< median */
} weiss_bench_row;

/** One transport in one measurement. */
typedef struct weiss_bench_column {
    const weiss_transport *transport; /**< borrowed */
    char skipped[256]; /**< why it cannot be measured here; "" */
    bool failed; /**< it ended with an error; no more rounds */
    weiss_bench_row
        *row; /**< owned; as many as weiss_bench_plan_count tells, tests and sizes in their order */
} weiss_bench_column;

typedef struct weiss_bench_job {
    weiss_bench_plan plan;
    int rounds, ranks, samples;
    int vms; /**< virtual machines; 0: it is measured on this machine */
    const char *module; /**< kernel module for them, which brings interrupts; NULL: none; borrowed */
    weiss_lab *lab; /**< owned; NULL without machines */
    double sample_time, wait_time; /**< seconds */
    const weiss_transport *table; /**< to choose from; NULL: that of this machine, or of machines; borrowed */
    weiss_bench_column column[WEISS_TRANSPORTS_MAX];
    int ncolumns, nrows;
    weiss_fabric_settings settings;
    char program[PATH_MAX], raw_program[PATH_MAX]; /**< weiss-fabric-bench, and -raw */
    char ssh[PATH_MAX]; /**< with machines */
} weiss_bench_job;

/** Chooses transports from a list of names, NULL: all. @return 0, WEISS_ERR_USAGE */
int weiss_bench_choose(weiss_bench_job *job, const char *names, weiss_fault *fault);
/** Asks Open MPI and the system which of the transports can run here, and fills in why not. @return 0, WEISS_ERR_SYSTEM */
int weiss_bench_probe(weiss_bench_job *job, weiss_fault *fault);

/** Boots job->vms machines with what is measured in them, and fills in which transports cannot run there and why not.
 *  @return as weiss_lab_start */
int weiss_bench_machines_start(weiss_bench_job *job, weiss_lab_watch watch, weiss_fault *fault);
/** Ends what a transport that failed may have left in them, and says when one is gone. */
void weiss_bench_machines_clean(const weiss_bench_job *job);

/** Makes the rows of all columns. @return 0, WEISS_ERR_MEMORY */
int weiss_bench_rows_make(weiss_bench_job *job, weiss_fault *fault);
void weiss_bench_rows_free(weiss_bench_job *job);
/** Takes a line of a measuring program. @return false when it is no sample of the plan */
bool weiss_bench_take_line(const weiss_bench_job *job, weiss_bench_column *column, const char *line);
/** Number of samples that one start with this transport gives. */
int weiss_bench_expected(const weiss_bench_job *job, const weiss_transport *transport);
/** Summarises all samples. */
void weiss_bench_rows_close(weiss_bench_job *job);
/** Bandwidth at a time of @p us for one part, in MB/s of 10^6 bytes. */
double weiss_bench_bandwidth(const weiss_bench_row *row, double us);

/** Runs all rounds, the transports in turn, with progress on standard error.
 *  @return an exit code: WEISS_EXIT_DONE, WEISS_EXIT_ERROR (after a message; there may be rows all the same), or that of a
 *          signal */
int weiss_bench_measure(weiss_bench_job *job);

/** Prints the tables. */
void weiss_bench_print(const weiss_bench_job *job, FILE *to);
/** Writes all rows as CSV. @return 0, WEISS_ERR_FILE, WEISS_ERR_MEMORY */
int weiss_bench_write_csv(const weiss_bench_job *job, const char *path, weiss_fault *fault);
/** Draws TEST.svg for every test of several sizes into a directory, which is made when missing.
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_MEMORY */
int weiss_bench_draw(const weiss_bench_job *job, const char *directory, weiss_fault *fault);

#endif
