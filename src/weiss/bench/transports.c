/* The transports between processes of one machine, and which of them can run here. */
#include "base/text.h"
#include "weiss/bench/bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* One-sided communication has components of its own, some of which would go round the transport under test; each
 * transport names the one that uses it. Of ivshmem's two, Open MPI takes pt2pt when the transport offers no RDMA. Between
 * machines, vader is for ranks of the same one. */
#define OB1                                                                                                  \
    {                                                                                                        \
        "pml", "ob1"                                                                                         \
    }
#define IVSHMEM(others, mode)                                                                                \
    .needs = {"pml:ob1", "btl:ivshmem"}, .region = true,                                                     \
    .mca = {OB1, {"btl", others ",ivshmem"}, {"osc", "rdma,pt2pt"}, {WEISS_FABRIC_WAIT, mode}}
#define RAW                                                                                                  \
    {                                                                                                        \
        .name = "raw", .colour = "#56b4e9", .region = true, .raw = true                                      \
    }

const weiss_transport weiss_transport_table[] = {
    {.name = "vader",
     .colour = "#1f2933",
     .needs = {"pml:ob1", "btl:vader", "osc:sm"},
     .mca = {OB1, {"btl", "self,vader"}, {"btl_vader_single_copy_mechanism", "none"}, {"osc", "sm"}}},
    {.name = "vader-cma",
     .colour = "#7b8794",
     .needs = {"pml:ob1", "btl:vader", "osc:sm"},
     .cma = true,
     .mca = {OB1, {"btl", "self,vader"}, {"btl_vader_single_copy_mechanism", "cma"}, {"osc", "sm"}}},
    {.name = "ucx",
     .colour = "#cc79a7",
     .needs = {"pml:ucx", "osc:ucx"},
     .mca = {{"pml", "ucx"},
             {"osc", "ucx"},
             {"opal_common_ucx_tls", "any"},
             {"opal_common_ucx_devices", "any"}}},
    {.name = "tcp",
     .colour = "#d55e00",
     .needs = {"pml:ob1", "btl:tcp", "osc:pt2pt"},
     .mca = {OB1, {"btl", "self,tcp"}, {"btl_tcp_if_include", "lo"}, {"osc", "pt2pt"}}},
    {.name = "ivshmem", .colour = "#0072b2", IVSHMEM("self", "spin")},
    {.name = "ivshmem-blocking", .colour = "#e69f00", IVSHMEM("self", "block")},
    {.name = "ivshmem-adaptive", .colour = "#009e73", IVSHMEM("self", "adaptive")},
    RAW,
    {0},
};

const weiss_transport weiss_machine_transport_table[] = {
    {.name = "tcp-virtio", .colour = "#d55e00", .mca = {OB1, {"btl", "self,vader,tcp"}, {"osc", "pt2pt"}}},
    {.name = "ivshmem", .colour = "#0072b2", IVSHMEM("self,vader", "spin")},
    {.name = "ivshmem-blocking", .colour = "#e69f00", .doorbell = true, IVSHMEM("self,vader", "block")},
    {.name = "ivshmem-adaptive", .colour = "#009e73", .doorbell = true, IVSHMEM("self,vader", "adaptive")},
    RAW,
    {0},
};

const weiss_transport weiss_cluster_transport_table[] = {
    {.name = "tcp", .colour = "#d55e00", .mca = {{"btl", "self,vader,tcp"}}},
    {.name = "ivshmem", .colour = "#0072b2", .mca = {{"btl", "self,vader,ivshmem,tcp"}}},
    {0},
};

static int unknown_transport(const weiss_transport *table, const char *name, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN], known[256] = "";
    for (const weiss_transport *t = table; t->name != NULL; t++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used > 0 ? ", " : "", t->name);
    }
    return weiss_fault_set(fault, WEISS_ERR_USAGE, "there is no transport \"%s\" here; the transports are %s",
                           weiss_text_show(name, shown), known);
}

static bool chosen(const weiss_bench_job *job, const weiss_transport *transport)
{
    for (int c = 0; c < job->ncolumns; c++)
        if (job->column[c].transport == transport)
            return true;
    return false;
}

int weiss_bench_choose(weiss_bench_job *job, const char *names, weiss_fault *fault)
{
    const weiss_transport *table = job->table != NULL ? job->table
                                   : job->vms > 0     ? weiss_machine_transport_table
                                                      : weiss_transport_table;
    int code = 0;
    if (names == NULL) {
        for (const weiss_transport *t = table; t->name != NULL; t++)
            job->column[job->ncolumns++].transport = t;
        return 0;
    }
    char *copy = strdup(names), *rest = copy;
    if (copy == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (char *name; code == 0 && (name = strsep(&rest, ",")) != NULL;) {
        const weiss_transport *t = table;
        while (t->name != NULL && strcmp(t->name, name) != 0)
            t++;
        if (t->name == NULL)
            code = unknown_transport(table, name, fault);
        else if (!chosen(job, t))
            job->column[job->ncolumns++].transport = t;
    }
    free(copy);
    return code;
}

/** Everything that `ompi_info` prints; NULL when it cannot be started. Free with free(). */
static char *ask_open_mpi(void)
{
    char *text = NULL, buffer[4096];
    size_t size = 0, got;
    FILE *from = popen("ompi_info --parsable 2>/dev/null", "re");
    FILE *to = open_memstream(&text, &size);
    while (from != NULL && to != NULL && (got = fread(buffer, 1, sizeof buffer, from)) > 0)
        fwrite(buffer, 1, got, to);
    if (to != NULL)
        fclose(to);
    if (from == NULL || pclose(from) != 0 || to == NULL) {
        free(text);
        return NULL;
    }
    return text;
}

/** True when a process may read the memory of its child without the child's help. */
static bool may_read_others(void)
{
    char there = 1, here = 0;
    int hold[2];
    if (pipe(hold) != 0)
        return false;
    pid_t child = fork();
    if (child == 0) { /* lives until the pipe is closed */
        close(hold[1]);
        _exit(read(hold[0], &here, 1) < 0);
    }
    const struct iovec to = {&here, 1}, from = {&there, 1};
    bool good = child > 0 && process_vm_readv(child, &to, 1, &from, 1, 0) == 1 && here == 1;
    close(hold[0]);
    close(hold[1]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return good;
}

static void look_for_components(weiss_bench_column *column, const char *components)
{
    char line[64];
    for (int n = 0; column->transport->needs[n] != NULL; n++) {
        snprintf(line, sizeof line, "\nmca:%s:version:", column->transport->needs[n]);
        if (strstr(components, line) == NULL) {
            const char *ours = strcmp(column->transport->needs[n], "btl:ivshmem") == 0
                                   ? "; it is built and installed with Weiss"
                                   : "";
            snprintf(column->skipped, sizeof column->skipped, "Open MPI has no component %s here%s",
                     column->transport->needs[n], ours);
            return;
        }
    }
}

/** A full /dev/shm is an error of the transport, and better known before. */
static void look_for_space(weiss_bench_column *column)
{
    struct statvfs facts;
    if (statvfs("/dev/shm", &facts) != 0)
        snprintf(column->skipped, sizeof column->skipped, "there is no /dev/shm: %s", strerror(errno));
    else if ((double)facts.f_bavail * (double)facts.f_frsize < WEISS_BENCH_REGION_BYTES)
        snprintf(column->skipped, sizeof column->skipped, "/dev/shm has not the %d MiB that a region needs",
                 WEISS_BENCH_REGION_BYTES >> 20);
}

int weiss_bench_probe(weiss_bench_job *job, weiss_fault *fault)
{
    char *components = ask_open_mpi();
    if (components == NULL)
        return weiss_fault_set(
            fault, WEISS_ERR_SYSTEM,
            "ompi_info, which tells what Open MPI can do, does not run; install the package openmpi-bin");
    for (int c = 0; c < job->ncolumns; c++) {
        weiss_bench_column *column = &job->column[c];
        look_for_components(column, components);
        if (column->skipped[0] == '\0' && column->transport->cma && !may_read_others())
            snprintf(column->skipped, sizeof column->skipped,
                     "this system does not let a process read another's memory (ptrace)");
        if (column->skipped[0] == '\0' && column->transport->region)
            look_for_space(column);
    }
    free(components);
    return 0;
}
