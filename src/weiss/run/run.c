/* weiss run: a problem file in, a directory of results out. */
#include "simulation/run.h"

#include "weiss/cluster/run.h"
#include "weiss/command.h"
#include "weiss/run/footer.h"
#include "weiss/run/launch.h"
#include "weiss/run/progress.h"
#include "weiss/run/ranks.h"
#include "weiss/run/results.h"
#include "weiss/run/slurm.h"
#include "weiss/start.h"
#include "weiss/stop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const weiss_option options[] = {
    {"--ranks", 'n', "N", "Run on N ranks (default 1)"},
    {"--cluster", 0, "NAME", "Run in the machines of a cluster that is up (weiss cluster)"},
    {"--restart", 0, NULL, "Go on from the last checkpoint of an earlier run"},
    {"--changed", 0, NULL, "With --restart: also when the problem file has changed since"},
    {"--out", 'o', "DIR", "Write results to DIR instead of NAME.out"},
    {"--mesh", 0, "FILE",
     "Take the mesh from FILE, in metres, in place of making it (weiss mesh make --unit m)"},
    {"--check", 0, NULL, "Read the problem, make mesh and terms, then end without running"},
    {"--print-defaults", 0, NULL, "Print a commented problem file with every key"},
    {"--sbatch", 0, NULL, "Print a job script for Slurm's sbatch, then end without running"},
    {"--quiet", 'q', NULL, "Print warnings and errors only"},
    {0},
};

static int run(const weiss_command *command, const weiss_arguments *arguments);

const weiss_command weiss_command_run = {
    .name = "run",
    .summary = "Run a problem file",
    .operands = "FILE",
    .max_operands = 1,
    .options = options,
    .text = "Runs the stages of the problem in FILE, say bar.yaml, and writes the results to bar.out/ in the "
            "current\n"
            "directory: table.csv (averages and energies), fields for ParaView, curves.svg, state.png and "
            "run.json.\n"
            "An earlier bar.out/ is moved to bar.out.1/ (or the next free number) first.\n"
            "\n"
            "SIGINT (Ctrl-C), SIGTERM, SIGHUP and SIGUSR1 save the state and stop; --restart goes on from "
            "there, on "
            "any number\n"
            "of ranks. The state is also saved every few minutes (checkpoint_every in the section output).\n"
            "\n"
            "Exit codes: 0 done, 1 error, 2 wrong call, 3 a stage did not converge, 128+N stopped by signal "
            "N and saved.\n"
            "\n"
            "Examples:\n"
            "  weiss run --print-defaults > bar.yaml    a file to begin with\n"
            "  weiss run --check bar.yaml               is it right?\n"
            "  weiss run bar.yaml                       on one core\n"
            "  weiss run -n 4 bar.yaml                  on four\n"
            "  mpirun --hostfile hosts weiss run bar.yaml    on the ranks that mpirun starts\n"
            "  weiss run --restart -n 2 bar.yaml        go on, on two\n"
            "  weiss run --cluster laptop -n 2 bar.yaml    in the machines of a cluster\n"
            "  weiss run --sbatch -n 64 bar.yaml | sbatch    on 64, when Slurm has them\n"
            "\n"
            "Inside an allocation of Slurm (salloc, sbatch), weiss run uses all of its tasks when -n is not "
            "given.\n",
    .run = run,
};

/** One call of the subcommand. */
typedef struct call {
    const weiss_arguments *arguments;
    const char *file;
    const volatile sig_atomic_t *stop;
    weiss_display display;
    weiss_session *session; /**< owned */
    weiss_simulation *simulation; /**< owned */
    char *directory; /**< owned */
    int lock; /**< on the directory, while it is open; -1 without */
} call;

static bool given(const call *c, const char *option)
{
    return weiss_arguments_get(&weiss_command_run, c->arguments, option) != NULL;
}

/** Number of ranks that -n asks for; 0 when it is not given, -1 when it is wrong. */
static int wanted_ranks(const weiss_arguments *arguments)
{
    const char *text = weiss_arguments_get(&weiss_command_run, arguments, "--ranks");
    char *end;
    if (text == NULL)
        return 0;
    long n = strtol(text, &end, 10);
    return *text == '\0' || *end != '\0' || n < 1 || n > 100000 ? -1 : (int)n;
}

static int print_defaults(void)
{
    weiss_session *session = NULL;
    weiss_schema *schema = NULL;
    if (!weiss_start(&session))
        return WEISS_EXIT_ERROR;
    weiss_context *ctx = session->ctx;
    int code = weiss_schema_assemble(ctx, &schema);
    if (code == 0 && weiss_rank(ctx) == 0)
        code = weiss_problem_print_defaults(ctx, &schema->parts, stdout);
    weiss_schema_destroy(schema);
    return weiss_end(session, code);
}

/** Says early, before the mesh is made, that there is nothing to go on with. */
static int find_checkpoint(const call *c)
{
    weiss_context *ctx = c->session->ctx;
    char path[4096];
    int code = 0;
    snprintf(path, sizeof path, "%s/%s", c->directory, WEISS_CHECKPOINT_NAME);
    if (weiss_rank(ctx) == 0 && access(path, R_OK) != 0)
        code = weiss_fail(
            ctx, WEISS_ERR_FILE,
            "%s: there is no checkpoint to go on with; run without --restart to start at the beginning",
            path);
    return weiss_agree(ctx, code);
}

static int prepare(call *c)
{
    weiss_context *ctx = c->session->ctx;
    const char *out = weiss_arguments_get(&weiss_command_run, c->arguments, "--out");
    WEISS_TRY(weiss_simulation_read(c->session, c->file, &c->simulation));
    c->simulation->problem->mesh_file = weiss_arguments_get(&weiss_command_run, c->arguments, "--mesh");
    WEISS_TRY(weiss_agree(ctx, weiss_results_name(c->simulation->problem, out, &c->directory)));
    if (!given(c, "--check"))
        WEISS_TRY(given(c, "--restart") ? find_checkpoint(c) : weiss_results_check(ctx, c->directory));
    if (weiss_rank(ctx) == 0)
        weiss_display_doing(&c->display, "making the mesh");
    WEISS_TRY(weiss_simulation_make_mesh(c->simulation));
    MPI_Pcontrol(2); /* a tracer forgets the start, where rank 0 reads and meshes alone */
    if (weiss_rank(ctx) == 0)
        weiss_display_doing(&c->display, "making the terms of the effective field");
    WEISS_TRY(weiss_simulation_make_state(c->simulation));
    weiss_display_clear(&c->display);
    return 0;
}

/** Says how a run that stopped can go on. */
static void show_way_on(const call *c)
{
    char time[32], out[4096] = "";
    const char *wanted = weiss_arguments_get(&weiss_command_run, c->arguments, "--out");
    if (wanted != NULL)
        snprintf(out, sizeof out, " --out %s", wanted);
    weiss_format_quantity(c->simulation->state->time, WEISS_TIME, 4, time, sizeof time);
    fprintf(stderr, "weiss: stopped at t = %s; the state is saved, `weiss run --restart%s %s` goes on\n",
            time, out, c->file);
}

/** Exit code of a run that ended without an error, and what is to be said about it. */
static int conclude(call *c, int code, const weiss_run_result *result)
{
    weiss_context *ctx = c->session->ctx;
    const weiss_record *record = c->simulation->record;
    int signal_number = c->stop != NULL ? *c->stop : 0;
    if (code == WEISS_STOPPED) {
        MPI_Allreduce(MPI_IN_PLACE, &signal_number, 1, MPI_INT, MPI_MAX, weiss_comm(ctx));
        if (weiss_rank(ctx) == 0)
            show_way_on(c);
        return WEISS_EXIT_SIGNAL + signal_number;
    }
    if (result->was_complete)
        weiss_info(
            ctx,
            "%s: this run is complete; nothing is left to go on with. To go on from its end, add a stage and "
            "say --restart --changed",
            c->directory);
    if (result->outcome != WEISS_OUTCOME_NOT_CONVERGED)
        return WEISS_EXIT_DONE;
    const weiss_stage_record *last = &record->stages[record->nstages - 1];
    if (weiss_rank(ctx) == 0)
        fprintf(stderr, "weiss: stage %d, %s: %s\n", last->index + 1, last->name, last->reason);
    return WEISS_EXIT_NOT_CONVERGED;
}

static int carry_out(call *c, int *exit_code)
{
    weiss_context *ctx = c->session->ctx;
    weiss_run_result result;
    const weiss_monitor monitor = weiss_display_monitor(&c->display);
    const weiss_run_options run_options = {.directory = c->directory,
                                           .restart = given(c, "--restart"),
                                           .changed = given(c, "--changed"),
                                           .stop = c->stop,
                                           .profiled = true,
                                           .monitor = &monitor};
    WEISS_TRY(weiss_results_begin(ctx, c->directory, run_options.restart, &c->lock));
    int code = weiss_simulation_run(c->simulation, &run_options, &result);
    weiss_display_clear(&c->display);
    if (code < 0)
        return code;
    if (!c->display.quiet && !result.was_complete)
        WEISS_TRY(weiss_footer(c->simulation, c->directory, c->display.columns));
    *exit_code = conclude(c, code, &result);
    return 0;
}

/** Runs in this process, one of the ranks. */
static int run_rank(const weiss_arguments *arguments)
{
    call c = {.arguments = arguments, .file = arguments->operand[0], .stop = weiss_stop_watch(), .lock = -1};
    int exit_code = WEISS_EXIT_DONE;
    c.display = weiss_display_start(given(&c, "--quiet"));
    if (!weiss_start(&c.session))
        return WEISS_EXIT_ERROR;
    weiss_session_log(c.session, weiss_display_log, &c.display);
    int code = prepare(&c);
    if (code == 0)
        code = given(&c, "--check") ? weiss_footer_check(c.simulation) : carry_out(&c, &exit_code);
    weiss_display_clear(&c.display);
    weiss_simulation_destroy(c.simulation);
    free(c.directory);
    if (c.lock >= 0)
        close(c.lock);
    int ended = weiss_end(c.session, code);
    return ended != WEISS_EXIT_DONE ? ended : exit_code;
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    bool alone = weiss_arguments_get(command, arguments, "--check") != NULL;
    if (weiss_arguments_get(command, arguments, "--print-defaults") != NULL)
        return print_defaults();
    if (arguments->noperands == 0)
        return weiss_usage("weiss run", "expected weiss run FILE, a problem file such as bar.yaml");
    if (weiss_arguments_get(command, arguments, "--changed") != NULL &&
        weiss_arguments_get(command, arguments, "--restart") == NULL)
        return weiss_usage("weiss run", "--changed has a meaning only together with --restart");
    int nranks = wanted_ranks(arguments), tasks = weiss_slurm_tasks();
    if (nranks < 0)
        return weiss_usage("weiss run", "-n needs a number of ranks, 1 or more; found \"%s\"",
                           weiss_arguments_get(command, arguments, "--ranks"));
    if (nranks > 0 && weiss_under_mpi() && !weiss_launched())
        return weiss_usage("weiss run", "mpirun has started the ranks already: leave out -n");
    if (weiss_arguments_get(command, arguments, "--sbatch") != NULL) {
        weiss_slurm_script(arguments->operand[0], nranks, weiss_arguments_get(command, arguments, "--out"),
                           stdout);
        return WEISS_EXIT_DONE;
    }
    const char *cluster = weiss_arguments_get(command, arguments, "--cluster");
    if (cluster != NULL && alone)
        return weiss_usage("weiss run", "--check runs on this machine: leave out --cluster");
    if (cluster != NULL)
        return weiss_cluster_run(&(weiss_cluster_run_options){
            .cluster = cluster,
            .file = arguments->operand[0],
            .out = weiss_arguments_get(command, arguments, "--out"),
            .ranks = nranks,
            .restart = weiss_arguments_get(command, arguments, "--restart") != NULL,
            .changed = weiss_arguments_get(command, arguments, "--changed") != NULL,
            .quiet = weiss_arguments_get(command, arguments, "--quiet") != NULL});
    if (weiss_slurm_bare_task())
        return weiss_slurm_start_again(arguments->argc, arguments->argv);
    if (nranks == 0 && tasks > 1)
        nranks = tasks;
    if (nranks > 1 && !alone && !weiss_launched())
        return weiss_launch(nranks, arguments->argc, arguments->argv);
    return run_rank(arguments);
}
