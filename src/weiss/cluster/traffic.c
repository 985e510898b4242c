#include "weiss/cluster/traffic.h"

#include "cloud/remote.h"
#include "plan/monitor.h"
#include "weiss/tracer.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

/** Lines of JSON of the component ivshmem, then lines "weiss.RANK.prof:..." of Open MPI's monitoring. */
static const char statistics_script[] = "cd \"$1\"/statistics 2>/dev/null || exit 0\n"
                                        "cat ivshmem-*.json 2>/dev/null\n"
                                        "grep -E '^([EI]\t|# POINT)' /dev/null weiss.*.prof 2>/dev/null\n"
                                        "true";
static const char file_script[] = "cat \"$1\"/\"$2\" 2>/dev/null; true";

/** Reads machine after machine. */
typedef struct reader {
    weiss_monitor_job job;
    weiss_cluster_traffic *traffic;
    int vm; /**< that is being read */
    int code;
    weiss_fault *fault;
} reader;

static void take_fabric(const char *line, weiss_cluster_traffic *traffic)
{
    json_object *rank = json_tokener_parse(line), *value = NULL;
    if (json_object_object_get_ex(rank, "received_messages", &value))
        traffic->fabric_messages += json_object_get_int64(value);
    if (json_object_object_get_ex(rank, "received_bytes", &value))
        traffic->fabric_bytes += json_object_get_int64(value);
    json_object_put(rank);
}

static void take_line(void *self, const char *line)
{
    reader *r = self;
    int rank, n = 0;
    if (line[0] == '{') {
        take_fabric(line, r->traffic);
    } else if (sscanf(line, "weiss.%d.prof:%n", &rank, &n) == 1 && n > 0 && r->code == 0) {
        r->code = weiss_monitor_take(&r->job, rank, r->vm, line + n, r->fault);
    }
}

int weiss_cluster_traffic_read(const weiss_cluster *cluster, const char *directory,
                               weiss_cluster_traffic *traffic, weiss_fault *fault)
{
    int server[WEISS_CLUSTER_PROCESSES_MAX];
    reader r = {.traffic = traffic, .fault = fault};
    const weiss_process_reader lines = {.line = take_line, .data = &r};
    *traffic = (weiss_cluster_traffic){0};
    for (int i = 0; i < cluster->vms; i++)
        server[i] = weiss_cluster_server(cluster, i);
    for (r.vm = 0; r.code == 0 && r.vm < cluster->vms; r.vm++) {
        const char *const words[] = {"sh", "-c", statistics_script, "sh", directory, NULL};
        int exit_code = 0;
        int code = weiss_remote_run(cluster->directory, cluster->process[r.vm].name, (char *const *)words,
                                    &lines, NULL, &exit_code, fault);
        r.code = r.code != 0 ? r.code : code;
    }
    weiss_monitor_shares(&r.job, server, cluster->vms, traffic->share);
    for (int i = 0; i < r.job.nranks; i++)
        traffic->ranks += r.job.vm[i] >= 0;
    weiss_monitor_free(&r.job);
    return r.code;
}

static void print_level(const char *what, const weiss_plan_share *share, const char *how)
{
    printf("           %-28s %9.0f messages %11.6g MB%s\n", what, share->messages, 1e-6 * share->bytes, how);
}

void weiss_cluster_traffic_print(const char *cluster, const weiss_cluster_traffic *traffic)
{
    const weiss_plan_share *share = traffic->share;
    if (traffic->ranks == 0) {
        printf("cluster    %s: its ranks left no counts of messages\n", cluster);
        return;
    }
    bool between = share[WEISS_PLAN_SERVER].messages > 0.0;
    printf("cluster    %s: what %d rank%s sent\n", cluster, traffic->ranks, traffic->ranks > 1 ? "s" : "");
    print_level("inside machines", &share[WEISS_PLAN_VM],
                share[WEISS_PLAN_VM].messages > 0.0 ? "  memory of the machine" : "");
    print_level("between machines of a server", &share[WEISS_PLAN_SERVER],
                !between                       ? ""
                : traffic->fabric_messages > 0 ? "  shared memory"
                                               : "  TCP");
    print_level("between servers", &share[WEISS_PLAN_NETWORK],
                share[WEISS_PLAN_NETWORK].messages > 0.0 ? "  TCP" : "");
    if (traffic->fabric_messages > 0)
        printf("           shared memory carried %" PRId64 " messages, %.6g MB with headers\n",
               traffic->fabric_messages, 1e-6 * (double)traffic->fabric_bytes);
}

static void keep_line(void *self, const char *line)
{
    fprintf(self, "%s\n", line);
}

/** Text of a file in the first machine; empty when there is none. Free with free(). @return NULL on failure */
static char *read_text(const weiss_cluster *cluster, const char *directory, const char *name)
{
    char *text = NULL;
    size_t size = 0;
    int exit_code = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL)
        return NULL;
    const weiss_process_reader lines = {.line = keep_line, .data = to};
    const char *const words[] = {"sh", "-c", file_script, "sh", directory, name, NULL};
    weiss_remote_run(cluster->directory, cluster->process[0].name, (char *const *)words, &lines, NULL,
                     &exit_code, NULL);
    fclose(to);
    return text;
}

int weiss_cluster_split_read(const weiss_cluster *cluster, const char *directory, bool direct,
                             weiss_split *split, weiss_fault *fault)
{
    char *times = read_text(cluster, directory, "times.csv");
    char *traffic = read_text(cluster, directory, "traffic.csv");
    int code =
        times == NULL || traffic == NULL || times[0] == '\0' || traffic[0] == '\0'
            ? weiss_fault_set(fault, WEISS_ERR_FILE,
                              "the tracer left no times in %s of the cluster \"%s\"; take it down and up "
                              "again when an older version of this program has started it",
                              cluster->process[0].name, cluster->name)
            : weiss_tracer_split(times, traffic, NULL, direct, split, fault);
    free(times);
    free(traffic);
    return code;
}
