/* weiss-plan-replay LAPS SECONDS: sends the messages of a step for real, under several placements in turn, and times them.
 * Rank i of the job stands on slot i of the topology. Rank 0 reads from standard input
 *
 *     ranks N                             of the program whose traffic it is
 *     flow FROM TO MESSAGES BYTES         as many as there are
 *     placement SLOT SLOT ...             the slot of each of the N ranks; one line for each placement
 *
 * and prints `PLACEMENT,LAP,STEPS,SECONDS`: how long a step took under a placement (counted from 0), the mean of STEPS steps
 * that followed each other, of the rank that took longest. In each lap all placements have their turn.
 *
 * A step is made of rounds: in round k the k-th message of every flow is on its way; a rank goes on to the next round when all
 * that it sends and receives in this one is done. So messages to several ranks overlap, those to one follow each other, and a
 * rank waits for nobody else. */
#include "plan/measure/await.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX (256 << 20)
#define STEPS_MAX 100000
#define TAG 0

/** What this process exchanges with one other under a placement. */
typedef struct channel {
    int slot; /**< of the other */
    int messages, bytes; /**< bytes of one message */
    char *buffer; /**< of this channel alone when it receives */
} channel;

typedef struct flow {
    int from, to, messages, bytes;
} flow;

typedef struct replay {
    int rank, size; /**< of the job */
    int nranks, nflows, nplacements; /**< of the input */
    flow *flow;
    int *slot; /**< nplacements x nranks */
    channel *channel; /**< nflows: those that receive first */
    int nreceive, nchannels, rounds;
    MPI_Request *request; /**< nflows */
    char *buffer; /**< as long as all messages of a round together */
    char *text; /**< the input */
} replay;

static char *read_input(int *length)
{
    int room = 1 << 16, used = 0;
    char *text = malloc((size_t)room);
    while (text != NULL && used < INPUT_MAX) {
        ssize_t got = read(STDIN_FILENO, text + used, (size_t)(room - used - 1));
        if (got <= 0)
            break;
        used += (int)got;
        if (used == room - 1) {
            char *larger = realloc(text, 2 * (size_t)room);
            if (larger == NULL)
                break;
            room *= 2;
            text = larger;
        }
    }
    *length = used;
    return text;
}

/** Gives the input to all ranks. */
static bool share_input(replay *r)
{
    int length = 0;
    if (r->rank == 0)
        r->text = read_input(&length);
    MPI_Bcast(&length, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (r->rank != 0)
        r->text = malloc((size_t)length + 1);
    if (r->text == NULL)
        return false;
    MPI_Bcast(r->text, length, MPI_CHAR, 0, MPI_COMM_WORLD);
    r->text[length] = '\0';
    return true;
}

static int count_lines(const char *text, const char *word)
{
    int n = strncmp(text, word, strlen(word)) == 0;
    for (const char *c = strchr(text, '\n'); c != NULL; c = strchr(c + 1, '\n'))
        n += strncmp(c + 1, word, strlen(word)) == 0;
    return n;
}

static bool read_flow(replay *r, const char *line)
{
    flow *f = &r->flow[r->nflows++];
    double bytes;
    if (sscanf(line, "flow %d %d %d %lf", &f->from, &f->to, &f->messages, &bytes) != 4 || f->from < 0 ||
        f->from >= r->nranks || f->to < 0 || f->to >= r->nranks || f->from == f->to || f->messages < 1 ||
        !(bytes >= 0.0) || bytes / f->messages > 1e9)
        return false;
    f->bytes = (int)(bytes / f->messages + 0.5);
    return true;
}

static bool read_placement(replay *r, char *line)
{
    int *slot = r->slot + (size_t)r->nplacements++ * (size_t)r->nranks;
    char *rest = line + strlen("placement"), *end;
    for (int i = 0; i < r->nranks; i++, rest = end) {
        slot[i] = (int)strtol(rest, &end, 10);
        if (end == rest || slot[i] < 0 || slot[i] >= r->size)
            return false;
    }
    return true;
}

static bool read_lines(replay *r)
{
    char *rest = r->text, *line;
    size_t nflows = (size_t)count_lines(r->text, "flow"),
           nplacements = (size_t)count_lines(r->text, "placement");
    if (sscanf(r->text, "ranks %d", &r->nranks) != 1 || r->nranks < 1 || r->nranks > r->size)
        return false;
    r->flow = calloc(nflows + 1, sizeof *r->flow);
    r->slot = calloc(nplacements * (size_t)r->nranks + 1, sizeof *r->slot);
    r->channel = calloc(nflows + 1, sizeof *r->channel);
    r->request = calloc(nflows + 1, sizeof(MPI_Request));
    if (r->flow == NULL || r->slot == NULL || r->channel == NULL || r->request == NULL)
        return false;
    strsep(&rest, "\n");
    while ((line = strsep(&rest, "\n")) != NULL) {
        bool good = strncmp(line, "flow ", 5) == 0         ? read_flow(r, line)
                    : strncmp(line, "placement ", 10) == 0 ? read_placement(r, line)
                                                           : line[0] == '\0';
        if (!good)
            return false;
    }
    return true;
}

/** Appends the channels of one direction: flows that go to this process, or that come from it. @return bytes of a round */
static size_t add_channels(replay *r, const int *slot, bool receive)
{
    size_t bytes = 0;
    for (int i = 0; i < r->nflows; i++) {
        const flow *f = &r->flow[i];
        if (slot[receive ? f->to : f->from] != r->rank)
            continue;
        r->channel[r->nchannels++] =
            (channel){.slot = slot[receive ? f->from : f->to], .messages = f->messages, .bytes = f->bytes};
        r->rounds = f->messages > r->rounds ? f->messages : r->rounds;
        bytes += (size_t)f->bytes;
    }
    return bytes;
}

/** The channels of this process under a placement. @return false without memory */
static bool take_place(replay *r, int placement)
{
    const int *slot = r->slot + (size_t)placement * (size_t)r->nranks;
    r->nchannels = r->rounds = 0;
    size_t bytes = add_channels(r, slot, true);
    r->nreceive = r->nchannels;
    bytes += add_channels(r, slot, false);
    char *buffer = realloc(r->buffer, bytes + 1);
    if (buffer == NULL)
        return false;
    memset(buffer, 0, bytes + 1);
    r->buffer = buffer;
    for (int i = 0; i < r->nchannels; buffer += r->channel[i++].bytes)
        r->channel[i].buffer = buffer;
    return true;
}

static void step(replay *r)
{
    for (int round = 0; round < r->rounds; round++) {
        int n = 0;
        for (int i = 0; i < r->nchannels; i++) {
            const channel *c = &r->channel[i];
            if (c->messages <= round)
                continue;
            if (i < r->nreceive)
                MPI_Irecv(c->buffer, c->bytes, MPI_BYTE, c->slot, TAG, MPI_COMM_WORLD, &r->request[n++]);
            else
                MPI_Isend(c->buffer, c->bytes, MPI_BYTE, c->slot, TAG, MPI_COMM_WORLD, &r->request[n++]);
        }
        weiss_await_all(n, r->request);
    }
}

/** Time of a step, the mean of some, of the slowest rank, s. Collective; on all ranks. */
static double time_steps(replay *r, int steps)
{
    double mine, all = 0.0;
    MPI_Request request;
    weiss_await_meet();
    double begin = MPI_Wtime();
    for (int i = 0; i < steps; i++)
        step(r);
    mine = (MPI_Wtime() - begin) / steps;
    MPI_Iallreduce(&mine, &all, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD, &request);
    weiss_await_all(1, &request);
    return all;
}

/** In the first lap of a placement one step opens the connections and a second says how many fill @p seconds. */
static bool run_lap(replay *r, int lap, double seconds, int *steps)
{
    for (int p = 0; p < r->nplacements; p++) {
        if (!take_place(r, p))
            return false;
        if (lap == 0) {
            time_steps(r, 1);
            double one = time_steps(r, 1);
            steps[p] = one * STEPS_MAX < seconds ? STEPS_MAX : 1 + (int)(seconds / one);
        }
        double time = time_steps(r, steps[p]);
        if (r->rank == 0)
            printf("%d,%d,%d,%.9g\n", p, lap, steps[p], time);
        fflush(stdout);
    }
    return true;
}

static int fail(const replay *r, const char *what)
{
    if (r->rank == 0)
        fprintf(stderr, "weiss-plan-replay: %s\n", what);
    return 1;
}

static int run(replay *r, int laps, double seconds)
{
    if (!share_input(r))
        return fail(r, "out of memory");
    if (!read_lines(r))
        return fail(r,
                    "expected lines ranks, flow and placement that fit each other and the number of ranks");
    int *steps = calloc((size_t)r->nplacements + 1, sizeof *steps);
    bool good = steps != NULL;
    for (int lap = 0; lap < laps && good; lap++)
        good = run_lap(r, lap, seconds, steps);
    free(steps);
    if (!good) /* this rank alone */
        MPI_Abort(MPI_COMM_WORLD, fail(&(replay){0}, "out of memory"));
    return 0;
}

int main(int argc, char **argv)
{
    replay r = {0};
    int laps;
    double seconds;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &r.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &r.size);
    weiss_await_prepare();
    int code = argc == 3 && sscanf(argv[1], "%d", &laps) == 1 && sscanf(argv[2], "%lf", &seconds) == 1
                   ? run(&r, laps, seconds)
                   : fail(&r, "expected LAPS SECONDS");
    free(r.flow);
    free(r.slot);
    free(r.channel);
    free(r.request);
    free(r.buffer);
    free(r.text);
    MPI_Finalize();
    return code;
}
