#include "weiss/child.h"

#include "base/text.h"
#include "weiss/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** Seconds that it gets to end after SIGTERM. */
#define GRACE 5.0
#define LINE_BYTES 1024
/** Lines that are quoted at most. */
#define QUOTED 20

/** What is needed while it runs. */
typedef struct attendance {
    weiss_child *child;
    pid_t pid;
    int out, err, signals; /**< file descriptors */
    char line[LINE_BYTES]; /**< of standard output, begun */
    size_t used;
    double heard; /**< when the last line of use came */
    double killing; /**< when its group is killed; 0: it has not been told to end */
} attendance;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void become(const char *const *words, FILE *input, pid_t parent, const sigset_t *watched,
                   const int out[2], const int err[2])
{
    int in = input != NULL ? fileno(input) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || in < 0 || (input != NULL && lseek(in, 0, SEEK_SET) != 0))
        _exit(WEISS_EXIT_ERROR);
    dup2(in, STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    sigprocmask(SIG_UNBLOCK, watched, NULL);
    execv(words[0], (char *const *)words);
    dprintf(STDERR_FILENO, "%s cannot be started: %s\n", words[0], strerror(errno));
    _exit(127);
}

/** Keeps the end of what was said. */
static void keep(weiss_child *child, const char *text, size_t length)
{
    size_t used = strlen(child->last), room = sizeof child->last - 1;
    if (length > room) {
        text += length - room;
        length = room;
    }
    if (used + length > room) {
        size_t drop = used + length - room;
        memmove(child->last, child->last + drop, used - drop + 1);
        used -= drop;
    }
    memcpy(child->last + used, text, length);
    child->last[used + length] = '\0';
}

static void take_line(attendance *a)
{
    a->line[a->used] = '\0';
    if (a->child->line(a->child->self, a->line)) {
        a->heard = now();
    } else {
        a->line[a->used] = '\n';
        keep(a->child, a->line, a->used + 1);
    }
    a->used = 0;
}

/** Reads what is there. @return false at the end of the pipe */
static bool hear(attendance *a, int fd)
{
    char text[4096];
    ssize_t got = read(fd, text, sizeof text);
    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    for (ssize_t i = 0; fd == a->out && i < got; i++) {
        if (text[i] == '\n' || a->used == sizeof a->line - 1)
            take_line(a);
        if (text[i] != '\n')
            a->line[a->used++] = text[i];
    }
    for (ssize_t i = 0; i < got; i++) /* a NUL would hide the rest */
        text[i] = text[i] == '\0' ? ' ' : text[i];
    if (fd == a->err)
        keep(a->child, text, (size_t)got);
    return true;
}

static void end(attendance *a)
{
    if (a->killing == 0.0) {
        kill(a->pid, SIGTERM);
        a->killing = now() + GRACE;
    }
}

static void take_signal(attendance *a, int number)
{
    if (number == SIGCHLD) /* only wakes */
        return;
    a->child->asked = number;
    end(a);
}

static void look_at_clock(attendance *a)
{
    double t = now();
    if (a->killing == 0.0 && t - a->heard > a->child->patience) {
        a->child->silent = true;
        end(a);
    } else if (a->killing > 0.0 && t > a->killing) {
        kill(-a->pid, SIGKILL);
    }
}

/** Waits for the end of the program, and then takes what is left in the pipes. @return its wait status */
static int attend(attendance *a)
{
    struct pollfd wanted[3] = {{.fd = a->out, .events = POLLIN},
                               {.fd = a->err, .events = POLLIN},
                               {.fd = a->signals, .events = POLLIN}};
    struct signalfd_siginfo signal_info;
    int status = 0;
    bool ended = false;
    while (!ended) {
        ended = waitpid(a->pid, &status, WNOHANG) == a->pid;
        poll(wanted, 3, ended ? 0 : 100);
        for (int k = 0; k < 2; k++)
            if (wanted[k].revents != 0 && !hear(a, wanted[k].fd))
                wanted[k].fd = -1;
        if (wanted[2].revents != 0 &&
            read(a->signals, &signal_info, sizeof signal_info) == sizeof signal_info)
            take_signal(a, (int)signal_info.ssi_signo);
        look_at_clock(a);
    }
    for (int k = 0; k < 2; k++)
        for (int most = 0; most < 64 && wanted[k].fd >= 0 && poll(&wanted[k], 1, 0) > 0; most++)
            if (!hear(a, wanted[k].fd))
                wanted[k].fd = -1;
    if (a->used > 0)
        take_line(a);
    return status;
}

/** A pipe whose reading end does not block. */
static bool open_pipe(int end[2])
{
    return pipe2(end, O_CLOEXEC) == 0 && fcntl(end[0], F_SETFL, O_NONBLOCK) == 0;
}

int weiss_child_run(weiss_child *child, const char *const *words, weiss_fault *fault)
{
    sigset_t watched, before;
    int out[2] = {-1, -1}, err[2] = {-1, -1}, code = 0, status = 0;
    pid_t parent = getpid();
    attendance a = {.child = child, .heard = now()};
    child->status = child->asked = 0;
    child->silent = false;
    child->last[0] = '\0';
    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGHUP);
    sigaddset(&watched, SIGCHLD);
    sigprocmask(SIG_BLOCK, &watched, &before);
    a.signals = signalfd(-1, &watched, SFD_CLOEXEC);
    bool good = a.signals >= 0 && open_pipe(out) && open_pipe(err);
    fflush(NULL);
    a.pid = good ? fork() : -1;
    if (a.pid == 0)
        become(words, child->input, parent, &watched, out, err);
    if (a.pid < 0) {
        code =
            weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s cannot be started: %s", words[0], strerror(errno));
    } else {
        a.out = out[0];
        a.err = err[0];
        close(out[1]);
        close(err[1]);
        out[1] = err[1] = -1;
        status = attend(&a);
    }
    const int fds[] = {a.signals, out[0], out[1], err[0], err[1]};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    sigprocmask(SIG_SETMASK, &before, NULL);
    child->status = WIFEXITED(status) ? WEXITSTATUS(status) : WEISS_EXIT_SIGNAL + WTERMSIG(status);
    return code;
}

void weiss_child_quote(const weiss_child *child)
{
    char shown[WEISS_TEXT_SHOWN];
    const char *line = child->last + strlen(child->last);
    for (int lines = 0; line > child->last && lines <= QUOTED; line--)
        lines += line[-1] == '\n';
    while (*line == '\n')
        line++;
    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        size_t plain = strspn(line, "-= \t");
        for (size_t at = 0; plain < length && at < length; at += 80) {
            char piece[81];
            snprintf(piece, sizeof piece, "%.*s", (int)(length - at < 80 ? length - at : 80), line + at);
            fprintf(stderr, "  | %s\n", weiss_text_show(piece, shown));
        }
        line += length + (line[length] == '\n');
    }
}
