#include "weiss/cluster-run.h"

#include "cloud/remote.h"
#include "weiss/cluster-run-private.h"
#include "weiss/command.h"
#include "weiss/problem-files.h"
#include "weiss/stop.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Line that stands for a new checkpoint, which nothing else prints. */
#define CHECKPOINT "\\001checkpoint"

/** Starts mpirun in the background, so that it outlives a connection that is lost; then leaves its number in mpirun.pid, what
 *  it says in log, and its exit code in code. Arguments: directory, ranks, words of weiss run. */
static const char start_script[] =
    "cd \"$1\" || exit 1\n"
    "ranks=$2; shift 2\n"
    "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OPENBLAS_NUM_THREADS=1\n"
    "export OMPI_MCA_mca_base_component_path=/opt/lab:$(ompi_info --path pkglibdir --parsable | cut -d: "
    "-f3)\n"
    "export OMPI_MCA_btl_ivshmem_statistics=$PWD/statistics OMPI_MCA_btl_vader_single_copy_mechanism=none\n"
    "export OMPI_MCA_oob_tcp_keepalive_time=4 OMPI_MCA_oob_tcp_keepalive_intvl=1 "
    "OMPI_MCA_oob_tcp_keepalive_probes=4\n"
    "nohup sh -c 'mpirun \"$@\" & echo $! >mpirun.pid; wait $!; echo $? >code' sh --quiet --oversubscribe "
    "\\\n"
    "    -x OMPI_MCA_mca_base_component_path -x OPENBLAS_NUM_THREADS -x OMPI_MCA_btl_ivshmem_statistics \\\n"
    "    --wdir \"$PWD\" --hostfile /etc/weiss-hostfile -n \"$ranks\" /opt/lab/weiss run \"$@\" \\\n"
    "    >log 2>&1 </dev/null &\n"
    "echo $! >pid\n"
    "while [ ! -s mpirun.pid ]; do sleep 0.05; done\n";
/** Shows the log from a line on, as it grows, until mpirun ends; between its lines, a mark for each new checkpoint. bash keeps
 *  the beginning of a line whose end has not come within its second. Arguments: directory, line, name of the results. */
static const char follow_script[] =
    "cd \"$1\" || exit 1\n"
    "look() {\n"
    "    [ $SECONDS != \"$looked\" ] || return\n"
    "    looked=$SECONDS now=$(stat -c %i.%Y \"$1\"/checkpoint.h5 2>/dev/null)\n"
    "    [ \"$now\" = \"$seen\" ] || printf '" CHECKPOINT "\\n'\n"
    "    seen=$now\n"
    "}\n"
    "tail -n +\"$2\" -s 0.2 -f --pid=\"$(cat pid)\" log | while :; do\n"
    "    if IFS= read -r -t 1 line; then\n"
    "        printf '%s%s\\n' \"$begun\" \"$line\"; begun=\n"
    "    else\n"
    "        code=$? begun=$begun$line\n"
    "        [ $code -gt 128 ] || { printf '%s' \"$begun\"; exit 0; }\n"
    "    fi\n"
    "    look \"$3\"\n"
    "done\n";
static const char stop_script[] =
    "kill -USR1 \"$(cat \"$1\"/mpirun.pid)\" || true"; /* it may just have ended */
static const char prepare_script[] = "rm -rf \"$1\" && mkdir -p \"$1\"/statistics";
static const char clean_script[] = "rm -rf \"$1\"";
static const char directory_script[] = "cd \"$1\" && mkdir -p \"$(dirname \"$2\")\"";
static const char code_script[] = "cat \"$1\"/code";
static const char statistics_script[] = "cat \"$1\"/statistics/*.json 2>/dev/null; true";

typedef weiss_cluster_job run;

int weiss_cluster_script(const run *r, const char *vm, const char *script, const char *argument,
                         const weiss_process_reader *reader, weiss_fault *fault)
{
    int exit_code = 0;
    const char *const words[] = {"sh", "-c", script, "sh", r->there, argument, NULL};
    int code =
        weiss_remote_run(r->cluster.directory, vm, (char *const *)words, reader, NULL, &exit_code, fault);
    if (code == 0 && exit_code == 255)
        code = weiss_fault_set(fault, WEISS_ERR_PEER, "%s of the cluster \"%s\" does not answer", vm,
                               r->cluster.name);
    else if (code == 0 && exit_code != 0)
        code = weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "%s of the cluster \"%s\" cannot do its part: a command ended with code %d",
                               vm, r->cluster.name, exit_code);
    return code;
}

int weiss_cluster_copy(const run *r, const char *from, const char *to, weiss_fault *fault)
{
    int exit_code = 0;
    int code = weiss_remote_copy(r->cluster.directory, from, to, NULL, &exit_code, fault);
    return code != 0 || exit_code == 0
               ? code
               : weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                                 "%s cannot be copied to %s (scp ended with code %d)", from, to, exit_code);
}

const char *weiss_cluster_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int script_everywhere(const run *r, const char *script, weiss_fault *fault)
{
    int code = 0;
    for (int i = 0; i < r->cluster.vms; i++) {
        if (!weiss_cluster_runs(&r->cluster, i))
            continue;
        int one =
            weiss_cluster_script(r, r->cluster.process[i].name, script, NULL, NULL, code == 0 ? fault : NULL);
        code = code == 0 ? one : code;
    }
    return code;
}

/** Copies a file here to @p name, relative to the directory there or absolute. */
static int send_file(const run *r, const char *path, const char *name, weiss_fault *fault)
{
    char to[8192];
    snprintf(to, sizeof to, "%s:%s%s%.4000s", WEISS_CLUSTER_FIRST, name[0] == '/' ? "" : r->there,
             name[0] == '/' ? "" : "/", name);
    int code = weiss_cluster_script(r, WEISS_CLUSTER_FIRST, directory_script, name, NULL, fault);
    return code != 0 ? code : weiss_cluster_copy(r, path, to, fault);
}

/** Copies the problem, the files that it names, and the state to go on from. */
static int send_files(const run *r, weiss_fault *fault)
{
    weiss_problem_files files;
    char path[8192];
    WEISS_FAULT_TRY(weiss_problem_files_find(r->options->file, &files, fault));
    int code = send_file(r, r->options->file, weiss_cluster_base_name(r->options->file), fault);
    for (int i = 0; code == 0 && i < files.n; i++) {
        weiss_problem_files_path(r->options->file, files.name[i], path, sizeof path);
        code = send_file(r, path, files.name[i], fault);
    }
    weiss_problem_files_clear(&files);
    return code != 0 || !r->options->restart ? code
                                             : send_file(r, r->here, weiss_cluster_base_name(r->here), fault);
}

static int start(const run *r, weiss_fault *fault)
{
    char number[16];
    int n = 0, exit_code = 0;
    const char *words[16];
    snprintf(number, sizeof number, "%d", r->ranks);
    words[n++] = "sh";
    words[n++] = "-c";
    words[n++] = start_script;
    words[n++] = "sh";
    words[n++] = r->there;
    words[n++] = number;
    words[n++] = "--out";
    words[n++] = weiss_cluster_base_name(r->here);
    if (r->options->restart)
        words[n++] = "--restart";
    if (r->options->changed)
        words[n++] = "--changed";
    if (r->options->quiet)
        words[n++] = "--quiet";
    words[n++] = weiss_cluster_base_name(r->options->file);
    words[n] = NULL;
    int code = weiss_remote_run(r->cluster.directory, WEISS_CLUSTER_FIRST, (char *const *)words, NULL, NULL,
                                &exit_code, fault);
    return code != 0 || exit_code == 0
               ? code
               : weiss_fault_set(fault, WEISS_ERR_SYSTEM, "mpirun cannot be started in %s (code %d)",
                                 WEISS_CLUSTER_FIRST, exit_code);
}

/** Brings a new checkpoint here. When that fails the run goes on. */
static void take_checkpoint(run *r)
{
    weiss_fault fault = {0};
    if (weiss_cluster_fetch_checkpoint(r, &fault) != 0 && weiss_cluster_runs(&r->cluster, 0))
        fprintf(stderr, "weiss: the newest checkpoint is not brought here: %s\n", fault.text);
}

static void show_line(void *self, const char *line)
{
    run *r = self;
    if (strcmp(line, "\001checkpoint") == 0) {
        take_checkpoint(r);
        return;
    }
    r->lines++;
    puts(line);
    fflush(stdout);
}

/** Says what is left when the first machine is gone. */
static int lost(const run *r, weiss_fault *fault)
{
    const char *vm = WEISS_CLUSTER_FIRST, *cluster = r->cluster.name;
    if (r->saved[0] == '\0')
        return weiss_fault_set(fault, WEISS_ERR_PEER,
                               "%s of the cluster \"%s\" does not answer any more, and the results of this "
                               "run are lost with it",
                               vm, cluster);
    return weiss_fault_set(fault, WEISS_ERR_PEER,
                           "%s of the cluster \"%s\" does not answer any more; %s has the checkpoint of %s: "
                           "take the cluster down and up, then go on from there (--restart)",
                           vm, cluster, r->here, r->saved);
}

/** Shows what the run says until it ends. Hands signals on. */
static int follow(run *r, weiss_fault *fault)
{
    for (int told = 0;;) {
        char from[32];
        const weiss_process_reader reader = {.line = show_line, .data = r, .stop = told ? NULL : r->stop};
        int exit_code = 0;
        snprintf(from, sizeof from, "%ld", r->lines + 1);
        const char *const words[] = {
            "bash", "-c", follow_script, "bash", r->there, from, weiss_cluster_base_name(r->here), NULL};
        int code = weiss_remote_run(r->cluster.directory, WEISS_CLUSTER_FIRST, (char *const *)words, &reader,
                                    NULL, &exit_code, fault);
        if (code == 0 && exit_code == 255)
            return lost(r, fault);
        if (code != WEISS_STOPPED)
            return code;
        told = 1;
        WEISS_FAULT_TRY(weiss_cluster_script(r, WEISS_CLUSTER_FIRST, stop_script, NULL, NULL, fault));
    }
}

static void read_number(void *self, const char *line)
{
    *(int *)self = atoi(line);
}

/** Exit code of the run, -1 when it left none: it was killed, or its machine was. */
static int exit_code_of(const run *r)
{
    int number = -1;
    const weiss_process_reader reader = {.line = read_number, .data = &number};
    return weiss_cluster_script(r, WEISS_CLUSTER_FIRST, code_script, NULL, &reader, NULL) == 0 ? number : -1;
}

/** Messages and bytes that came through shared memory. */
typedef struct totals {
    int64_t messages, bytes;
    int ranks;
} totals;

static void add_statistics(void *self, const char *line)
{
    totals *t = self;
    json_object *rank = json_tokener_parse(line), *value = NULL;
    if (json_object_object_get_ex(rank, "received_messages", &value))
        t->messages += json_object_get_int64(value);
    if (json_object_object_get_ex(rank, "received_bytes", &value)) {
        t->bytes += json_object_get_int64(value);
        t->ranks++;
    }
    json_object_put(rank);
}

static void show_statistics(const run *r)
{
    totals t = {0};
    const weiss_process_reader reader = {.line = add_statistics, .data = &t};
    for (int i = 0; i < r->cluster.vms; i++)
        weiss_cluster_script(r, r->cluster.process[i].name, statistics_script, NULL, &reader, NULL);
    if (t.ranks > 0)
        printf("cluster    %s: %lld messages, %.3g MB between its machines went through shared memory\n",
               r->cluster.name, (long long)t.messages, 1e-6 * (double)t.bytes);
    else
        printf("cluster    %s: nothing went through shared memory\n", r->cluster.name);
}

/** Checks all that can be checked before something is done, and fills in @p r. */
static int get_ready(run *r, weiss_fault *fault)
{
    const weiss_cluster_run_options *o = r->options;
    const char *name = weiss_cluster_base_name(o->file), *dot = strrchr(name, '.');
    int stem = dot != NULL && dot != name ? (int)(dot - name) : (int)strlen(name);
    char checkpoint[4200];
    WEISS_FAULT_TRY(weiss_cluster_load(o->cluster[0] != '\0' ? o->cluster : NULL, &r->cluster, fault));
    WEISS_FAULT_TRY(weiss_cluster_check(&r->cluster, fault));
    r->ranks = o->ranks > 0 ? o->ranks : r->cluster.vms * r->cluster.vcpus;
    if (o->out != NULL)
        snprintf(r->here, sizeof r->here, "%.4000s", o->out);
    else
        snprintf(r->here, sizeof r->here, "%.*s.out", stem > 4000 ? 4000 : stem, name);
    for (size_t n = strlen(r->here); n > 1 && r->here[n - 1] == '/'; n--)
        r->here[n - 1] = '\0';
    snprintf(r->there, sizeof r->there, "/root/weiss-run-%ld", (long)getpid());
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint.h5", r->here);
    if (o->restart && access(checkpoint, R_OK) != 0)
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "%s: there is no checkpoint to go on with; run without --restart to start at the beginning",
            checkpoint);
    return 0;
}

/** Runs the problem and brings back what it made. @param[out] exit_code  of the run */
static int carry_out(run *r, int *exit_code, weiss_fault *fault)
{
    WEISS_FAULT_TRY(script_everywhere(r, prepare_script, fault));
    WEISS_FAULT_TRY(send_files(r, fault));
    WEISS_FAULT_TRY(start(r, fault));
    WEISS_FAULT_TRY(follow(r, fault));
    *exit_code = exit_code_of(r);
    WEISS_FAULT_TRY(weiss_cluster_fetch(r, fault));
    if (*exit_code != WEISS_EXIT_DONE)
        WEISS_FAULT_TRY(weiss_cluster_check(&r->cluster, fault)); /* that is why, most likely */
    if (!r->options->quiet && *exit_code == WEISS_EXIT_DONE)
        show_statistics(r);
    if (*exit_code < 0)
        return weiss_fault_set(fault, WEISS_ERR_PEER, "mpirun in %s was killed; %s has what it had saved",
                               WEISS_CLUSTER_FIRST, r->here);
    return 0;
}

int weiss_cluster_run(const weiss_cluster_run_options *options)
{
    weiss_fault fault = {0};
    int exit_code = WEISS_EXIT_ERROR;
    run *r = calloc(1, sizeof *r);
    if (r == NULL) {
        fprintf(stderr, "weiss: out of memory\n");
        return WEISS_EXIT_ERROR;
    }
    r->options = options;
    r->stop = weiss_stop_watch();
    int code = get_ready(r, &fault);
    if (code == 0) {
        code = carry_out(r, &exit_code, &fault);
        script_everywhere(r, clean_script, NULL);
    }
    if (code != 0)
        fprintf(stderr, "weiss: %s\n", fault.text);
    bool stopped = code == 0 && *r->stop != 0 && exit_code == WEISS_EXIT_SIGNAL + SIGUSR1;
    exit_code = code != 0 ? WEISS_EXIT_ERROR : stopped ? WEISS_EXIT_SIGNAL + (int)*r->stop : exit_code;
    free(r);
    return exit_code;
}
