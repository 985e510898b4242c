/* fake-run MODE DIRECTORY [OUTPUT-KEYS]: a run without a solver, for the outputs: a magnetisation that turns as a formula
 * says. MODE is whole; crash (saves a checkpoint, goes on for a while and kills itself); resume (goes on after that);
 * stop and fail (end so in the middle). With FILE_LIMIT in the environment no file can grow beyond so many bytes. */
#include "base/file.h"
#include "body.h"
#include "output/checkpoint.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define ROWS 40
#define SNAPSHOT_EVERY 10
#define CHECKPOINT_ROW 25
#define END_ROW 34

typedef struct run {
    test_body body;
    weiss_effective *effective;
    weiss_state state;
    weiss_record *record;
    weiss_value *config;
    weiss_outputs *outputs;
    const char *mode;
    char *checkpoint;
} run;

static const char body_text[] =
    "materials: {soft: {Ms: 8e5, A: 13e-12, alpha: 0.1, uniaxial: {K1: 1e4 J/m^3, axis: [0, 0, 1]}},\n"
    "            hard: {Ms: 1.2e6, A: 1e-11, alpha: 0.1, uniaxial: {K1: 1e5 J/m^3, axis: [0, 0, 1]}}}\n"
    "regions: {1: soft, 2: hard}\n"
    "applied: [10 mT, 0, 0]\n";

/* A vortex that turns up and fades, so that pictures have something to show. */
static void set_magnetisation(run *r, double s)
{
    const weiss_mesh *mesh = r->state.mesh;
    for (weiss_lidx i = 0; i < mesh->nlocal; i++) {
        const double *x = mesh->xyz + 3 * i;
        double azimuth = atan2(x[1], x[0]) + M_PI / 2, polar = M_PI / 2 * (1 - exp(-2 * s));
        double *m = r->state.m + 3 * i;
        m[0] = cos(azimuth) * cos(polar) + sin(polar) * cos(20 * s) * exp(-s);
        m[1] = sin(azimuth) * cos(polar) + sin(polar) * sin(20 * s) * exp(-s);
        m[2] = 1.2 * sin(polar) + 0.1;
        double length = sqrt(m[0] * m[0] + m[1] * m[1] + m[2] * m[2]);
        for (int k = 0; k < 3; k++)
            m[k] /= length;
    }
}

static int do_row(run *r, int i)
{
    double s = (double)i / ROWS, energy[8], columns[8];
    weiss_report report = {.stage = i < ROWS / 2 ? 0 : 1,
                           .stage_name = "dynamics",
                           .time = 5e-12 * i,
                           .mean = {exp(-s) * cos(20 * s), exp(-s) * sin(20 * s), 1 - exp(-2 * s)},
                           .energy = energy,
                           .columns = columns,
                           .max_torque = 1e5 * exp(-3 * s),
                           .steps = 7 * i,
                           .fraction = s};
    for (int k = 0; k < weiss_effective_count(r->effective); k++)
        report.energy_total += energy[k] = 1e-18 * (k + 1) * exp(-s) / 3;
    for (int k = 0; k < weiss_effective_column_count(r->effective); k++)
        columns[k] = k + 0.5;
    r->state.time = r->state.stage_time = report.time;
    set_magnetisation(r, s);
    WEISS_TRY(weiss_outputs_row(r->outputs, &report));
    return i % SNAPSHOT_EVERY == 0 ? weiss_outputs_snapshot(r->outputs, &report) : 0;
}

static int do_rows(run *r, int first)
{
    for (int i = first; i < ROWS; i++) {
        WEISS_TRY(do_row(r, i));
        if (i == CHECKPOINT_ROW && strcmp(r->mode, "crash") == 0) {
            WEISS_TRY(weiss_outputs_flush(r->outputs));
            weiss_checkpoint what = {.steps = 7 * i, .progress = weiss_outputs_progress(r->outputs)};
            WEISS_TRY(weiss_checkpoint_write(&r->state, r->body.problem, &what, r->checkpoint));
        }
        if (i == END_ROW && strcmp(r->mode, "crash") == 0) {
            MPI_Barrier(MPI_COMM_WORLD);
            raise(SIGKILL);
        }
        if (i == END_ROW && strcmp(r->mode, "stop") == 0)
            return WEISS_STOPPED;
        if (i == END_ROW && strcmp(r->mode, "fail") == 0)
            return weiss_agree(r->body.ctx,
                               weiss_fail(r->body.ctx, WEISS_ERR_CONVERGENCE, "\"it\" does not converge"));
    }
    return 0;
}

/* The stage that run.json shows. */
static int record_stage(run *r, int code)
{
    weiss_stage_run stage = {
        .state = &r->state, .name = "dynamics", .steps = 280, .reason = "reached \"200 ps\""};
    stage.outcome = code == 0 ? WEISS_OUTCOME_COMPLETE : WEISS_OUTCOME_STOPPED;
    WEISS_TRY(weiss_record_stage_begin(r->record, &stage));
    weiss_record_statistic(r->record, "steps", 280);
    weiss_record_statistic(r->record, "smallest_step_s", 1.5e-15);
    WEISS_TRY(weiss_record_phase(r->record, "mesh", 0.25));
    WEISS_TRY(weiss_record_phase(r->record, "mesh", 0.25));
    return weiss_record_stage_end(r->record, &stage, 1.5);
}

static int do_run(run *r, const char *directory)
{
    weiss_run_facts facts = {.problem = r->body.problem,
                             .mesh = r->body.mesh,
                             .state = &r->state,
                             .record = r->record,
                             .directory = directory,
                             .version = "1.2.3"};
    int first = 0;
    if (strcmp(r->mode, "resume") == 0) {
        weiss_checkpoint what;
        WEISS_TRY(weiss_checkpoint_read(&r->state, r->body.problem, false, r->checkpoint, &what));
        facts.resumed = true;
        facts.progress = what.progress;
        first = (int)what.steps / 7; /* reports the row of the checkpoint once more */
    }
    WEISS_TRY(weiss_outputs_open(&facts, r->config, &r->outputs));
    weiss_warn(r->body.ctx, "edges of 9 nm exceed the \"exchange length\"");
    int code = do_rows(r, first);
    if (code >= 0)
        WEISS_TRY(record_stage(r, code));
    int closed = weiss_outputs_close(r->outputs, code);
    return code != 0 ? code : closed;
}

static int create(weiss_context *ctx, const char *directory, const char *keys, run *r)
{
    const test_body_spec spec = {.size = {80e-9, 60e-9, 10e-9},
                                 .cells = {16, 12, 2},
                                 .cut = (const double[]){40e-9},
                                 .ncuts = 1,
                                 .text = body_text};
    WEISS_TRY(test_body_create(ctx, &spec, &r->body));
    WEISS_TRY(weiss_effective_create(r->body.space, weiss_term_table, &r->effective));
    WEISS_TRY(weiss_record_create(ctx, &r->record));
    WEISS_TRY(weiss_schema_parse(ctx, "keys", keys, strlen(keys), weiss_output_keys(), &r->config));
    WEISS_TRY(weiss_path_join(ctx, directory, "checkpoint.h5", &r->checkpoint));
    r->state =
        (weiss_state){.ctx = ctx, .mesh = r->body.mesh, .space = r->body.space, .effective = r->effective};
    return WEISS_NEW(ctx, r->state.m, 3 * r->body.mesh->nlocal);
}

static void destroy(run *r)
{
    free(r->state.m);
    free(r->checkpoint);
    weiss_value_destroy(r->config);
    weiss_record_destroy(r->record);
    weiss_effective_destroy(r->effective);
    test_body_destroy(&r->body);
}

static void limit_files(const char *bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    if (bytes == NULL || getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return;
    limit.rlim_cur = (rlim_t)atol(bytes);
    setrlimit(RLIMIT_FSIZE, &limit);
}

int main(int argc, char **argv)
{
    weiss_context *ctx;
    run r = {.mode = argc > 1 ? argv[1] : ""};
    MPI_Init(&argc, &argv);
    limit_files(getenv("FILE_LIMIT"));
    if (argc < 3 || weiss_context_create(MPI_COMM_WORLD, &ctx) != 0)
        return 2;
    weiss_set_log(ctx, NULL, NULL);
    int code = create(ctx, argv[2], argc > 3 ? argv[3] : "{}", &r);
    if (code == 0)
        code = do_run(&r, argv[2]);
    if (code != 0 && weiss_rank(ctx) == 0)
        fprintf(stderr, "%s\n", weiss_error_text(ctx));
    destroy(&r);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return code < 0 ? 1 : 0;
}
