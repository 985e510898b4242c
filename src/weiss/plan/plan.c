/* weiss plan: which rank runs on which vCPU. */
#include "weiss/plan/plan.h"

#include "base/replace.h"
#include "base/text.h"
#include "base/units.h"
#include "weiss/command.h"
#include "weiss/environment.h"
#include "weiss/start.h"

#include <stdlib.h>
#include <string.h>

#define TRY_LAPS 15

static const weiss_option options[] = {
    {"--topology", 't', "FILE", "Servers, VMs, vCPUs, and how fast messages are (YAML)"},
    {"--matrix", 'm', "FILE", "Traffic between ranks, as `weiss trace` writes it"},
    {"--mesh", 0, "FILE", "Instead: the traffic of the solver on this mesh; needs -n"},
    {"--ranks", 'n', "N", "Number of ranks"},
    {"--steps", 0, "N", "The matrix holds the traffic of N steps (default 1)"},
    {"--out", 'o', "PATH", "Directory for host files and picture; with --measure: the topology file"},
    {"--try", 0, NULL, "Send the traffic between the VMs for real, and compare with the prediction"},
    {"--laps", 0, "N", "With --try: how often each placement has its turn (default 15)"},
    {"--measure", 0, NULL, "Measure the levels of a topology instead"},
    {"--hostfile", 0, "FILE", "With --measure: Open MPI's hostfile"},
    {0},
};

static int run(const weiss_command *command, const weiss_arguments *arguments);

const weiss_command weiss_command_plan = {
    .name = "plan",
    .summary = "Decide which rank runs on which processor of which virtual machine",
    .operands = "",
    .options = options,
    .text = "Places ranks so that what they say to each other crosses as little as possible between VMs and "
            "servers.\n"
            "Prints the traffic of each level and the predicted time of a step's communication, for this "
            "plan and "
            "for\n"
            "plain order, round-robin, random order and the worst case. --out writes a hostfile and a "
            "rankfile for\n"
            "Open MPI, a host file for MPICH, a table and a picture.\n"
            "\n"
            "Examples:\n"
            "  weiss plan --measure --hostfile hosts --out cloud.yaml\n"
            "  weiss trace --out bar.csv -- mpirun -n 8 ./program\n"
            "  weiss plan --topology cloud.yaml --matrix bar.csv --out plan\n"
            "  weiss plan --topology cloud.yaml --matrix bar.csv --try\n"
            "  mpirun --hostfile plan/hostfile --rankfile plan/rankfile ./program\n"
            "  weiss plan --topology cloud.yaml --mesh bar.msh -n 16\n",
    .run = run,
};

static const char *value(const weiss_arguments *arguments, const char *option)
{
    return weiss_arguments_get(&weiss_command_plan, arguments, option);
}

static bool parse_count(const weiss_arguments *arguments, const char *option, int *out)
{
    const char *text = value(arguments, option);
    char shown[WEISS_TEXT_SHOWN], *end;
    if (text == NULL)
        return true;
    long n = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || n < 1 || n > 1000000000) {
        weiss_usage("weiss plan", "%s needs a number from 1; found \"%s\"", option,
                    weiss_text_show(text, shown));
        return false;
    }
    *out = (int)n;
    return true;
}

/** What the user asked for. */
typedef struct request {
    const char *topology, *matrix, *mesh, *out;
    int ranks, steps; /**< ranks 0: those of the matrix */
    int laps; /**< 0: it is not tried */
} request;

static bool parse(const weiss_arguments *arguments, request *r)
{
    *r = (request){.topology = value(arguments, "--topology"),
                   .matrix = value(arguments, "--matrix"),
                   .mesh = value(arguments, "--mesh"),
                   .out = value(arguments, "--out"),
                   .steps = 1};
    bool tried = value(arguments, "--try") != NULL;
    r->laps = tried ? TRY_LAPS : 0;
    if (!parse_count(arguments, "--ranks", &r->ranks) || !parse_count(arguments, "--steps", &r->steps) ||
        !parse_count(arguments, "--laps", &r->laps))
        return false;
    const char *wrong = r->topology == NULL                        ? "--topology FILE is missing"
                        : (r->matrix == NULL) == (r->mesh == NULL) ? "expected --matrix FILE or --mesh FILE"
                        : r->mesh != NULL && r->ranks == 0         ? "--mesh needs the number of ranks, -n N"
                        : r->ranks > WEISS_PLAN_RANKS_MAX          ? "-n is above 20000"
                        : value(arguments, "--hostfile") != NULL   ? "--hostfile goes with --measure"
                        : r->laps > 0 && !tried                    ? "--laps goes with --try"
                        : r->laps > WEISS_PLAN_LAPS_MAX            ? "--laps is above 1000"
                                                                   : NULL;
    if (wrong != NULL)
        weiss_usage("weiss plan", "%s", wrong);
    return wrong == NULL;
}

/** The traffic of the mesh. @return an exit code */
static int read_mesh(const request *r, weiss_traffic *traffic)
{
    char **environment = weiss_environment_keep(); /* for mpirun, when the plan is tried */
    weiss_session *session;
    if (!weiss_start(&session)) {
        weiss_environment_restore(environment);
        return WEISS_EXIT_ERROR;
    }
    int code = weiss_rank(session->ctx) == 0 ? weiss_plan_mesh(session->ctx, r->mesh, r->ranks, traffic) : 0;
    code = weiss_end(session, code);
    weiss_environment_restore(environment);
    return code;
}

static int read_matrix(const request *r, weiss_traffic *traffic, weiss_fault *fault)
{
    WEISS_FAULT_TRY(weiss_traffic_read(r->matrix, traffic, fault));
    weiss_traffic_per_step(traffic, r->steps);
    if (r->ranks == 0 || r->ranks == traffic->nranks)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s: has the traffic of %d ranks, not of %d as -n says",
                           r->matrix, traffic->nranks, r->ranks);
}

static void print_levels(const weiss_plan *plan)
{
    static const char *const words[] = {"inside VMs", "between VMs of a server", "between servers"};
    weiss_plan_share share[WEISS_PLAN_LEVELS];
    double all = 0.0;
    weiss_cost_shares(plan->topology, plan->traffic, plan->slot, share);
    for (int l = 0; l < WEISS_PLAN_LEVELS; l++)
        all += share[l].bytes;
    printf("%-26s %12s %12s %8s\n", "traffic of a step", "messages", "kB", "bytes");
    for (int l = 0; l < WEISS_PLAN_LEVELS; l++)
        printf("%-26s %12.6g %12.6g %6.1f %%\n", words[l], share[l].messages, share[l].bytes * 1e-3,
               all > 0.0 ? 100.0 * share[l].bytes / all : 0.0);
}

static void print_time(const char *what, double seconds, double plan)
{
    char text[64];
    printf("%-26s %12s", what, weiss_format_quantity(seconds, WEISS_TIME, 4, text, sizeof text));
    if (plan > 0.0)
        printf(" %10.2f x", seconds / plan);
    putchar('\n');
}

static void print_plan(const weiss_plan *plan)
{
    const weiss_place_times *t = plan->times;
    printf("%d rank%s on %d server%s, %d VM%s, %d vCPU%s\n\n", plan->traffic->nranks,
           plan->traffic->nranks > 1 ? "s" : "", plan->topology->nservers,
           plan->topology->nservers > 1 ? "s" : "", plan->topology->nvms, plan->topology->nvms > 1 ? "s" : "",
           plan->topology->nslots, plan->topology->nslots > 1 ? "s" : "");
    print_levels(plan);
    printf("\npredicted communication of a step\n");
    print_time("this plan", t->plan, t->plan);
    print_time("plain order", t->fill, t->plan);
    print_time("round-robin over VMs", t->round, t->plan);
    print_time("random, mean of 20", t->random, t->plan);
    print_time("worst found", t->worst, t->plan);
}

static int make_plan(const request *r, const weiss_topology *topology, const weiss_traffic *traffic,
                     weiss_fault *fault)
{
    weiss_place_times times;
    int *slot = malloc((size_t)traffic->nranks * sizeof *slot);
    if (slot == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    weiss_plan plan = {topology, traffic, slot, &times};
    int code = weiss_place_plan(topology, traffic, slot, &times, fault);
    if (code == 0 && r->out != NULL)
        code = weiss_plan_write(r->out, &plan, fault);
    if (code == 0)
        print_plan(&plan);
    if (code == 0 && r->laps > 0)
        code = weiss_plan_try(&plan, r->laps, r->out, fault);
    free(slot);
    return code;
}

static int conclude(int code, const weiss_fault *fault)
{
    if (code != 0 && code != WEISS_ERR_SYSTEM) /* that is said already, with the words of mpirun */
        fprintf(stderr, "weiss: %s\n", fault->text);
    return code != 0 ? WEISS_EXIT_ERROR : WEISS_EXIT_DONE;
}

static void write_topology(FILE *to, const void *topology)
{
    weiss_topology_write(to, topology);
}

static int measure(const weiss_arguments *arguments)
{
    const char *hostfile = value(arguments, "--hostfile"), *out = value(arguments, "--out");
    weiss_topology topology;
    weiss_fault fault = {0};
    if (hostfile == NULL)
        return weiss_usage("weiss plan", "--measure needs --hostfile FILE");
    if (value(arguments, "--topology") != NULL || value(arguments, "--matrix") != NULL ||
        value(arguments, "--mesh") != NULL || value(arguments, "--ranks") != NULL ||
        value(arguments, "--try") != NULL)
        return weiss_usage("weiss plan", "--measure takes only --hostfile and --out");
    int code = weiss_plan_measure(hostfile, &topology, &fault);
    if (code == 0 && out != NULL)
        code = weiss_replace_file(out, write_topology, &topology, &fault);
    else if (code == 0)
        weiss_topology_write(stdout, &topology);
    weiss_topology_free(&topology);
    return conclude(code, &fault);
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    request r;
    weiss_topology topology = weiss_topology_start();
    weiss_traffic traffic = {0};
    weiss_fault fault = {0};
    (void)command;
    if (value(arguments, "--measure") != NULL)
        return measure(arguments);
    if (!parse(arguments, &r))
        return WEISS_EXIT_USAGE;
    int code = weiss_topology_read(r.topology, &topology, &fault);
    if (code == 0 && r.mesh != NULL) {
        code = weiss_place_check(&topology, r.ranks, &fault);
        int failed = code == 0 ? read_mesh(&r, &traffic) : 0;
        if (failed != 0 || (code == 0 && traffic.nranks == 0)) {
            weiss_topology_free(&topology);
            return failed; /* said already; or another rank of a launcher has the traffic */
        }
    } else if (code == 0) {
        code = read_matrix(&r, &traffic, &fault);
    }
    if (code == 0)
        code = make_plan(&r, &topology, &traffic, &fault);
    weiss_traffic_free(&traffic);
    weiss_topology_free(&topology);
    return conclude(code, &fault);
}
