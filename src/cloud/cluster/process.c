#include "cloud/cluster/process.h"

#include "cloud/files.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

/** Milliseconds that a process gets to end after SIGTERM, and after SIGKILL. */
#define GRACE 3000
#define DEATH 10000

unsigned long long weiss_cluster_start_of(pid_t pid)
{
    char path[64], text[2048], state;
    unsigned long long start = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (pid <= 0 || weiss_read_text(path, text, sizeof text) <= 0)
        return 0;
    const char *rest = strrchr(text, ')'); /* its name may hold anything */
    if (rest == NULL ||
        sscanf(rest, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &state, &start) != 2 ||
        state == 'Z')
        return 0;
    return start;
}

void weiss_cluster_boot(char *text, size_t size)
{
    weiss_read_text("/proc/sys/kernel/random/boot_id", text, size);
    text[strcspn(text, "\n")] = '\0';
}

/** Sends a signal and waits for the end. */
static bool end_by(int fd, int signal_number, int milliseconds)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};
    if (pidfd_send_signal(fd, signal_number, NULL, 0) != 0)
        return errno == ESRCH;
    return poll(&event, 1, milliseconds) == 1;
}

bool weiss_cluster_end(pid_t pid, unsigned long long start)
{
    int fd = pidfd_open(pid, 0);
    if (fd < 0)
        return errno == ESRCH;
    /* The descriptor stays with one process: its start is looked at after it was opened. */
    bool done =
        weiss_cluster_start_of(pid) != start || end_by(fd, SIGTERM, GRACE) || end_by(fd, SIGKILL, DEATH);
    close(fd);
    return done;
}
