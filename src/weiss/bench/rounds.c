/* The rounds of a measurement: every transport in turn, so that a disturbance of the machine meets all of them. */
#include "weiss/bench/bench.h"
#include "weiss/child.h"
#include "weiss/run/ranks.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/** Seconds without a sample after which a transport counts as stuck. */
#define PATIENCE 60.0
#define PATIENCE_EMULATED 240.0
#define WORDS_MAX 72

/** How far it has come. */
typedef struct progress {
    const weiss_bench_job *job;
    weiss_bench_column *column; /**< at work */
    bool terminal; /**< standard error is one */
    int nstarts, start; /**< of the program: all, and finished */
    int round; /**< from 1 */
    int lines; /**< of the current start */
    double begin, shown; /**< seconds */
} progress;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void show(progress *p)
{
    char left[32] = "";
    double fraction =
        (p->start + (double)p->lines / weiss_bench_expected(p->job, p->column->transport)) / p->nstarts;
    double elapsed = now() - p->begin;
    if (fraction > 0.0 && elapsed > 1.0) {
        long s = (long)(elapsed / fraction * (1.0 - fraction) + 0.5);
        snprintf(left, sizeof left, ", %ld:%02ld left", s / 60, s % 60);
    }
    fprintf(stderr, "%sround %d/%d, %s: %.0f %%%s%s", p->terminal ? "\r\033[K" : "", p->round, p->job->rounds,
            p->column->transport->name, 100.0 * fraction, left, p->terminal ? "" : "\n");
    fflush(stderr);
    p->shown = now();
}

static void clear_line(const progress *p)
{
    if (p->terminal)
        fputs("\r\033[K", stderr);
}

static bool take_line(void *self, const char *line)
{
    progress *p = self;
    if (strcmp(line, "done") == 0)
        return true;
    if (!weiss_bench_take_line(p->job, p->column, line))
        return false;
    p->lines++;
    if (p->terminal && now() - p->shown > 0.2)
        show(p);
    return true;
}

/** The command line of one start. Texts that it makes are kept in @p text. */
typedef struct command_line {
    const char *word[WORDS_MAX];
    int n;
    char text[512 + 24 * WEISS_BENCH_SIZES_MAX];
    size_t used;
} command_line;

static void add(command_line *line, const char *word)
{
    if (line->n < WORDS_MAX - 1)
        line->word[line->n++] = word;
}

static void add_number(command_line *line, const char *option, double value)
{
    char *text = line->text + line->used;
    line->used += (size_t)snprintf(text, sizeof line->text - line->used, "%.9g", value) + 1;
    add(line, option);
    add(line, text);
}

/** Appends to the text that was begun last. */
static void extend(command_line *line, const char *separator, const char *text)
{
    line->used +=
        (size_t)snprintf(line->text + line->used, sizeof line->text - line->used, "%s%s", separator, text);
}

static void add_plan(command_line *line, const weiss_bench_plan *plan)
{
    char number[24];
    add(line, "--tests");
    add(line, line->text + line->used);
    for (int t = 0, n = 0; t < WEISS_BENCH_TESTS; t++)
        if (plan->test[t])
            extend(line, n++ > 0 ? "," : "", weiss_bench_table[t].name);
    line->used++;
    add(line, "--sizes");
    add(line, line->text + line->used);
    for (int s = 0; s < plan->nsizes; s++) {
        snprintf(number, sizeof number, "%zu", plan->size[s]);
        extend(line, s > 0 ? "," : "", number);
    }
    line->used++;
}

static void add_setting(command_line *line, const char *name, const char *value)
{
    add(line, "--mca");
    add(line, name);
    add(line, value);
}

static void add_mpirun(command_line *line, const weiss_bench_job *job, const weiss_transport *transport)
{
    add(line, job->lab != NULL ? "mpirun" : job->settings.mpirun);
    add(line, "--quiet");
    add(line, "--oversubscribe");
    add_number(line, "-n", job->ranks);
    for (int k = 0; k < 8 && transport->mca[k][0] != NULL; k++)
        add_setting(line, transport->mca[k][0], transport->mca[k][1]);
}

/** The start on this machine. */
static void compose_here(const weiss_bench_job *job, const weiss_transport *transport, const char *region,
                         command_line *line)
{
    if (transport->raw) {
        add(line, job->raw_program);
        add(line, "--region");
        add(line, region);
        return;
    }
    add_mpirun(line, job, transport);
    if (transport->region)
        add_setting(line, WEISS_FABRIC_REGION, region);
    add(line, job->program);
}

/** The start in the first virtual machine, by ssh. A shell there takes the words apart. */
static void compose_there(const weiss_bench_job *job, const weiss_transport *transport, command_line *line)
{
    add(line, job->ssh);
    add(line, "-F");
    add(line, line->text + line->used);
    extend(line, weiss_lab_directory(job->lab), "/ssh-config");
    line->used++;
    add(line, "vm1");
    if (transport->raw) {
        add(line, "/opt/lab/weiss-fabric-bench-raw");
        add(line, "--region");
        add(line, "auto");
        add(line, "--peer");
        add(line, "'ssh vm2 /opt/lab/weiss-fabric-bench-raw'");
        return;
    }
    add_mpirun(line, job, transport);
    add(line, "--hostfile");
    add(line, "/etc/weiss-hostfile");
    add(line, "--map-by");
    add(line, "node");
    add(line, "--bind-to");
    add(line, "none");
    add_setting(line, "mca_base_component_path", "/opt/lab:SYS_DEFAULT:USER_DEFAULT");
    add(line, "/opt/lab/weiss-fabric-bench");
}

static void compose(const weiss_bench_job *job, const weiss_transport *transport, const char *region,
                    command_line *line)
{
    *line = (command_line){0};
    if (job->lab != NULL)
        compose_there(job, transport, line);
    else
        compose_here(job, transport, region, line);
    add_plan(line, &job->plan);
    add_number(line, "--samples", job->samples);
    add_number(line, "--sample-time", job->sample_time);
    add_number(line, "--wait-time", job->wait_time);
}

/** Says how a start failed. @return the exit code for it */
static int report(const progress *p, const weiss_child *child)
{
    clear_line(p);
    if (child->asked != 0) {
        fprintf(stderr, "weiss: stopped in round %d; nothing was written\n", p->round);
        return WEISS_EXIT_SIGNAL + child->asked;
    }
    if (child->silent)
        fprintf(stderr, "weiss: %s: no result for %.0f s in round %d; it was ended",
                p->column->transport->name, child->patience, p->round);
    else
        fprintf(stderr, "weiss: %s: the measuring program ended with code %d in round %d",
                p->column->transport->name, child->status, p->round);
    fputs(child->last[0] != '\0' ? ". It said last:\n" : "; it said nothing\n", stderr);
    weiss_child_quote(child);
    return WEISS_EXIT_ERROR;
}

/** Starts the program once. @return an exit code */
static int start(progress *p)
{
    command_line line;
    char region[64];
    weiss_fault fault = {0};
    weiss_child child = {.line = take_line, .self = p, .patience = p->job->wait_time};
    snprintf(region, sizeof region, "/dev/shm/weiss-bench-%ld", (long)getpid());
    child.patience += p->job->lab != NULL && weiss_lab_emulated(p->job->lab) ? PATIENCE_EMULATED : PATIENCE;
    compose(p->job, p->column->transport, region, &line);
    p->lines = 0;
    show(p);
    int code = weiss_child_run(&child, line.word, &fault);
    if (p->column->transport->region && p->job->lab == NULL)
        unlink(region);
    if (code != 0) {
        clear_line(p);
        fprintf(stderr, "weiss: %s\n", fault.text);
        return WEISS_EXIT_ERROR;
    }
    if (child.asked == 0 && child.status == 0 &&
        p->lines == weiss_bench_expected(p->job, p->column->transport))
        return WEISS_EXIT_DONE;
    code = report(p, &child);
    if (p->job->lab != NULL && child.asked == 0)
        weiss_bench_machines_clean(p->job);
    return code;
}

/** Ranks keep their cores when there is one for each, as far as the user has not said otherwise. */
static void choose_binding(const weiss_bench_job *job)
{
    setenv("OMPI_MCA_hwloc_base_binding_policy", job->ranks <= weiss_cores() ? "core" : "none", 0);
}

static int all_rounds(weiss_bench_job *job)
{
    progress p = {.job = job, .terminal = isatty(STDERR_FILENO) != 0, .begin = now()};
    int outcome = WEISS_EXIT_DONE;
    for (int c = 0; c < job->ncolumns; c++)
        p.nstarts += job->column[c].skipped[0] == '\0' ? job->rounds : 0;
    choose_binding(job);
    for (p.round = 1; p.round <= job->rounds; p.round++)
        for (int c = 0; c < job->ncolumns; c++) {
            p.column = &job->column[c];
            if (p.column->skipped[0] != '\0')
                continue;
            int code = p.column->failed ? WEISS_EXIT_DONE : start(&p);
            if (code > WEISS_EXIT_SIGNAL)
                return code;
            p.column->failed = p.column->failed || code != WEISS_EXIT_DONE;
            if (code != WEISS_EXIT_DONE)
                outcome = code;
            p.start++;
        }
    clear_line(&p);
    return outcome;
}

int weiss_bench_measure(weiss_bench_job *job)
{
    sigset_t watched, before;
    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGHUP);
    sigprocmask(SIG_BLOCK, &watched,
                &before); /* none may come between a start and the removal of its region */
    int code = all_rounds(job);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return code;
}
