/* The plan tried: the traffic of a step is sent between the hosts for real, and its time compared with the predicted one. */
#include "base/replace.h"
#include "base/text.h"
#include "base/units.h"
#include "weiss/plan/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "weiss-plan-replay"
#define SEEDS 5 /* random placements */
#define PLACEMENTS (4 + SEEDS)
#define FIRST_RANDOM 3
#define WORST (PLACEMENTS - 1)
#define LAP_SECONDS "0.5"
#define PATIENCE 600.0 /* seconds without a result */

/** A placement and what was measured under it. */
typedef struct trial {
    int *slot; /**< of each rank; owned */
    double predicted; /**< s */
    int n;
    double time[WEISS_PLAN_LAPS_MAX]; /**< of a step in each lap, s; ascending at the end */
} trial;

typedef struct trials {
    const weiss_plan *plan;
    trial of[PLACEMENTS];
} trials;

static const char *name(int placement, char out[32])
{
    static const char *const names[] = {"plan", "plain", "round-robin"};
    if (placement < FIRST_RANDOM)
        return names[placement];
    snprintf(out, 32, "random-%d", placement - FIRST_RANDOM + 1);
    return placement == WORST ? "worst" : out;
}

static int choose(trials *t, weiss_fault *fault)
{
    const weiss_topology *topology = t->plan->topology;
    const weiss_traffic *traffic = t->plan->traffic;
    size_t bytes = (size_t)traffic->nranks * sizeof(int);
    double worst;
    for (int p = 0; p < PLACEMENTS; p++)
        if ((t->of[p].slot = malloc(bytes)) == NULL)
            return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for the placements");
    memcpy(t->of[0].slot, t->plan->slot, bytes);
    weiss_place_fill(topology, traffic->nranks, t->of[1].slot);
    weiss_place_round(topology, traffic->nranks, t->of[2].slot);
    for (int seed = 1; seed <= SEEDS; seed++)
        WEISS_FAULT_TRY(weiss_place_random(topology, traffic->nranks, (uint64_t)seed,
                                           t->of[FIRST_RANDOM + seed - 1].slot, fault));
    WEISS_FAULT_TRY(weiss_place_worst(topology, traffic, t->of[WORST].slot, &worst, fault));
    for (int p = 0; p < PLACEMENTS; p++)
        WEISS_FAULT_TRY(weiss_cost_of(topology, traffic, t->of[p].slot, &t->of[p].predicted, fault));
    return 0;
}

/** What the program reads. */
static int write_input(const trials *t, FILE *to, weiss_fault *fault)
{
    const weiss_traffic *traffic = t->plan->traffic;
    fprintf(to, "ranks %d\n", traffic->nranks);
    for (size_t i = 0; i < traffic->nflows; i++) {
        const weiss_flow *f = &traffic->flow[i];
        double messages = fmax(ceil(f->messages), 1.0);
        if (messages > 1e6 || f->bytes / messages > 1e9)
            return weiss_fault_set(
                fault, WEISS_ERR_VALUE,
                "rank %d sends %g messages of %g bytes to rank %d in a step; a million of at "
                "most 1 GB can be tried",
                f->from, messages, f->bytes / messages, f->to);
        fprintf(to, "flow %d %d %.0f %.0f\n", f->from, f->to, messages, f->bytes);
    }
    for (int p = 0; p < PLACEMENTS; p++) {
        fprintf(to, "placement");
        for (int r = 0; r < traffic->nranks; r++)
            fprintf(to, " %d", t->of[p].slot[r]);
        fputc('\n', to);
    }
    if (fflush(to) == 0)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_FILE,
                           "the traffic cannot be written for the program that sends it");
}

/** `PLACEMENT,LAP,STEPS,SECONDS` */
static bool take_line(void *self, const char *line)
{
    trials *t = self;
    int placement, lap, steps;
    double seconds;
    char end;
    if (sscanf(line, "%d,%d,%d,%lf%c", &placement, &lap, &steps, &seconds, &end) != 4 || placement < 0 ||
        placement >= PLACEMENTS || t->of[placement].n == WEISS_PLAN_LAPS_MAX)
        return false;
    t->of[placement].time[t->of[placement].n++] = seconds;
    return true;
}

/** `vm1:4,vm2:4`; freed by the caller; NULL without memory */
static char *list_hosts(const weiss_topology *topology)
{
    size_t room = (size_t)topology->nvms * (WEISS_PLAN_NAME + 8) + 1, used = 0;
    char *text = malloc(room);
    for (int v = 0; text != NULL && v < topology->nvms; v++)
        used += (size_t)snprintf(text + used, room - used, "%s%s:%d", v > 0 ? "," : "", topology->vm[v].name,
                                 topology->vm[v].vcpus);
    return text;
}

static int run_program(trials *t, int laps, weiss_fault *fault)
{
    char count[16], *hosts = list_hosts(t->plan->topology);
    const char *where[] = {"--host", hosts, NULL}, *argument[] = {count, LAP_SECONDS, NULL};
    weiss_child child = {.line = take_line, .self = t, .patience = PATIENCE, .input = tmpfile()};
    int code = hosts == NULL         ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory")
               : child.input == NULL ? weiss_fault_set(fault, WEISS_ERR_FILE, "no temporary file can be made")
                                     : write_input(t, child.input, fault);
    snprintf(count, sizeof count, "%d", laps);
    if (code == 0)
        code = weiss_plan_mpirun(PROGRAM, where, t->plan->topology->nslots, argument, &child, fault);
    for (int p = 0; p < PLACEMENTS && code == 0; p++)
        if (t->of[p].n != laps)
            code = weiss_fault_set(fault, WEISS_ERR_MPI, "%s measured %d times instead of %d", PROGRAM,
                                   t->of[p].n, laps);
    if (child.input != NULL)
        fclose(child.input);
    free(hosts);
    return code;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/** Value below which a share of the times lies. */
static double quantile(const trial *t, double share)
{
    double at = share * (t->n - 1);
    int i = (int)at;
    return i + 1 < t->n ? t->time[i] + (at - i) * (t->time[i + 1] - t->time[i]) : t->time[i];
}

static double median(const trial *t)
{
    return quantile(t, 0.5);
}

static void print_row(const char *what, const double time[4], double plan)
{
    char text[4][64];
    for (int i = 0; i < 4; i++)
        weiss_format_quantity(time[i], WEISS_TIME, 4, text[i], sizeof text[i]);
    printf("%-22s %11s %11s   %11s .. %-11s %7.2f x %10.2f\n", what, text[0], text[1], text[2], text[3],
           time[1] / plan, time[0] / time[1]);
}

static void print_trial(const char *what, const trial *t, double plan)
{
    print_row(what, (const double[4]){t->predicted, median(t), quantile(t, 0.25), quantile(t, 0.75)}, plan);
}

/** Means over the random placements, and the range of their medians. */
static void print_random(const trial *t, double plan)
{
    double time[4] = {0.0, 0.0, HUGE_VAL, 0.0};
    for (int i = 0; i < SEEDS; i++) {
        double m = median(&t[i]);
        time[0] += t[i].predicted / SEEDS;
        time[1] += m / SEEDS;
        time[2] = fmin(time[2], m);
        time[3] = fmax(time[3], m);
    }
    print_row("random, mean of 5", time, plan);
}

static void print_trials(const trials *t)
{
    double plan = median(&t->of[0]);
    printf("\n%-22s %11s %11s   %11s .. %-11s %9s %10s\n", "tried: a step takes", "predicted", "measured",
           "25 %", "75 %", "of plan", "pred/meas");
    print_trial("this plan", &t->of[0], plan);
    print_trial("plain order", &t->of[1], plan);
    print_trial("round-robin over VMs", &t->of[2], plan);
    print_random(&t->of[FIRST_RANDOM], plan);
    print_trial("worst found", &t->of[WORST], plan);
    printf("medians of %d times, the placements in turn; random: range of the medians\n", t->of[0].n);
}

static void write_table(FILE *to, const void *data)
{
    const trials *t = data;
    char text[32];
    fputs("placement,predicted,median,quartile1,quartile3,lowest,highest,times,messages_vm,bytes_vm,messages_"
          "server,"
          "bytes_server,messages_network,bytes_network,slots\n",
          to);
    for (int p = 0; p < PLACEMENTS; p++) {
        const trial *a = &t->of[p];
        weiss_plan_share share[WEISS_PLAN_LEVELS];
        weiss_cost_shares(t->plan->topology, t->plan->traffic, a->slot, share);
        fprintf(to, "%s,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%d", name(p, text), a->predicted, median(a),
                quantile(a, 0.25), quantile(a, 0.75), a->time[0], a->time[a->n - 1], a->n);
        for (int l = 0; l < WEISS_PLAN_LEVELS; l++)
            fprintf(to, ",%.10g,%.10g", share[l].messages, share[l].bytes);
        for (int r = 0; r < t->plan->traffic->nranks; r++)
            fprintf(to, "%c%d", r == 0 ? ',' : ' ', a->slot[r]);
        fputc('\n', to);
    }
}

static int conclude(trials *t, const char *directory, weiss_fault *fault)
{
    char path[4096];
    for (int p = 0; p < PLACEMENTS; p++)
        qsort(t->of[p].time, (size_t)t->of[p].n, sizeof(double), ascending);
    print_trials(t);
    if (directory == NULL)
        return 0;
    if (snprintf(path, sizeof path, "%s/try.csv", directory) >= (int)sizeof path)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "the name of the directory is too long");
    return weiss_replace_file(path, write_table, t, fault);
}

int weiss_plan_try(const weiss_plan *plan, int laps, const char *directory, weiss_fault *fault)
{
    trials *t = calloc(1, sizeof *t);
    if (t == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for the placements");
    t->plan = plan;
    int code = choose(t, fault);
    if (code == 0)
        code = run_program(t, laps, fault);
    if (code == 0)
        code = conclude(t, directory, fault);
    for (int p = 0; p < PLACEMENTS; p++)
        free(t->of[p].slot);
    free(t);
    return code;
}
