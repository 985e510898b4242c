/* weiss scale: how the solver's time changes with the number of ranks. */
#include "weiss/scale/simulate.h"

#include "base/text.h"
#include "cloud/cluster/cluster.h"
#include "weiss/run/ranks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const weiss_option options[] = {
    {"--ranks", 'n', "LIST", "Numbers of ranks, ascending (1,2,4,... up to the number of cores)"},
    {"--rounds", 0, "N", "Times that each is run (3)"},
    {"--transports", 0, "LIST",
     "Ways for messages, as in weiss bench fabric (vader; with --cluster tcp,ivshmem)"},
    {"--cluster", 0, "NAME", "Run in the machines of a cluster that is up (weiss cluster)"},
    {"--weak", 0, NULL, "The work grows with the ranks: one problem for each number of ranks"},
    {"--simulate", 0, "LIST", "Predict for these numbers of ranks, such as 64,256,1024,10000"},
    {"--network", 0, "FILES", "Topology files of the machines to predict for (three usual ones)"},
    {"--mesh", 0, "FILE", "Mesh to predict for, in place of the problem's"},
    {"--csv", 0, "FILE", "Write the results as CSV"},
    {"--svg", 0, "DIR", "Draw time.svg, speedup.svg and split.svg into a directory"},
    {0},
};

/** The whole call. */
typedef struct call {
    weiss_scale_job job;
    weiss_scale_forecast forecast;
    weiss_scaling
        series[WEISS_TRANSPORTS_MAX + WEISS_SCALE_NETWORKS_MAX]; /**< measured ones, then predicted ones */
    int nmeasured, npredicted;
} call;

static int default_ranks(weiss_scale_job *job)
{
    int cores = weiss_cores();
    for (int n = 1; n <= cores && job->nranks < WEISS_SCALING_POINTS_MAX; n *= 2)
        job->ranks[job->nranks++] = n;
    return 0;
}

/** @param option  whose value @p text is. @param ranks  WEISS_SCALING_POINTS_MAX */
static int parse_ranks(const char *option, const char *text, int *ranks, int *nranks, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN], *end;
    const char *at = text;
    for (;;) {
        errno = 0;
        long n = strtol(at, &end, 10);
        int before = *nranks > 0 ? ranks[*nranks - 1] : 0;
        if (end == at || errno != 0 || n <= before || n > 10000 || *nranks == WEISS_SCALING_POINTS_MAX ||
            (*end != '\0' && *end != ','))
            return weiss_fault_set(fault, WEISS_ERR_USAGE,
                                   "%s needs ascending numbers such as 1,2,4, at most %d; found \"%s\"",
                                   option, WEISS_SCALING_POINTS_MAX, weiss_text_show(text, shown));
        ranks[(*nranks)++] = (int)n;
        if (*end == '\0')
            return 0;
        at = end + 1;
    }
}

static int parse_rounds(const char *text, weiss_scale_job *job, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN], *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end != '\0' || n < 1 || n > 1000)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--rounds needs a number from 1 to 1000; found \"%s\"",
                               weiss_text_show(text, shown));
    job->rounds = (int)n;
    return 0;
}

/** Gives each number of ranks its problem file. */
static int hand_out_files(const weiss_arguments *arguments, weiss_scale_job *job, weiss_fault *fault)
{
    if (!job->weak && arguments->noperands != 1)
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "expected one problem file; several, one for each number of ranks, are for --weak");
    if (job->weak && arguments->noperands != job->nranks)
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "--weak needs a problem file for each of the %d numbers of ranks; found %d",
                               job->nranks, arguments->noperands);
    for (int i = 0; i < job->nranks; i++) {
        job->file[i] = arguments->operand[job->weak ? i : 0];
        if (access(job->file[i], R_OK) != 0)
            return weiss_fault_set(fault, WEISS_ERR_USAGE, "%s: cannot be read: %s", job->file[i],
                                   strerror(errno));
    }
    return 0;
}

/** Transports that are MPI's. */
static int choose_transports(const char *names, weiss_scale_job *job, weiss_fault *fault)
{
    job->transports.table = job->cluster != NULL ? weiss_cluster_transport_table : NULL;
    const char *usual = job->cluster != NULL ? "tcp,ivshmem" : "vader";
    int code = weiss_bench_choose(&job->transports, names != NULL ? names : usual, fault);
    for (int c = 0; code == 0 && c < job->transports.ncolumns; c++)
        if (job->transports.column[c].transport->raw)
            code = weiss_fault_set(fault, WEISS_ERR_USAGE, "the transport \"%s\" carries no MPI program",
                                   job->transports.column[c].transport->name);
    return code;
}

static int read_arguments(const weiss_command *command, const weiss_arguments *arguments,
                          weiss_scale_job *job, weiss_fault *fault)
{
    const char *ranks = weiss_arguments_get(command, arguments, "--ranks");
    const char *rounds = weiss_arguments_get(command, arguments, "--rounds");
    job->rounds = 3;
    job->weak = weiss_arguments_get(command, arguments, "--weak") != NULL;
    job->cluster = weiss_arguments_get(command, arguments, "--cluster");
    if (ranks == NULL && job->cluster != NULL)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--cluster needs --ranks, such as --ranks 1,2,4");
    int code =
        ranks != NULL ? parse_ranks("--ranks", ranks, job->ranks, &job->nranks, fault) : default_ranks(job);
    if (code == 0 && rounds != NULL)
        code = parse_rounds(rounds, job, fault);
    if (code == 0)
        code = hand_out_files(arguments, job, fault);
    if (code == 0)
        code = choose_transports(weiss_arguments_get(command, arguments, "--transports"), job, fault);
    return code;
}

/** What --simulate, --network and --mesh ask for. */
static int read_forecast(const weiss_command *command, const weiss_arguments *arguments,
                         const weiss_scale_job *job, weiss_scale_forecast *forecast, weiss_fault *fault)
{
    const char *ranks = weiss_arguments_get(command, arguments, "--simulate");
    const char *networks = weiss_arguments_get(command, arguments, "--network");
    forecast->mesh = weiss_arguments_get(command, arguments, "--mesh");
    if (ranks == NULL && (networks != NULL || forecast->mesh != NULL))
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--network and --mesh go with --simulate");
    if (ranks == NULL)
        return 0;
    if (job->cluster != NULL || job->weak)
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "--simulate starts from one problem on this machine: leave out %s",
                               job->weak ? "--weak" : "--cluster");
    WEISS_FAULT_TRY(parse_ranks("--simulate", ranks, forecast->ranks, &forecast->nranks, fault));
    return weiss_scale_take_networks(networks, forecast, fault);
}

static int get_ready(weiss_scale_job *job, weiss_fault *fault)
{
    weiss_cluster cluster;
    if (job->cluster != NULL) {
        WEISS_FAULT_TRY(weiss_cluster_load(job->cluster, &cluster, fault));
        job->emulated = cluster.emulated;
        return weiss_cluster_check(&cluster, fault);
    }
    WEISS_FAULT_TRY(weiss_fabric_settings_find(&job->transports.settings, fault));
    weiss_fabric_settings_export(&job->transports.settings);
    return weiss_bench_probe(&job->transports, fault);
}

/** Names the transports that cannot run here. @return whether one can */
static bool some_run(const weiss_scale_job *job)
{
    bool some = false;
    for (int c = 0; c < job->transports.ncolumns; c++) {
        const weiss_bench_column *column = &job->transports.column[c];
        if (column->skipped[0] != '\0')
            fprintf(stderr, "weiss: %s is left out: %s\n", column->transport->name, column->skipped);
        some = some || column->skipped[0] == '\0';
    }
    return some;
}

static void print_head(const weiss_scale_job *job)
{
    printf(
        "%s%s, %d round%s; T is the median of all but reading the problem and making the mesh, ± half of the "
        "range\n",
        job->file[0], job->weak ? ", ..." : "", job->rounds, job->rounds > 1 ? "s" : "");
    if (job->emulated)
        printf("The machines of \"%s\" are emulated (TCG): ratios mean something, times do not.\n",
               job->cluster);
    else if (job->cluster == NULL && job->ranks[job->nranks - 1] > weiss_cores())
        printf("There are %d cores: with more ranks they share them.\n", weiss_cores());
    putchar('\n');
}

static int make_directory(const char *path, weiss_fault *fault)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST
               ? 0
               : weiss_fault_set(fault, WEISS_ERR_FILE, "%s: cannot be made: %s", path, strerror(errno));
}

static int draw(const call *c, const char *directory, weiss_fault *fault)
{
    char simulated[4096];
    WEISS_FAULT_TRY(make_directory(directory, fault));
    WEISS_FAULT_TRY(weiss_scaling_draw(c->series, c->nmeasured, directory, fault));
    if (c->npredicted == 0)
        return 0;
    snprintf(simulated, sizeof simulated, "%.4000s/simulated", directory);
    WEISS_FAULT_TRY(make_directory(simulated, fault));
    return weiss_scaling_draw(c->series + c->nmeasured, c->npredicted, simulated, fault);
}

/** Prints what was measured, and predicts. @return an exit code; what went wrong was said */
static int show_results(call *c)
{
    const weiss_scale_job *job = &c->job;
    for (int i = 0; i < job->transports.ncolumns; i++)
        if (job->transports.column[i].skipped[0] == '\0')
            c->series[c->nmeasured++] = weiss_scale_series(job, i);
    print_head(job);
    weiss_scaling_print(c->series, c->nmeasured, stdout);
    weiss_scaling_print_parts(c->series, c->nmeasured, stdout);
    if (c->forecast.nranks == 0)
        return WEISS_EXIT_DONE;
    c->npredicted = c->forecast.nmachines;
    return weiss_scale_simulate(job, &c->forecast, c->series + c->nmeasured);
}

/** Runs, shows, writes. @return an exit code; what went wrong was said */
static int carry_out(call *c, const char *csv, const char *pictures)
{
    weiss_fault fault = {0};
    int outcome = WEISS_EXIT_ERROR, code = get_ready(&c->job, &fault);
    if (code == 0 && some_run(&c->job))
        outcome = weiss_scale_measure(&c->job);
    if (outcome == WEISS_EXIT_DONE)
        outcome = show_results(c);
    if (outcome == WEISS_EXIT_DONE && csv != NULL)
        code = weiss_scaling_write_csv(c->series, c->nmeasured + c->npredicted, csv, &fault);
    if (outcome == WEISS_EXIT_DONE && code == 0 && pictures != NULL)
        code = draw(c, pictures, &fault);
    if (code != 0)
        fprintf(stderr, "weiss: %s\n", fault.text);
    return code != 0 ? WEISS_EXIT_ERROR : outcome;
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_fault fault = {0};
    int outcome;
    call *c = calloc(1, sizeof *c);
    if (c == NULL) {
        fprintf(stderr, "weiss: out of memory\n");
        return WEISS_EXIT_ERROR;
    }
    int code = read_arguments(command, arguments, &c->job, &fault);
    if (code == 0)
        code = read_forecast(command, arguments, &c->job, &c->forecast, &fault);
    if (code == WEISS_ERR_USAGE)
        outcome = weiss_usage("weiss scale", "%s", fault.text);
    else if (code != 0) {
        fprintf(stderr, "weiss: %s\n", fault.text);
        outcome = WEISS_EXIT_ERROR;
    } else
        outcome = carry_out(c, weiss_arguments_get(command, arguments, "--csv"),
                            weiss_arguments_get(command, arguments, "--svg"));
    weiss_scale_free(&c->job);
    free(c);
    return outcome;
}

const weiss_command weiss_command_scale = {
    .name = "scale",
    .summary = "Measure how the time of a problem changes with the number of ranks",
    .operands = "FILE...",
    .min_operands = 1,
    .max_operands = WEISS_OPERANDS_MAX,
    .options = options,
    .text =
        "Runs the problem on each number of ranks, several times in turn, and prints the elapsed time T, the "
        "speedup\n"
        "S, the efficiency E = S / ranks, and Amdahl's p = (1 - 1/S) / (1 - 1/ranks), the part of the work "
        "that runs\n"
        "in parallel, with the speedup 1 / (1 - p) that no number of ranks would exceed.\n"
        "\n"
        "Below the times stands where they went: computing, messages on each level, and waiting for other "
        "ranks.\n"
        "\n"
        "With --simulate the times are predicted for more ranks than there are here, and for other networks, "
        "after the\n"
        "model was compared with the runs here; docs/scaling.md has its equations.\n"
        "\n"
        "With --weak the work grows with the ranks: give one problem for each number of ranks, of as many "
        "times the\n"
        "mesh nodes.\n"
        "\n"
        "Examples:\n"
        "  weiss scale bar.yaml\n"
        "  weiss scale bar.yaml --ranks 1,2,4,8 --transports vader,tcp,ivshmem --csv bar.csv --svg bar\n"
        "  weiss scale bar.yaml --ranks 1,2 --cluster laptop --transports tcp,ivshmem\n"
        "  weiss scale bar.yaml --ranks 1,2,4 --simulate 64,256,1024 --network cloud.yaml\n"
        "  weiss scale --weak --ranks 1,2,4 bar-1.yaml bar-2.yaml bar-4.yaml\n",
    .run = run,
};
