/* weiss bench tuning: steps of tuning one by one, off and on in turn, with what each brings. */
#include "weiss/tuning.h"
#include "base/statistics.h"
#include "cloud/tuning/reading.h"
#include "weiss/bench/bench.h"
#include "weiss/child.h"
#include "weiss/temporary.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUNDS_MAX 100
#define PATIENCE 60.0
/** Above this a gain says little. */
#define SPREAD_PERCENT 20.0
/** Region of the measuring program, with a page to spare, in huge pages of 2 MiB. */
#define HUGE_PAGES 33

static const weiss_option options[] = {
    {"--rounds", 0, "N", "Times that each step is measured off and on, 2 to 100 (5)"},
    {"--steps", 0, "LIST", "Which steps: pinning,hugepages,shmem (which is all)"},
    {0},
};

/** What is measured. */
enum { LATENCY, BANDWIDTH, FIGURES };
static const struct {
    const char *name, *unit, *test;
    double bytes;
} figures[FIGURES] = {{"latency 4 B", "us", "latency", 4}, {"bandwidth 1 MiB", "MB/s", "bandwidth", 1 << 20}};

/** What came out, by figure, off (0) and on (1), and round. */
typedef struct results {
    double value[FIGURES][2][ROUNDS_MAX];
    double sample[FIGURES][16];
    int nsamples[FIGURES];
} results;

/** Where the runs take place: directories that only this process and its children see, and two processors. */
typedef struct bench {
    char program[PATH_MAX], directory[PATH_MAX];
    int rounds, cpu[2];
    bool mounts; /**< file systems can be mounted */
    int asked; /**< signal that ends it; 0: none */
} bench;

/** How a step is off and on: the file systems of the region, and whether processes are pinned. */
typedef struct variant {
    const char *step, *off, *on; /**< type of a file system */
    const char *off_data, *on_data; /**< its options */
    bool pinned;
} variant;

static const variant variants[] = {
    {"pinning", "tmpfs", "tmpfs", "", "", true},
    {"hugepages", "tmpfs", "hugetlbfs", "huge=never", "pagesize=2M", false},
    {"shmem", "tmpfs", "tmpfs", "huge=never", "huge=always", false},
};
#define VARIANTS ((int)(sizeof variants / sizeof *variants))

static bool take_line(void *self, const char *line)
{
    results *r = self;
    char test[32];
    double bytes, us, cpu;
    if (sscanf(line, "sample %31s %lf %lf %lf", test, &bytes, &us, &cpu) != 4 || !(us > 0.0))
        return strcmp(line, "done") == 0;
    for (int f = 0; f < FIGURES; f++)
        if (strcmp(test, figures[f].test) == 0 && bytes == figures[f].bytes && r->nsamples[f] < 16)
            r->sample[f][r->nsamples[f]++] = f == LATENCY ? us : bytes / us;
    return true;
}

/** Runs the measuring program once, its region in @p region. @return 0, WEISS_ERR_SYSTEM, or WEISS_STOPPED */
static int measure_once(bench *b, bool pinned, const char *region, results *r, int on, int round,
                        weiss_fault *fault)
{
    char peer[PATH_MAX + 32], cpus[2][16];
    weiss_child child = {.line = take_line, .self = r, .patience = PATIENCE};
    snprintf(cpus[0], sizeof cpus[0], "%d", b->cpu[0]);
    snprintf(cpus[1], sizeof cpus[1], "%d", b->cpu[1]);
    snprintf(peer, sizeof peer, "taskset -c %s '%s'", cpus[1], b->program);
    const char *words[] = {"/usr/bin/taskset",
                           "-c",
                           cpus[0],
                           b->program,
                           "--region",
                           region,
                           "--tests",
                           "latency,bandwidth",
                           "--sizes",
                           "4,1M",
                           "--samples",
                           "10",
                           pinned ? "--peer" : NULL,
                           peer,
                           NULL};
    memset(r->nsamples, 0, sizeof r->nsamples);
    WEISS_FAULT_TRY(weiss_child_run(&child, pinned ? words : words + 3, fault));
    unlink(region);
    b->asked = child.asked;
    if (child.asked != 0)
        return weiss_fault_set(fault, WEISS_STOPPED, "stopped by signal %d", child.asked);
    for (int f = 0; f < FIGURES; f++) {
        if (child.status != 0 || r->nsamples[f] == 0)
            return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the measuring program failed: %.400s",
                                   child.last);
        /* The fastest sample: what else runs on this machine can only slow one down. */
        weiss_summary samples = weiss_summarise(r->sample[f], (size_t)r->nsamples[f]);
        r->value[f][on][round] = f == LATENCY ? samples.min : samples.max;
    }
    return 0;
}

/** Mounts a file system for the region; it is gone with this process. @param[out] region  a file on it */
static int prepare(const bench *b, const char *type, const char *data, const char *name, char *region,
                   size_t size, weiss_fault *fault)
{
    char place[PATH_MAX + 16];
    if (!b->mounts) {
        snprintf(region, size, "/dev/shm/weiss-bench-tuning-%ld", (long)getpid());
        return 0;
    }
    snprintf(place, sizeof place, "%s/%s", b->directory, name);
    snprintf(region, size, "%s/region", place);
    if ((mkdir(place, 0700) != 0 && errno != EEXIST) ||
        mount("weiss", place, type, MS_NOSUID | MS_NODEV, data) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "a file system %s (%s) cannot be mounted: %s", type,
                               data, strerror(errno));
    return 0;
}

static void release(const bench *b)
{
    static const char *const names[] = {"off", "on"};
    char place[PATH_MAX + 16];
    for (int i = 0; b->mounts && i < 2; i++) {
        snprintf(place, sizeof place, "%s/%s", b->directory, names[i]);
        umount2(place, MNT_DETACH);
        rmdir(place);
    }
}

/** Prints what a step brings: the ratio is that of each round's two runs, so that a slow change of the machine cancels. A ratio
 *  above 1 is better when it is on. */
static void print(const bench *b, const variant *v, results *r)
{
    for (int f = 0; f < FIGURES; f++) {
        double ratio[ROUNDS_MAX];
        for (int i = 0; i < b->rounds; i++)
            ratio[i] =
                f == LATENCY ? r->value[f][0][i] / r->value[f][1][i] : r->value[f][1][i] / r->value[f][0][i];
        weiss_summary off = weiss_summarise(r->value[f][0], (size_t)b->rounds);
        weiss_summary on = weiss_summarise(r->value[f][1], (size_t)b->rounds);
        weiss_summary gain = weiss_summarise(ratio, (size_t)b->rounds);
        double spread = 100.0 * weiss_summary_spread(&gain);
        printf("%-11s %-16s %10.4g %10.4g %-5s %7.2f  +-%.0f %%%s\n", v->step, figures[f].name, off.median,
               on.median, figures[f].unit, gain.median, spread,
               spread > SPREAD_PERCENT ? "  too much to tell: the machine is busy" : "");
    }
    fflush(stdout);
}

static int measure(bench *b, const variant *v, weiss_fault *fault)
{
    results r;
    char region[2][PATH_MAX + 32];
    int code = prepare(b, v->off, v->off_data, "off", region[0], sizeof region[0], fault);
    if (code == 0)
        code = prepare(b, v->on, v->on_data, "on", region[1], sizeof region[1], fault);
    for (int i = 0; code == 0 && i < 2 * b->rounds; i++) {
        fprintf(stderr, "weiss: %s, round %d/%d, %s\n", v->step, i / 2 + 1, b->rounds,
                i % 2 == 0 ? "off" : "on");
        code = measure_once(b, v->pinned && i % 2 == 1, region[i % 2], &r, i % 2, i / 2, fault);
    }
    if (code == 0)
        print(b, v, &r);
    release(b);
    return code;
}

/** Why a step cannot be measured on this machine. @return true when there is a reason */
static bool hindered(const bench *b, const variant *v, char *why, size_t size)
{
    const weiss_tuning_machine here = {.root = ""};
    char text[8192];
    weiss_tuning_read(&here, text, sizeof text, "/proc/meminfo");
    long long left = weiss_tuning_field(text, "HugePages_Free", 0),
              kib = weiss_tuning_field(text, "Hugepagesize", 0);
    why[0] = '\0';
    if (v->pinned && b->cpu[1] < 0)
        snprintf(why, size, "it needs two processors");
    else if (!v->pinned && !b->mounts)
        snprintf(why, size, "only root can mount the file systems that are compared");
    else if (strcmp(v->step, "hugepages") == 0 && (left < HUGE_PAGES || kib != 2048))
        snprintf(why, size,
                 "%lld huge pages of %lld KiB are free, %d of 2048 KiB are needed: weiss tune hugepages=%d",
                 left, kib, HUGE_PAGES, HUGE_PAGES);
    return why[0] != '\0';
}

/** Names the steps that this program does not measure, with the reason. */
static void print_others(void)
{
    for (int i = 0; weiss_tuning_steps[i] != NULL; i++) {
        const weiss_tuning_step *step = weiss_tuning_steps[i];
        bool measured = step->side != WEISS_TUNING_HOST || step->plan == NULL;
        for (int v = 0; v < VARIANTS; v++)
            measured = measured || strcmp(variants[v].step, step->name) == 0;
        if (!measured)
            printf("%-11s not measured: it acts on virtual machines or on the machine as a whole\n",
                   step->name);
    }
}

static void choose_processors(bench *b)
{
    cpu_set_t set;
    int n = 0;
    b->cpu[0] = b->cpu[1] = -1;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return;
    for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
        if (CPU_ISSET(i, &set))
            b->cpu[n++] = i;
}

/** Finds the program; takes a name space of its own for mounts where that is allowed, so that none outlives this process. */
static int get_ready(bench *b, weiss_fault *fault)
{
    if (!weiss_fabric_locate("src/fabric/bench/weiss-fabric-bench-raw",
                             WEISS_LIBEXEC_DIR "/weiss-fabric-bench-raw", b->program))
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "the measuring program weiss-fabric-bench-raw is missing; build or install all of Weiss");
    choose_processors(b);
    b->mounts = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    if (!weiss_temporary_directory("weiss-bench", b->directory))
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be made: %s", b->directory, strerror(errno));
    return 0;
}

static bool listed(const char *list, const char *step)
{
    size_t length = strlen(step);
    for (const char *word = list; word != NULL; word = strchr(word, ',')) {
        word += *word == ',';
        if (strncmp(word, step, length) == 0 && (word[length] == ',' || word[length] == '\0'))
            return true;
    }
    return list == NULL;
}

static int usage(const weiss_arguments *arguments, const weiss_command *command, bench *b, const char **steps)
{
    const char *rounds = weiss_arguments_get(command, arguments, "--rounds");
    int length = 0, known = 0;
    *steps = weiss_arguments_get(command, arguments, "--steps");
    b->rounds = rounds != NULL ? atoi(rounds) : 5;
    if (b->rounds < 2 || b->rounds > ROUNDS_MAX ||
        (rounds != NULL && strspn(rounds, "0123456789") != strlen(rounds)))
        return weiss_usage("weiss bench tuning", "--rounds needs a number from 2 to %d", ROUNDS_MAX);
    for (int v = 0; v < VARIANTS; v++)
        known += *steps != NULL && listed(*steps, variants[v].step);
    for (const char *c = *steps; c != NULL && *c != '\0'; c++)
        length += *c == ',';
    if (*steps != NULL && known != length + 1)
        return weiss_usage("weiss bench tuning", "--steps needs a list of pinning, hugepages and shmem");
    return WEISS_EXIT_DONE;
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    bench b = {0};
    const char *steps;
    char why[256];
    weiss_fault fault;
    int exit_code = usage(arguments, command, &b, &steps), code = 0;
    if (exit_code != WEISS_EXIT_DONE)
        return exit_code;
    weiss_fault_clear(&fault);
    code = get_ready(&b, &fault);
    if (code == 0)
        printf("%-11s %-16s %10s %10s %-5s %7s  %s\n", "step", "figure", "off", "on", "", "gain", "spread");
    for (int v = 0; code == 0 && v < VARIANTS; v++) {
        if (!listed(steps, variants[v].step))
            continue;
        if (hindered(&b, variants + v, why, sizeof why))
            printf("%-11s not measured: %s\n", variants[v].step, why);
        else
            code = measure(&b, variants + v, &fault);
    }
    if (code == 0 && steps == NULL)
        print_others();
    rmdir(b.directory);
    if (code == 0)
        return WEISS_EXIT_DONE;
    if (code == WEISS_STOPPED)
        return WEISS_EXIT_SIGNAL + b.asked;
    fprintf(stderr, "weiss: %s\n", fault.text);
    return WEISS_EXIT_ERROR;
}

const weiss_command weiss_command_bench_tuning = {
    .name = "tuning",
    .summary = "Measure what steps of tuning bring, each alone",
    .operands = "",
    .options = options,
    .text = "Two processes of this machine send messages through a region, off and on in turn: free or "
            "pinned to a "
            "processor\n"
            "each (pinning), the region in small pages or in reserved huge ones (hugepages) or in "
            "transparent huge ones\n"
            "(shmem). The gain is the median over the rounds of on against off, above 1 when on is better. "
            "Settings of this\n"
            "machine are not changed. A step that cannot be measured is named with the reason.\n"
            "\n"
            "Example:\n"
            "  weiss bench tuning --rounds 9\n",
    .run = run,
};
