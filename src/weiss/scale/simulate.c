/* From measured runs to predictions: the law of computing, the communication of an evaluation, and the model's error. */
#include "weiss/scale/simulate.h"

#include "weiss/cluster/mesh.h"
#include "weiss/plan/plan.h"
#include "weiss/run/ranks.h"
#include "weiss/start.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** As plan-mesh.c counts them. */
#define EXCHANGES 4.0
#define POTENTIALS 2.0
/** Collective calls of an evaluation that are no sums of one number: those, an allgather, an alltoall. */
#define OTHERS (POTENTIALS + 2.0)

int weiss_scale_take_networks(const char *files, weiss_scale_forecast *forecast, weiss_fault *fault)
{
    const weiss_sim_machine *usual;
    int code = 0;
    if (files == NULL) {
        forecast->nmachines = weiss_sim_usual(&usual);
        memcpy(forecast->machine, usual, (size_t)forecast->nmachines * sizeof *usual);
        return 0;
    }
    char *copy = strdup(files), *rest = copy;
    if (copy == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (char *file; code == 0 && (file = strsep(&rest, ",")) != NULL;) {
        weiss_topology topology;
        if (forecast->nmachines == WEISS_SCALE_NETWORKS_MAX)
            code = weiss_fault_set(fault, WEISS_ERR_USAGE, "--network takes at most %d files",
                                   WEISS_SCALE_NETWORKS_MAX);
        if (code == 0)
            code = weiss_topology_read(file, &topology, fault);
        if (code != 0)
            break;
        code = weiss_sim_machine_like(file, &topology, &forecast->machine[forecast->nmachines++], fault);
        weiss_topology_free(&topology);
    }
    free(copy);
    return code;
}

/** All that predictions are made from. */
typedef struct model {
    const weiss_scale_job *job;
    char directory[PATH_MAX]; /**< for files */
    const weiss_scale_cell *cell; /**< of the transport that is looked at, one for each number of ranks */
    weiss_scaling measured;
    weiss_sim_machine here; /**< this machine */
    weiss_sim_parts own[WEISS_SCALING_POINTS_MAX]; /**< the measured mesh on the measured ranks */
    weiss_sim_parts wanted[WEISS_SCALING_POINTS_MAX]; /**< the mesh and ranks to predict for */
    double x[WEISS_SCALING_POINTS_MAX], compute[WEISS_SCALING_POINTS_MAX];
    double evaluations;
    weiss_sim_step step;
} model;

static void release(model *m)
{
    for (int i = 0; i < WEISS_SCALING_POINTS_MAX; i++) {
        weiss_traffic_free(&m->own[i].halo);
        weiss_traffic_free(&m->wanted[i].halo);
    }
    free(m);
}

/** Divides the meshes. Errors are said. @return an exit code */
static int divide(model *m, const weiss_scale_forecast *f)
{
    weiss_session *session;
    if (!weiss_start(&session))
        return WEISS_EXIT_ERROR;
    int code = weiss_plan_parts(session->ctx, f->mesh_file, m->job->ranks, m->job->nranks, m->own);
    if (code == 0)
        code = weiss_plan_parts(session->ctx, f->mesh != NULL ? f->mesh : f->mesh_file, f->ranks, f->nranks,
                                m->wanted);
    return weiss_end(session, code);
}

/** How fast messages between processes of this machine are. */
static int measure_here(model *m, weiss_fault *fault)
{
    char path[PATH_MAX + 32];
    weiss_topology topology;
    int cores = weiss_cores();
    m->here = (weiss_sim_machine){.name = "this machine", .vms = 1, .vcpus = cores, .servers = 1};
    if (cores < 2) {
        topology = weiss_topology_start();
        memcpy(m->here.speed, topology.speed, sizeof topology.speed);
        return 0;
    }
    snprintf(path, sizeof path, "%.4000s/hosts", m->directory);
    FILE *to = fopen(path, "we");
    if (to == NULL || fprintf(to, "localhost slots=%d\n", cores < 4 ? cores : 4) < 0 || fclose(to) != 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be written", path);
    int code = weiss_plan_measure(path, &topology, fault);
    unlink(path);
    if (code != 0)
        return code;
    memcpy(m->here.speed, topology.speed, sizeof topology.speed);
    weiss_topology_free(&topology);
    return 0;
}

/** Numbers of the runs that the model needs. */
static int take_runs(model *m, weiss_fault *fault)
{
    for (int i = 0; i < m->job->nranks; i++) {
        const weiss_scale_cell *cell = &m->cell[i];
        const weiss_summary *compute = &m->measured.point[i].part[WEISS_SCALING_COMPUTE];
        if (compute->n == 0 || cell->evaluations <= 0.0)
            return weiss_fault_set(
                fault, WEISS_ERR_FILE,
                "the runs tell no times of computing: the tracer, which is installed with this "
                "program, is needed to simulate");
        m->x[i] = m->own[i].largest / m->own[i].nodes;
        m->compute[i] = compute->median / weiss_sim_crowd(&m->here, m->job->ranks[i]);
        m->evaluations = cell->evaluations;
        double reductions = cell->split[0].collectives / cell->evaluations - OTHERS;
        m->step = (weiss_sim_step){EXCHANGES, reductions > 0.0 ? reductions : 0.0, POTENTIALS};
    }
    return 0;
}

/** Time of a run. @param scale  nodes of its mesh over those of the measured one */
static int predict(const model *m, const weiss_sim_machine *machine, const weiss_sim_parts *parts,
                   const weiss_sim_law *law, double scale, double *seconds, weiss_fault *fault)
{
    double communication;
    WEISS_FAULT_TRY(weiss_sim_communication(machine, parts, &m->step, &communication, fault));
    double compute = scale * (law->serial + law->parallel * parts->largest / parts->nodes);
    *seconds = weiss_sim_crowd(machine, parts->nranks) * compute + m->evaluations * communication;
    return 0;
}

/** Predicts each measured run from the others, and prints both. */
static int validate(const model *m, weiss_fault *fault)
{
    double worst = 0.0;
    printf("\nThe model against the runs on this machine, each from the others:\n"
           "%7s %12s %12s %8s\n",
           "ranks", "measured", "predicted", "error");
    for (int i = 0; i < m->job->nranks; i++) {
        weiss_sim_law law;
        double seconds, measured = m->measured.point[i].seconds.median;
        WEISS_FAULT_TRY(
            weiss_sim_fit(m->x, m->compute, m->job->nranks, m->job->nranks > 1 ? i : -1, &law, fault));
        WEISS_FAULT_TRY(predict(m, &m->here, &m->own[i], &law, 1.0, &seconds, fault));
        double error = seconds / measured - 1.0;
        worst = fmax(worst, fabs(error));
        printf("%7d %10.4g s %10.4g s %+6.0f %%\n", m->job->ranks[i], measured, seconds, 100.0 * error);
    }
    printf("largest error %.0f %%%s\n", 100.0 * worst,
           m->job->nranks == 1 ? "; with one number of ranks nothing is left to compare with" : "");
    return 0;
}

static void print_model(const model *m, const weiss_sim_law *law)
{
    const weiss_speed *speed = &m->here.speed[WEISS_PLAN_VM];
    printf("\nSimulation: T(N) = s + p x(N) + e C(N), with s = %.3g s, p = %.3g s, e = %.0f evaluations of "
           "the field, "
           "%.1f sums\nover all ranks in each; messages here take %.3g us and %.3g GB/s.\n",
           law->serial, law->parallel, m->evaluations, m->step.reductions, 1e6 * speed->latency,
           1e-9 * speed->bandwidth);
}

/** A point that is exact. */
static void set_point(weiss_scaling_point *point, int ranks, double seconds)
{
    point->ranks = ranks;
    point->seconds = (weiss_summary){1, seconds, seconds, seconds};
}

/** The series of one machine: one rank, then those that are asked for. */
static int forecast_for(const model *m, const weiss_scale_forecast *f, const weiss_sim_machine *machine,
                        const weiss_sim_law *law, weiss_scaling *series, weiss_fault *fault)
{
    static const char *const colours[] = {"#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};
    double seconds, scale = m->wanted[0].nodes / m->own[0].nodes;
    *series = (weiss_scaling){.label = machine->name, .colour = colours[(machine - f->machine) % 6]};
    if (f->ranks[0] > 1)
        set_point(&series->point[series->n++], 1, scale * (law->serial + law->parallel));
    for (int i = 0; i < f->nranks && series->n < WEISS_SCALING_POINTS_MAX; i++) {
        WEISS_FAULT_TRY(predict(m, machine, &m->wanted[i], law, scale, &seconds, fault));
        set_point(&series->point[series->n++], f->ranks[i], seconds);
    }
    return 0;
}

static int all_forecasts(const model *m, const weiss_scale_forecast *f, weiss_scaling *series,
                         weiss_fault *fault)
{
    weiss_sim_law law;
    WEISS_FAULT_TRY(weiss_sim_fit(m->x, m->compute, m->job->nranks, -1, &law, fault));
    print_model(m, &law);
    WEISS_FAULT_TRY(validate(m, fault));
    printf("\nPredicted, mesh of %.0f nodes:\n\n", m->wanted[0].nodes);
    for (int i = 0; i < f->nmachines; i++)
        WEISS_FAULT_TRY(forecast_for(m, f, &f->machine[i], &law, &series[i], fault));
    weiss_scaling_print(series, f->nmachines, stdout);
    return 0;
}

/** Makes the problem's mesh and measures messages, before MPI is initialised here, which would disturb mpirun. Signals wait
 *  meanwhile, so that no file is left.
 *  @param[out] mesh  descriptor of the mesh, which has no name any more; the caller closes it; -1 on failure
 *  @return an exit code; what went wrong was said */
static int prepare(model *m, int *mesh)
{
    char path[PATH_MAX + 32];
    weiss_fault fault = {0};
    const volatile sig_atomic_t never = 0;
    int code = weiss_scale_make_directory(m->directory);
    *mesh = -1;
    if (code != WEISS_EXIT_DONE)
        return code;
    snprintf(path, sizeof path, "%.4000s/mesh.msh", m->directory);
    code = weiss_cluster_make_mesh(m->job->file[0], path, &never, &fault);
    if (code == 0)
        code = measure_here(m, &fault);
    if (code == 0 && (*mesh = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        code = weiss_fault_set(&fault, WEISS_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno));
    weiss_scale_remove_tree(m->directory);
    if (code != 0 && code != WEISS_ERR_SYSTEM) /* that of measure_here is said already */
        fprintf(stderr, "weiss: %s\n", fault.text);
    return code == 0 ? WEISS_EXIT_DONE : WEISS_EXIT_ERROR;
}

/** Divides the meshes and predicts. @return an exit code; what went wrong was said */
static int carry_out(model *m, weiss_scale_forecast *forecast, int mesh, weiss_scaling *series)
{
    weiss_fault fault = {0};
    snprintf(forecast->mesh_file, sizeof forecast->mesh_file, "/proc/self/fd/%d", mesh);
    int outcome = divide(m, forecast);
    if (outcome != WEISS_EXIT_DONE)
        return outcome;
    int code = take_runs(m, &fault);
    if (code == 0)
        code = all_forecasts(m, forecast, series, &fault);
    if (code != 0)
        fprintf(stderr, "weiss: %s\n", fault.text);
    return code != 0 ? WEISS_EXIT_ERROR : outcome;
}

int weiss_scale_simulate(const weiss_scale_job *job, weiss_scale_forecast *forecast, weiss_scaling *series)
{
    sigset_t watched, before;
    int column = 0, mesh;
    model *m = calloc(1, sizeof *m);
    if (m == NULL) {
        fprintf(stderr, "weiss: out of memory\n");
        return WEISS_EXIT_ERROR;
    }
    while (job->transports.column[column].skipped[0] != '\0')
        column++;
    m->job = job;
    m->cell = job->cell[column];
    m->measured = weiss_scale_series(job, column);
    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGHUP);
    sigprocmask(SIG_BLOCK, &watched, &before);
    int outcome = prepare(m, &mesh);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (outcome == WEISS_EXIT_DONE)
        outcome = carry_out(m, forecast, mesh, series);
    if (mesh >= 0)
        close(mesh);
    release(m);
    return outcome;
}
