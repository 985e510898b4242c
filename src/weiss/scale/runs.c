/* The runs of a scaling measurement: the solver as a user starts it, on each number of ranks. */
#include "weiss/child.h"
#include "weiss/run/ranks.h"
#include "weiss/scale/scale.h"
#include "weiss/temporary.h"
#include "weiss/tracer.h"

#include <errno.h>
#include <ftw.h>
#include <json-c/json.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 64

typedef struct progress {
    const weiss_scale_job *job;
    bool terminal; /**< standard error is one */
    int round, run, nruns;
    double begin; /**< seconds */
} progress;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void show(const progress *p, const weiss_scale_run *run)
{
    char left[32] = "";
    if (p->run > 0) {
        long s = (long)((now() - p->begin) / p->run * (p->nruns - p->run) + 0.5);
        snprintf(left, sizeof left, ", %ld:%02ld left", s / 60, s % 60);
    }
    fprintf(stderr, "%sround %d/%d, %s, %d rank%s: %d %%%s%s", p->terminal ? "\r\033[K" : "", p->round,
            p->job->rounds, run->transport->name, run->ranks, run->ranks > 1 ? "s" : "",
            100 * p->run / p->nruns, left, p->terminal ? "" : "\n");
    fflush(stderr);
}

static void clear_line(const progress *p)
{
    if (p->terminal)
        fputs("\r\033[K", stderr);
}

/** Removes one entry of a directory; nftw calls it. */
static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void weiss_scale_remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int weiss_scale_read_run(const char *out, weiss_scale_cell *cell, weiss_fault *fault)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/run.json", out);
    json_object *run = json_object_from_file(path), *phases = NULL, *evaluations = NULL;
    double sum = 0.0;
    if (run != NULL && json_object_object_get_ex(run, "phases_s", &phases)) {
        json_object_object_foreach(phases, name, value)
        {
            if (strcmp(name, "problem") != 0 && strcmp(name, "mesh") != 0)
                sum += json_object_get_double(value);
        }
    }
    if (run != NULL && json_object_object_get_ex(run, "field_evaluations", &evaluations))
        cell->evaluations = json_object_get_double(evaluations);
    json_object_put(run);
    if (!(sum > 0.0))
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s tells no times of its phases", path);
    cell->seconds[cell->n++] = sum;
    return 0;
}

/** Words that need a place of their own. */
typedef struct own_words {
    char self[PATH_MAX], number[16];
    char preload[PATH_MAX + 16], times[PATH_MAX + 32], traffic[PATH_MAX + 32]; /**< settings of the tracer */
} own_words;

/** Fills @p own. @return whether there is a tracer */
static bool find_words(const weiss_scale_job *job, const weiss_scale_run *run, own_words *own)
{
    char tracer[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own->self, sizeof own->self - 1);
    own->self[length > 0 ? length : 0] = '\0';
    snprintf(own->number, sizeof own->number, "%d", run->ranks);
    if (!weiss_tracer_find(tracer))
        return false;
    snprintf(own->preload, sizeof own->preload, "LD_PRELOAD=%s", tracer);
    snprintf(own->times, sizeof own->times, WEISS_TRACER_TIMES "=%.4000s/times.csv", job->directory);
    snprintf(own->traffic, sizeof own->traffic, WEISS_TRACER_FILE "=%.4000s/traffic.csv", job->directory);
    return true;
}

static void compose(const weiss_scale_job *job, const weiss_scale_run *run, own_words *own, const char **word)
{
    int n = 0;
    bool traced = find_words(job, run, own);
    word[n++] = job->transports.settings.mpirun;
    word[n++] = "--quiet";
    word[n++] = "--oversubscribe";
    word[n++] = "--bind-to";
    word[n++] = run->ranks <= weiss_cores() ? "core" : "none";
    word[n++] = "-n";
    word[n++] = own->number;
    for (int k = 0; k < 8 && run->transport->mca[k][0] != NULL; k++) {
        word[n++] = "--mca";
        word[n++] = run->transport->mca[k][0];
        word[n++] = run->transport->mca[k][1];
    }
    if (run->transport->region) {
        word[n++] = "--mca";
        word[n++] = WEISS_FABRIC_REGION;
        word[n++] = run->region;
    }
    for (int k = 0; traced && k < 3; k++) {
        word[n++] = "-x";
        word[n++] = k == 0 ? own->preload : k == 1 ? own->times : own->traffic;
    }
    word[n++] = own->self;
    word[n++] = "run";
    word[n++] = "--quiet";
    word[n++] = "--out";
    word[n++] = run->out;
    word[n++] = run->file;
    word[n] = NULL;
}

static int report(const progress *p, const weiss_scale_run *run, const weiss_child *child)
{
    clear_line(p);
    if (child->asked != 0) {
        fprintf(stderr, "weiss: stopped in round %d; nothing was written\n", p->round);
        return WEISS_EXIT_SIGNAL + child->asked;
    }
    fprintf(stderr, "weiss: %s on %d rank%s over %s ended with code %d", run->file, run->ranks,
            run->ranks > 1 ? "s" : "", run->transport->name, child->status);
    fputs(child->last[0] != '\0' ? ". It said last:\n" : "; it said nothing\n", stderr);
    weiss_child_quote(child);
    return WEISS_EXIT_ERROR;
}

int weiss_scale_make_directory(char path[PATH_MAX])
{
    if (weiss_temporary_directory("weiss-scale", path))
        return WEISS_EXIT_DONE;
    fprintf(stderr, "weiss: %s cannot be made: %s\n", path, strerror(errno));
    return WEISS_EXIT_ERROR;
}

/** Text of a file of the tracer, which is removed; NULL when there is none. Free with free(). */
static char *take_text(const weiss_scale_job *job, const char *name)
{
    char path[PATH_MAX + 32], *text = NULL, buffer[4096];
    size_t size = 0, got;
    snprintf(path, sizeof path, "%s/%s", job->directory, name);
    FILE *from = fopen(path, "re"), *to = from != NULL ? open_memstream(&text, &size) : NULL;
    while (to != NULL && (got = fread(buffer, 1, sizeof buffer, from)) > 0)
        fwrite(buffer, 1, got, to);
    if (to != NULL)
        fclose(to);
    if (from != NULL)
        fclose(from);
    unlink(path);
    return text;
}

/** Adds where the time went, when the tracer told. */
static int take_split(const weiss_scale_job *job, weiss_scale_cell *cell, weiss_fault *fault)
{
    char *times = take_text(job, "times.csv"), *traffic = take_text(job, "traffic.csv");
    int code = 0;
    if (times != NULL && traffic != NULL)
        code = weiss_tracer_split(times, traffic, NULL, true, &cell->split[cell->nsplit++], fault);
    free(times);
    free(traffic);
    return code;
}

/** Runs once on this machine and takes the time. @return an exit code */
static int run_here(const progress *p, const weiss_scale_run *run, weiss_scale_cell *cell)
{
    const char *word[WORDS_MAX];
    own_words own;
    weiss_fault fault = {0};
    weiss_child child = {.patience = INFINITY};
    compose(p->job, run, &own, word);
    int code = weiss_child_run(&child, word, &fault);
    if (run->transport->region)
        unlink(run->region);
    bool ended_well = child.status == WEISS_EXIT_DONE || child.status == WEISS_EXIT_NOT_CONVERGED;
    if (code == 0 && (child.asked != 0 || !ended_well))
        return report(p, run, &child);
    if (code == 0)
        code = weiss_scale_read_run(run->out, cell, &fault);
    if (code == 0)
        code = take_split(p->job, cell, &fault);
    if (code != 0) {
        clear_line(p);
        fprintf(stderr, "weiss: %s\n", fault.text);
        return WEISS_EXIT_ERROR;
    }
    return WEISS_EXIT_DONE;
}

/** Runs once and takes the time. @return an exit code */
static int run_once(const progress *p, const weiss_scale_run *run, weiss_scale_cell *cell)
{
    show(p, run);
    if (p->job->cluster != NULL)
        clear_line(p);
    int code =
        p->job->cluster != NULL ? weiss_scale_run_in_cluster(p->job, run, cell) : run_here(p, run, cell);
    weiss_scale_remove_tree(run->out);
    if (code > WEISS_EXIT_SIGNAL && p->job->cluster != NULL)
        fprintf(stderr, "weiss: stopped in round %d; nothing was written\n", p->round);
    return code;
}

static int one_round(weiss_scale_job *job, progress *p)
{
    for (int i = 0; i < job->nranks; i++)
        for (int c = 0; c < job->transports.ncolumns; c++) {
            if (job->transports.column[c].skipped[0] != '\0')
                continue;
            weiss_scale_run run = {.transport = job->transports.column[c].transport,
                                   .ranks = job->ranks[i],
                                   .file = job->file[i]};
            snprintf(run.out, sizeof run.out, "%.4000s/out", job->directory);
            snprintf(run.region, sizeof run.region, "/dev/shm/weiss-scale-%ld", (long)getpid());
            int code = run_once(p, &run, &job->cell[c][i]);
            if (code != WEISS_EXIT_DONE)
                return code;
            p->run++;
        }
    return WEISS_EXIT_DONE;
}

static int make_cells(weiss_scale_job *job)
{
    for (int c = 0; c < job->transports.ncolumns; c++)
        for (int i = 0; i < job->nranks; i++) {
            job->cell[c][i].seconds = calloc((size_t)job->rounds, sizeof(double));
            job->cell[c][i].split = calloc((size_t)job->rounds, sizeof(weiss_split));
            if (job->cell[c][i].seconds == NULL || job->cell[c][i].split == NULL) {
                fprintf(stderr, "weiss: out of memory\n");
                return WEISS_EXIT_ERROR;
            }
        }
    return WEISS_EXIT_DONE;
}

static int all_rounds(weiss_scale_job *job)
{
    progress p = {.job = job, .terminal = isatty(STDERR_FILENO) != 0, .begin = now()};
    int code = make_cells(job), used = 0;
    for (int c = 0; c < job->transports.ncolumns; c++)
        used += job->transports.column[c].skipped[0] == '\0';
    p.nruns = used * job->nranks * job->rounds;
    if (code == WEISS_EXIT_DONE)
        code = weiss_scale_make_directory(job->directory);
    if (code != WEISS_EXIT_DONE)
        return code;
    for (p.round = 1; code == WEISS_EXIT_DONE && p.round <= job->rounds; p.round++)
        code = one_round(job, &p);
    clear_line(&p);
    weiss_scale_remove_tree(job->directory);
    return code;
}

int weiss_scale_measure(weiss_scale_job *job)
{
    sigset_t watched, before;
    if (job->cluster != NULL)
        return all_rounds(job); /* weiss_cluster_run hears of signals */
    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGHUP);
    sigprocmask(SIG_BLOCK, &watched, &before); /* none may come between a run and the removal of its files */
    int code = all_rounds(job);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return code;
}

/** Value of a part of a split. */
static double part_of(const weiss_split *split, weiss_scaling_part part)
{
    switch (part) {
    case WEISS_SCALING_COMPUTE:
        return split->compute;
    case WEISS_SCALING_INSIDE:
        return split->level[WEISS_PLAN_VM];
    case WEISS_SCALING_BETWEEN:
        return split->level[WEISS_PLAN_SERVER];
    case WEISS_SCALING_SERVERS:
        return split->level[WEISS_PLAN_NETWORK];
    default:
        return split->waiting;
    }
}

/** Summaries over the rounds, of rounds that tell. */
static void summarise_parts(const weiss_scale_cell *cell, weiss_summary part[WEISS_SCALING_PARTS])
{
    double value[1000];
    for (int k = 0; k < WEISS_SCALING_PARTS; k++) {
        size_t n = 0;
        for (int i = 0; i < cell->nsplit && i < 1000; i++) {
            value[n] = part_of(&cell->split[i], (weiss_scaling_part)k);
            n += isfinite(value[n]) ? 1 : 0;
        }
        part[k] = weiss_summarise(value, n);
    }
}

weiss_scaling weiss_scale_series(const weiss_scale_job *job, int column)
{
    const weiss_transport *transport = job->transports.column[column].transport;
    weiss_scaling series = {
        .label = transport->name, .colour = transport->colour, .weak = job->weak, .n = job->nranks};
    for (int i = 0; i < job->nranks; i++) {
        const weiss_scale_cell *cell = &job->cell[column][i];
        series.point[i].ranks = job->ranks[i];
        series.point[i].seconds = weiss_summarise(cell->seconds, (size_t)cell->n);
        summarise_parts(cell, series.point[i].part);
    }
    return series;
}

void weiss_scale_free(weiss_scale_job *job)
{
    for (int c = 0; c < job->transports.ncolumns; c++)
        for (int i = 0; i < job->nranks; i++) {
            free(job->cell[c][i].seconds);
            free(job->cell[c][i].split);
        }
}
