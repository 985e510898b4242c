/* weiss-fabric-bench-raw: the tests of weiss-fabric-bench that need no MPI, done by the fabric's library alone.
 *
 *     weiss-fabric-bench-raw --region PATH [--peer COMMAND] [the options of weiss-fabric-bench]
 *
 * COMMAND starts the same program where the other end is, "ssh vm2 /opt/weiss-fabric-bench-raw" say; without it, the other end
 * is a process of this machine. The two tell each other their addresses through its standard input and output. */
#include "fabric/bench/raw.h"
#include "weiss/fabric.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct session {
    weiss_raw raw;
    weiss_bench_plan plan;
    weiss_bench_effort effort;
    double wait;
    const char *region, *peer; /**< borrowed; peer NULL: this program */
    pid_t child; /**< of rank 0: the other end; 0: none */
    FILE *from, *to; /**< the other end */
    unsigned char *out, *in;
    weiss_fabric *fabric; /**< for the one-sided tests; NULL without them */
    weiss_window *window; /**< of process 1 */
} session;

#define WINDOW_PATIENCE_MS 10000

static bool prepare(session *s, size_t bytes)
{
    double nothing;
    weiss_bench_fill(s->out, bytes, s->raw.rank);
    memset(s->in, 0, bytes);
    s->raw.expected = bytes;
    s->raw.messages = 0;
    return weiss_raw_tell(&s->raw, 0.0) && weiss_raw_hear(&s->raw, &nothing);
}

static bool ping_pong(session *s, size_t bytes, uint64_t count)
{
    bool good = true;
    for (uint64_t i = 1; good && i <= count; i++)
        good = s->raw.rank == 0 ? weiss_raw_send(&s->raw, s->out, bytes) && weiss_raw_await(&s->raw, i)
                                : weiss_raw_await(&s->raw, i) && weiss_raw_send(&s->raw, s->out, bytes);
    return good;
}

static bool windows(session *s, size_t bytes, uint64_t count, bool both)
{
    bool good = true;
    double acknowledged;
    for (uint64_t i = 1; good && i <= count; i++) {
        for (int k = 0; good && k < WEISS_BENCH_WINDOW && (both || s->raw.rank == 0); k++)
            good = weiss_raw_send(&s->raw, s->out, bytes);
        if (good && (both || s->raw.rank == 1))
            good = weiss_raw_await(&s->raw, i * WEISS_BENCH_WINDOW);
        if (good && !both)
            good = s->raw.rank == 1 ? weiss_raw_tell(&s->raw, 0.0) : weiss_raw_hear(&s->raw, &acknowledged);
    }
    return good;
}

static bool onesided(session *s, size_t bytes, long iterations, bool put, weiss_bench_time *time)
{
    unsigned char *there = weiss_window_memory(s->window);
    double nothing;
    int code = 0;
    if (s->raw.rank == 1 && put)
        memset(there, 0, bytes);
    else if (s->raw.rank == 1)
        weiss_bench_fill(there, bytes, 1);
    bool good = weiss_raw_tell(&s->raw, 0.0) && weiss_raw_hear(&s->raw, &nothing);
    weiss_bench_time begin = weiss_bench_now();
    for (long i = 0; good && code == 0 && s->raw.rank == 0 && i < iterations; i++) {
        code = weiss_lock(s->window, WEISS_LOCK_SHARED, WINDOW_PATIENCE_MS);
        if (code == 0)
            code = put ? weiss_put(s->window, 0, s->out, bytes) : weiss_get(s->window, 0, s->in, bytes);
        if (code == 0)
            code = weiss_unlock(s->window);
    }
    if (code != 0)
        weiss_fault_set(&s->raw.fault, WEISS_ERR_PEER, "%s", weiss_fabric_error(s->fabric));
    if (good && code == 0)
        good = s->raw.rank == 0 ? weiss_raw_tell(&s->raw, 0.0) : weiss_raw_hear(&s->raw, &nothing);
    *time = weiss_bench_since(begin);
    return good && code == 0;
}

static bool wake(session *s, size_t bytes, weiss_bench_time *time)
{
    struct timespec left = {.tv_sec = (time_t)s->wait, .tv_nsec = (long)(1e9 * (s->wait - (time_t)s->wait))};
    if (s->raw.rank == 0)
        nanosleep(&left, NULL);
    weiss_bench_time begin = weiss_bench_now();
    bool good = ping_pong(s, bytes, 1);
    *time = weiss_bench_since(begin);
    return good;
}

/** What arrived where it should. */
static bool arrived(const session *s, weiss_bench_test test, size_t bytes)
{
    int other = 1 - s->raw.rank;
    switch (test) {
    case WEISS_BENCH_PUT:
        return s->raw.rank == 0 || weiss_bench_check(weiss_window_memory(s->window), bytes, other);
    case WEISS_BENCH_GET:
        return s->raw.rank == 1 || weiss_bench_check(s->in, bytes, other);
    case WEISS_BENCH_BANDWIDTH:
    case WEISS_BENCH_RATE:
        return s->raw.rank == 0 || weiss_bench_check(s->in, bytes, other);
    default:
        return weiss_bench_check(s->in, bytes, other);
    }
}

static bool run(session *s, weiss_bench_test test, size_t bytes, long iterations, weiss_bench_time *time)
{
    bool good;
    if (test == WEISS_BENCH_WAIT)
        return wake(s, bytes, time);
    if (test == WEISS_BENCH_PUT || test == WEISS_BENCH_GET)
        return onesided(s, bytes, iterations, test == WEISS_BENCH_PUT, time);
    weiss_bench_time begin = weiss_bench_now();
    if (test == WEISS_BENCH_LATENCY)
        good = ping_pong(s, bytes, (uint64_t)iterations);
    else
        good = windows(s, bytes, (uint64_t)iterations, test == WEISS_BENCH_BIBANDWIDTH);
    *time = weiss_bench_since(begin);
    return good;
}

/** A failure of the library ends the program; wrong bytes are told to the caller. */
static bool sample(void *self, weiss_bench_test test, size_t bytes, long iterations, weiss_bench_time *time)
{
    session *s = self;
    if (!prepare(s, bytes) || !run(s, test, bytes, iterations, time)) {
        fprintf(stderr, "weiss-fabric-bench-raw: process %d: %s\n", s->raw.rank, s->raw.fault.text);
        _exit(1);
    }
    return arrived(s, test, bytes);
}

static void agree(void *self, long *value)
{
    session *s = self;
    double told = (double)*value;
    if (s->raw.rank == 0)
        weiss_raw_tell(&s->raw, told);
    else if (weiss_raw_hear(&s->raw, &told))
        *value = (long)told;
}

static double of_waiter(void *self, double value)
{
    session *s = self;
    if (s->raw.rank == 1)
        weiss_raw_tell(&s->raw, value);
    else
        weiss_raw_hear(&s->raw, &value);
    return value;
}

/** Takes --region, --peer and --join out of the words. @return how many are left */
static int take_options(session *s, int argc, char **argv)
{
    int left = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--join") == 0)
            s->raw.rank = 1;
        else if (strcmp(argv[i], "--region") == 0 && i + 1 < argc)
            s->region = argv[++i];
        else if (strcmp(argv[i], "--peer") == 0 && i + 1 < argc)
            s->peer = argv[++i];
        else
            argv[left++] = argv[i];
    }
    argv[left] = NULL;
    return left;
}

/** The tests that this program has: without MPI there is nothing collective. */
static void restrict_plan(weiss_bench_plan *plan)
{
    for (int t = 0; t < WEISS_BENCH_TESTS; t++)
        plan->test[t] = plan->test[t] && weiss_bench_table[t].raw;
}

/** The shell command that starts the other end, each of our words in quotes. Free with free(). */
static char *peer_command(const session *s, int argc, char **argv)
{
    char *text = NULL, self[4096];
    size_t size = 0;
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    FILE *to = open_memstream(&text, &size);
    if (to == NULL || length < 0)
        return NULL;
    self[length] = '\0';
    if (s->peer != NULL)
        fputs(s->peer, to);
    else
        fprintf(to, "'%s'", self);
    fprintf(to, " --join --region '%s'", s->region);
    for (int i = 1; i < argc; i++)
        fprintf(to, " '%s'", argv[i]);
    fclose(to);
    return text;
}

static bool start_peer(session *s, const char *command)
{
    int there[2], back[2];
    if (pipe(there) != 0 || pipe(back) != 0)
        return false;
    s->child = fork();
    if (s->child == 0) {
        dup2(there[0], STDIN_FILENO);
        dup2(back[1], STDOUT_FILENO);
        close(there[0]);
        close(there[1]);
        close(back[0]);
        close(back[1]);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(there[0]);
    close(back[1]);
    s->to = fdopen(there[1], "w");
    s->from = fdopen(back[0], "r");
    return s->child > 0 && s->to != NULL && s->from != NULL;
}

/** Exchanges addresses, a line of hexadecimal digits each. The key in them does not go through the region. */
static bool exchange(session *s)
{
    weiss_address mine = weiss_member_address(&s->raw.member), theirs;
    unsigned char bytes[sizeof theirs];
    memcpy(bytes, &mine, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        fprintf(s->to, "%02x", bytes[i]);
    fputc('\n', s->to);
    fflush(s->to);
    for (size_t i = 0; i < sizeof bytes; i++)
        if (fscanf(s->from, "%2hhx", &bytes[i]) != 1)
            return false;
    if (fgetc(s->from) != '\n')
        return false;
    memcpy(&theirs, bytes, sizeof theirs);
    return weiss_raw_connect(&s->raw, &theirs, fileno(s->from)) == 0;
}

/** Process 1 makes a window, whose number it tells process 0. */
static int open_window(session *s, size_t bytes)
{
    weiss_fault *fault = &s->raw.fault;
    char why[512] = "";
    double id = (double)s->raw.member.generation * WEISS_SLOTS_MAX + s->raw.member.slot + 1;
    int code = weiss_fabric_join(s->region, 0, "weiss bench fabric", &s->fabric, why, sizeof why);
    if (code != 0)
        return weiss_fault_set(fault, code, "%s", why);
    if (s->raw.rank == 1)
        code = weiss_window_make(s->fabric, (uint64_t)id, bytes, &s->window);
    if (code == 0 && !(s->raw.rank == 1 ? weiss_raw_tell(&s->raw, id) : weiss_raw_hear(&s->raw, &id)))
        return fault->code;
    if (s->raw.rank == 0)
        code = weiss_window_find(s->fabric, (uint64_t)id, WINDOW_PATIENCE_MS, &s->window);
    return code == 0 ? 0 : weiss_fault_set(fault, code, "no window: %s", weiss_fabric_error(s->fabric));
}

static int open_session(session *s, int argc, char **argv)
{
    weiss_fault *fault = &s->raw.fault;
    size_t largest = s->plan.size[s->plan.nsizes - 1];
    size_t bytes = largest < 4096 ? 4096 : largest;
    int code = weiss_raw_open(&s->raw, s->region);
    if (code != 0)
        return code;
    if (posix_memalign((void **)&s->out, 4096, bytes) != 0 ||
        posix_memalign((void **)&s->in, 4096, bytes) != 0)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "no memory for the messages");
    s->raw.in = s->in;
    s->from = stdin;
    s->to = stdout;
    if (s->raw.rank == 0) {
        char *command = peer_command(s, argc, argv);
        bool good = command != NULL && start_peer(s, command);
        free(command);
        if (!good)
            return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the other process cannot be started");
    }
    if (!exchange(s))
        return weiss_fault_set(fault, WEISS_ERR_PEER, "the other process told no address");
    return s->plan.test[WEISS_BENCH_PUT] || s->plan.test[WEISS_BENCH_GET] ? open_window(s, bytes) : 0;
}

/** @return 0 when the other end has ended well too */
static int close_session(session *s)
{
    int status = 0;
    weiss_fabric_leave(s->fabric);
    weiss_raw_close(&s->raw);
    if (s->child > 0) {
        fclose(s->to);
        fclose(s->from);
        waitpid(s->child, &status, 0);
    }
    free(s->out);
    free(s->in);
    return status;
}

int main(int argc, char **argv)
{
    session s = {.wait = 0.5};
    weiss_fault *fault = &s.raw.fault;
    int left = take_options(&s, argc, argv);
    int code = weiss_bench_options(left, argv, &s.plan, &s.effort, &s.wait, fault);
    if (code == 0 && s.region == NULL)
        code = weiss_fault_set(fault, WEISS_ERR_USAGE, "expected --region with the path of a file, or auto");
    if (code != 0) {
        fprintf(stderr, "weiss-fabric-bench-raw: %s\n", fault->text);
        return 2;
    }
    restrict_plan(&s.plan);
    const weiss_bench_carrier carrier = {
        .rank = s.raw.rank, .self = &s, .sample = sample, .agree = agree, .of_waiter = of_waiter};
    code = open_session(&s, left, argv);
    if (code == 0)
        code = weiss_bench_run(&carrier, &s.plan, &s.effort, fault);
    if (code != 0)
        fprintf(stderr, "weiss-fabric-bench-raw: process %d: %s\n", s.raw.rank, fault->text);
    int status = close_session(&s);
    return code != 0 || status != 0;
}
