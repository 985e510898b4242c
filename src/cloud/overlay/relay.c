/* The delay of a wire: a process that reads frames from one TAP and writes them to the other a while later. */
#include "cloud/overlay/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/** Frames on the way in each direction. When it is full the sender has to wait, as on a full network card. */
#define ROOM 4096
/** Largest frame. */
#define FRAME 65600
/** Descriptors from here on are the relay's own. */
#define KEPT 200

typedef struct frame {
    int64_t due; /**< ns */
    char *bytes; /**< owned */
    size_t length;
} frame;

/** One direction: a ring of frames in the order of their arrival. */
typedef struct direction {
    int from, to;
    unsigned head, tail; /**< counts of frames put in and taken out */
    frame ring[ROOM];
} direction;

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/** Takes in what has arrived. @return false when the TAP is gone */
static bool take_in(direction *d, int64_t delay)
{
    static char bytes[FRAME];
    while (d->head - d->tail < ROOM) {
        ssize_t length = read(d->from, bytes, sizeof bytes);
        if (length < 0)
            return errno == EAGAIN || errno == EINTR;
        frame *f = &d->ring[d->head % ROOM];
        f->bytes = malloc((size_t)length);
        if (f->bytes == NULL)
            return true; /* a lost frame, as networks lose some */
        memcpy(f->bytes, bytes, (size_t)length);
        f->length = (size_t)length;
        f->due = now() + delay;
        d->head++;
    }
    return true;
}

/** Lets go what is due. @return when the next one is; INT64_MAX: none is on the way */
static int64_t let_go(direction *d)
{
    while (d->tail != d->head) {
        frame *f = &d->ring[d->tail % ROOM];
        if (f->due > now())
            return f->due;
        if (write(d->to, f->bytes, f->length) < 0 && errno == EINTR)
            continue;
        free(f->bytes);
        d->tail++;
    }
    return INT64_MAX;
}

/** Carries frames until a TAP is gone. */
static void carry(direction *d[2], int64_t delay)
{
    for (;;) {
        int64_t next = INT64_MAX;
        struct pollfd events[2];
        for (int i = 0; i < 2; i++) {
            int64_t due = let_go(d[i]);
            next = due < next ? due : next;
            events[i] =
                (struct pollfd){.fd = d[i]->head - d[i]->tail < ROOM ? d[i]->from : -1, .events = POLLIN};
        }
        int64_t wait = next == INT64_MAX ? 0 : next - now();
        wait = wait > 0 ? wait : 0;
        const struct timespec time = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
        if (ppoll(events, 2, next == INT64_MAX ? NULL : &time, NULL) < 0 && errno != EINTR)
            return;
        for (int i = 0; i < 2; i++)
            if (!take_in(d[i], delay))
                return;
    }
}

/** In the child: leaves everything of the caller but the TAPs, and carries between them. Never returns. */
static void become(const int ends[2], int64_t delay, direction *d[2], bool outlives, pid_t parent)
{
    int null = open("/dev/null", O_RDWR);
    setpgid(0, 0);
    if (!outlives)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_TIMERSLACK, 1UL);
    prctl(PR_SET_NAME, "weiss-relay");
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    for (int i = 0; i < 2; i++)
        d[i]->from = d[1 - i]->to = fcntl(ends[i], F_DUPFD, KEPT);
    close_range(3, KEPT - 1, 0);
    if (getppid() == parent)
        carry(d, delay);
    _exit(1);
}

int weiss_wire_relay(const int ends[2], int64_t delay, bool outlives, pid_t *pid, weiss_fault *fault)
{
    direction *d[2] = {calloc(1, sizeof(direction)), calloc(1, sizeof(direction))};
    if (d[0] == NULL || d[1] == NULL) {
        free(d[0]);
        free(d[1]);
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    }
    pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0)
        become(ends, delay, d, outlives, parent);
    int error = errno;
    free(d[0]);
    free(d[1]);
    if (*pid > 0)
        return 0;
    *pid = 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "a process cannot be started: %s", strerror(error));
}
