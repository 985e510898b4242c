/* What runs in the guests of guest.py: opens the device and tells on standard output, in lines "RESULT ...", what works.
 * Two guests find each other through the region: guest R (0 or 1) publishes at page R where it can be rung. The host writes
 * at page 3 + R. */
#include "fabric/device/device.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define PATIENCE 200 /* s */
#define MOST 16 /* processes of `share` */

typedef struct mailbox {
    _Atomic uint32_t stage; /**< of the test; written last */
    uint32_t peer, vector;
} mailbox;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void give_up(const char *what)
{
    printf("RESULT failed: %s\n", what);
    exit(1);
}

static weiss_device *open_device(const char *name)
{
    weiss_fault fault = {0};
    weiss_device *device;
    if (weiss_device_open(name, 0, &device, &fault) != 0)
        give_up(fault.text);
    return device;
}

static uint32_t listen_on(weiss_device *device)
{
    weiss_fault fault = {0};
    int vector = weiss_device_listen(device, &fault);
    if (vector < 0)
        give_up(fault.text);
    return (uint32_t)vector;
}

static void *page(const weiss_device *device, int number)
{
    return (char *)weiss_device_memory(device) + (size_t)number * PAGE;
}

static bool readable(const weiss_device *device, int milliseconds)
{
    struct pollfd fd = {.fd = weiss_device_wait_fd(device), .events = POLLIN};
    return poll(&fd, 1, milliseconds) == 1 && (fd.revents & POLLIN);
}

static void publish(weiss_device *device, int role, uint32_t stage)
{
    mailbox *mine = page(device, role);
    mine->vector = listen_on(device);
    mine->peer = (uint32_t)weiss_device_peer(device);
    atomic_store(&mine->stage, stage);
}

static mailbox *await(const weiss_device *device, int role, uint32_t stage)
{
    mailbox *other = page(device, role);
    for (double end = now() + PATIENCE; atomic_load(&other->stage) != stage; usleep(1000))
        if (now() > end)
            give_up("the other guest has not published itself");
    return other;
}

/** open NAME */
static int tell(char **word)
{
    static const char *const how[] = {"file", "module", "vfio", "sysfs"};
    weiss_device *device = open_device(word[0]);
    weiss_device_speed speed;
    weiss_fault fault = {0};
    char text[1024];
    if (weiss_device_measure(device, 64 * PAGE, 1 << 19, &speed, &fault) != 0)
        give_up(fault.text);
    printf("RESULT open %s how=%s bytes=%zu peer=%d vectors=%d read=%.0f write=%.0f memory=%.0f slow=%d\n",
           weiss_device_name(device), how[weiss_device_how(device)], weiss_device_bytes(device),
           weiss_device_peer(device), weiss_device_vectors(device), speed.read, speed.write, speed.memory,
           weiss_device_slow(device, &speed, text, sizeof text));
    weiss_device_close(device);
    return 0;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/** pair ROLE STAGE ROUNDS NAME: guest 0 rings guest 1, which rings back, each asleep until it is rung. */
static int pair(char **word)
{
    int role = atoi(word[0]), rounds = atoi(word[2]);
    uint32_t stage = (uint32_t)atoi(word[1]);
    weiss_device *device = open_device(word[3]);
    _Atomic uint32_t *sequence = page(device, 2);
    double *time = calloc((size_t)rounds, sizeof *time);
    publish(device, role, stage);
    mailbox *other = await(device, 1 - role, stage);
    for (uint32_t i = 0; i < (uint32_t)rounds; i++) {
        double start = now();
        if (role == 0) {
            atomic_store(sequence, stage * 1000 + i);
            weiss_device_ring(device, other->peer, other->vector);
        }
        if (!readable(device, 20000))
            give_up("the ring did not come");
        weiss_device_drain(device);
        if (readable(device, 0))
            give_up("a ring that was taken back comes again");
        if (role == 1) {
            if (atomic_load(sequence) != stage * 1000 + i)
                give_up("the ring came before what was written ahead of it");
            weiss_device_ring(device, other->peer, other->vector);
        }
        time[i] = 1e6 * (now() - start);
    }
    qsort(time, (size_t)rounds, sizeof *time, compare);
    printf("RESULT pair rounds=%d median_us=%.1f\n", rounds, time[rounds / 2]);
    free(time);
    weiss_device_close(device);
    return 0;
}

/** ring ROLE STAGE NAME: rings the other guest, without interrupts of its own. */
static int ring(char **word)
{
    weiss_device *device = open_device(word[2]);
    mailbox *other = await(device, 1 - atoi(word[0]), (uint32_t)atoi(word[1]));
    weiss_device_ring(device, 0x10000, 0); /* out of range: nothing happens */
    weiss_device_ring(device, other->peer, 0xffff); /* a vector that nobody has */
    weiss_device_ring(device, other->peer, other->vector);
    printf("RESULT ring sent\n");
    weiss_device_close(device);
    return 0;
}

/** wait ROLE STAGE NAME */
static int wait_for_ring(char **word)
{
    weiss_device *device = open_device(word[2]);
    publish(device, atoi(word[0]), (uint32_t)atoi(word[1]));
    printf("RESULT wait %s\n", readable(device, PATIENCE * 1000) ? "rung" : "not rung");
    weiss_device_close(device);
    return 0;
}

/** hold ROLE NAME: keeps the region mapped and the processor busy while the host looks at the page tables. */
static int hold(char **word)
{
    weiss_device *device = open_device(word[1]);
    _Atomic uint32_t *host = page(device, 3 + atoi(word[0]));
    printf("RESULT hold %s\n", weiss_device_name(device));
    fflush(stdout);
    for (double end = now() + PATIENCE; atomic_load(host) == 0;)
        if (now() > end)
            give_up("the host does not answer");
    atomic_store(host, 0);
    weiss_device_close(device);
    return 0;
}

/** One process of `share`: claims a vector, says so, and says for every ring of the parent whether it woke. */
static void sharer(const char *name, int said, int asked, int vectors)
{
    weiss_device *device = open_device(name);
    char byte = (char)listen_on(device);
    if (write(said, &byte, 1) != 1)
        _exit(1);
    for (int i = 0; i < vectors; i++) {
        if (read(asked, &byte, 1) != 1)
            _exit(1);
        byte = readable(device, 0);
        weiss_device_drain(device);
        if (write(said, &byte, 1) != 1)
            _exit(1);
    }
    weiss_device_close(device);
    _exit(0);
}

/** share COUNT NAME: several processes of one guest share its vectors. Each ring wakes those that have it and no others. */
static int share(char **word)
{
    int count = atoi(word[0]), said[MOST][2], asked[MOST][2];
    char claimed[MOST], woken;
    weiss_device *device = open_device(word[1]);
    int vectors = weiss_device_vectors(device);
    for (int i = 0; i < count; i++) {
        if (pipe(said[i]) != 0 || pipe(asked[i]) != 0)
            give_up("no pipe");
        fflush(stdout);
        if (fork() == 0)
            sharer(word[1], said[i][1], asked[i][0], vectors);
        if (read(said[i][0], &claimed[i], 1) != 1)
            give_up("a process ended");
    }
    for (int v = 0; v < vectors; v++) {
        weiss_device_ring(device, (uint32_t)weiss_device_peer(device), (uint32_t)v);
        usleep(200000);
        for (int i = 0; i < count; i++) {
            if (write(asked[i][1], "", 1) != 1 || read(said[i][0], &woken, 1) != 1)
                give_up("a process ended");
            if (woken != (claimed[i] == v))
                give_up("a ring woke the wrong process, or not the right one");
        }
    }
    printf("RESULT share");
    for (int i = 0; i < count; i++)
        printf(" %d", claimed[i]);
    printf("\n");
    while (wait(NULL) > 0)
        ;
    weiss_device_close(device);
    return 0;
}

static sigjmp_buf fell;

static void fall(int number)
{
    siglongjmp(fell, number);
}

/** unbind FILE ADDRESS NAME: the driver goes while the region is mapped. FILE is the driver's `unbind`. */
static int unbind(char **word)
{
    weiss_device *device = open_device(word[2]);
    volatile char *memory = weiss_device_memory(device);
    int32_t events;
    listen_on(device);
    memory[0] = 1;
    pid_t child = fork(); /* has a copy of the mapping */
    FILE *file = child != 0 ? fopen(word[0], "w") : NULL;
    if (child != 0 && (file == NULL || fputs(word[1], file) < 0 || fclose(file) != 0))
        give_up("the driver cannot be unbound");
    if (child == 0)
        sleep(3);
    ssize_t got = read(weiss_device_wait_fd(device), &events, sizeof events);
    int reason = errno;
    signal(SIGBUS, fall);
    int number = sigsetjmp(fell, 1);
    if (number == 0)
        memory[0] = 2;
    if (child == 0)
        _exit(number);
    waitpid(child, &events, 0);
    printf("RESULT unbind read=%s signal=%d child=%d\n", got < 0 ? strerror(reason) : "went on", number,
           WEXITSTATUS(events));
    weiss_device_close(device);
    return 0;
}

/** refuse NAME: opening fails, and the message is told. */
static int refuse(char **word)
{
    weiss_fault fault = {0};
    weiss_device *device;
    int code = weiss_device_open(word[0], 0, &device, &fault);
    printf("RESULT refuse code=%d %s\n", code, fault.text);
    return 0;
}

/** twice NAME: a second process opens the device while this one has it. */
static int twice(char **word)
{
    weiss_device *device = open_device(word[0]);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        refuse(word);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    weiss_device_close(device);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int words;
        int (*run)(char **word);
    } commands[] = {
        {"open", 1, tell},          {"pair", 4, pair},     {"ring", 3, ring},
        {"wait", 3, wait_for_ring}, {"hold", 2, hold},     {"share", 2, share},
        {"unbind", 3, unbind},      {"refuse", 1, refuse}, {"twice", 1, twice},
    };
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0 && argc == commands[i].words + 2)
            return commands[i].run(argv + 2);
    fprintf(stderr, "probe: called wrongly\n");
    return 2;
}
