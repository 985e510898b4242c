#include "weiss/cluster/run.h"

#include "cloud/remote.h"
#include "cloud/words.h"
#include "weiss/cluster/mesh.h"
#include "weiss/cluster/run-private.h"
#include "weiss/command.h"
#include "weiss/run/problem-files.h"
#include "weiss/stop.h"
#include "weiss/tracer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Line that stands for a new checkpoint, which nothing else prints. */
#define CHECKPOINT "\\001checkpoint"
/** Name of the mesh there. */
#define MESH ".weiss-mesh.msh"

/** Starts mpirun in the background, so that it outlives a connection that is lost; then leaves its number in mpirun.pid, what
 *  it says in log, and its exit code in code. Arguments: directory, words of mpirun. Open MPI's monitoring counts messages;
 *  a process that ends well writes them, and what went through shared memory, into statistics/. */
static const char start_script[] =
    "cd \"$1\" || exit 1\n"
    "shift\n"
    "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OPENBLAS_NUM_THREADS=1\n"
    "export OMPI_MCA_mca_base_component_path=/opt/lab:$(ompi_info --path pkglibdir --parsable | cut -d: "
    "-f3)\n"
    "export OMPI_MCA_btl_ivshmem_statistics=$PWD/statistics OMPI_MCA_btl_vader_single_copy_mechanism=none\n"
    "export OMPI_MCA_oob_tcp_keepalive_time=4 OMPI_MCA_oob_tcp_keepalive_intvl=1 "
    "OMPI_MCA_oob_tcp_keepalive_probes=4\n"
    "nohup sh -c 'mpirun \"$@\" & echo $! >mpirun.pid; wait $!; echo $? >code' sh --quiet --oversubscribe "
    "\\\n"
    "    -x OMPI_MCA_mca_base_component_path -x OPENBLAS_NUM_THREADS -x OMPI_MCA_btl_ivshmem_statistics \\\n"
    "    --mca pml_monitoring_enable 2 --mca pml_monitoring_enable_output 3 \\\n"
    "    --mca pml_monitoring_filename \"$PWD\"/statistics/weiss \\\n"
    "    --wdir \"$PWD\" --hostfile /etc/weiss-hostfile \"$@\" \\\n"
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

/** Makes the mesh here, where Gmsh is, and copies it. */
static int send_mesh(const run *r, weiss_fault *fault)
{
    char path[WEISS_PATH + 64];
    snprintf(path, sizeof path, "%s/mesh-%ld.msh", r->cluster.directory, (long)getpid());
    int code = weiss_cluster_make_mesh(r->options->file, path, r->stop, fault);
    if (code == 0)
        code = send_file(r, path, MESH, fault);
    unlink(path);
    return code;
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
    code = code != 0 ? code : send_mesh(r, fault);
    return code != 0 || !r->options->restart ? code
                                             : send_file(r, r->here, weiss_cluster_base_name(r->here), fault);
}

/** Words that choose how messages go. */
static void add_transport(const run *r, weiss_words *words)
{
    const weiss_transport *transport = r->options->transport;
    for (int k = 0; transport != NULL && k < 8 && transport->mca[k][0] != NULL; k++)
        weiss_words_list(words, "--mca", transport->mca[k][0], transport->mca[k][1], NULL);
}

/** Words that put the tracer into the ranks. */
static void add_tracer(const run *r, weiss_words *words)
{
    if (r->options->measure == NULL)
        return;
    weiss_words_list(words, "-x", "LD_PRELOAD=/opt/lab/" WEISS_TRACER_LIBRARY, "-x", NULL);
    weiss_words_add(words, WEISS_TRACER_TIMES "=%s/times.csv", r->there);
    weiss_words_list(words, "-x", NULL);
    weiss_words_add(words, WEISS_TRACER_FILE "=%s/traffic.csv", r->there);
}

static int start(const run *r, weiss_fault *fault)
{
    int exit_code = 0, code;
    weiss_words words = {0};
    weiss_words_list(&words, "sh", "-c", start_script, "sh", r->there, "-n", NULL);
    weiss_words_add(&words, "%d", r->ranks);
    add_transport(r, &words);
    add_tracer(r, &words);
    weiss_words_list(&words, "/opt/lab/weiss", "run", "--mesh", MESH, "--out",
                     weiss_cluster_base_name(r->here), NULL);
    if (r->options->restart)
        weiss_words_list(&words, "--restart", NULL);
    if (r->options->changed)
        weiss_words_list(&words, "--changed", NULL);
    if (r->options->quiet)
        weiss_words_list(&words, "--quiet", NULL);
    weiss_words_list(&words, weiss_cluster_base_name(r->options->file), NULL);
    if (words.full)
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    else
        code = weiss_remote_run(r->cluster.directory, WEISS_CLUSTER_FIRST, words.word, NULL, NULL, &exit_code,
                                fault);
    weiss_words_clear(&words);
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
    FILE *to = r->said != NULL ? r->said : stdout;
    r->lines++;
    fprintf(to, "%s\n", line);
    fflush(to);
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

/** Shows or keeps what the ranks say of their messages and times. */
static int conclude_traffic(const run *r, weiss_fault *fault)
{
    weiss_cluster_traffic traffic;
    weiss_cluster_measure *measure = r->options->measure;
    WEISS_FAULT_TRY(weiss_cluster_traffic_read(&r->cluster, r->there, &traffic, fault));
    if (!r->options->quiet)
        weiss_cluster_traffic_print(r->cluster.name, &traffic);
    if (measure == NULL)
        return 0;
    measure->traffic = traffic;
    return weiss_cluster_split_read(&r->cluster, r->there, traffic.fabric_messages > 0, &measure->split,
                                    fault);
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
    if (*exit_code == WEISS_EXIT_DONE && (!r->options->quiet || r->options->measure != NULL))
        WEISS_FAULT_TRY(conclude_traffic(r, fault));
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
    r->said = options->measure != NULL ? open_memstream(&r->text, &r->length) : NULL;
    int code = get_ready(r, &fault);
    if (code == 0) {
        code = carry_out(r, &exit_code, &fault);
        script_everywhere(r, clean_script, NULL);
    }
    if (r->said != NULL)
        fclose(r->said);
    if (code != 0 || exit_code != WEISS_EXIT_DONE)
        fputs(r->text != NULL ? r->text : "", stderr);
    if (code != 0)
        fprintf(stderr, "weiss: %s\n", fault.text);
    bool stopped = code == 0 && *r->stop != 0 && exit_code == WEISS_EXIT_SIGNAL + SIGUSR1;
    exit_code = code != 0 ? WEISS_EXIT_ERROR : stopped ? WEISS_EXIT_SIGNAL + (int)*r->stop : exit_code;
    free(r->text);
    free(r);
    return exit_code;
}
