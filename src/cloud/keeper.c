#include "cloud/keeper.h"

#include "cloud/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/** Groups that one lab can have: machines, their hub, the server of regions, the command. */
#define GROUPS 32

/** Waits until a group is gone, for some seconds. */
static void see_off(pid_t group)
{
    for (int i = 0; i < 500 && kill(-group, 0) == 0; i++)
        usleep(10000);
}

/** What dismisses the keeper: the number of no group. */
#define DISMISSAL 0

/** Reads numbers of groups, negative to forget one, until the other side is gone; then cleans up. */
static void keep(int line, char *const *words, const weiss_keeper_duty *duty)
{
    pid_t groups[GROUPS] = {0}, told;
    ssize_t length;
    while ((length = read(line, &told, sizeof told)) == sizeof told || (length < 0 && errno == EINTR)) {
        if (length > 0 && told == DISMISSAL)
            return;
        for (int i = 0; length > 0 && i < GROUPS; i++) {
            if (groups[i] == (told > 0 ? 0 : -told)) {
                groups[i] = told > 0 ? told : 0;
                break;
            }
        }
    }
    for (int i = 0; i < GROUPS; i++)
        if (groups[i] > 0)
            kill(-groups[i], SIGKILL);
    for (int i = 0; i < GROUPS; i++)
        if (groups[i] > 0)
            see_off(groups[i]);
    if (duty != NULL)
        duty->run(duty->data);
    for (int i = 0; words[i] != NULL; i++)
        weiss_remove_tree(words[i]);
}

/** Leaves everything of the caller but its socket and the descriptor to hold. */
static void detach(int line, int hold)
{
    sigset_t all;
    int null = open("/dev/null", O_RDWR);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    setsid();
    prctl(PR_SET_NAME, "weiss-keeper");
    prctl(PR_SET_PDEATHSIG, 0);
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    int kept[2] = {fcntl(line, F_DUPFD, 5), hold >= 0 ? fcntl(hold, F_DUPFD, 5) : -1};
    dup2(kept[0], 3);
    if (kept[1] >= 0)
        dup2(kept[1], 4);
    close_range(kept[1] >= 0 ? 5 : 4, ~0U, 0);
    if (chdir("/") != 0)
        return;
}

int weiss_keeper_start(char *const *words, int hold, const weiss_keeper_duty *duty, weiss_keeper *keeper,
                       weiss_fault *fault)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "no pair of sockets: %s", strerror(errno));
    keeper->pid = fork();
    if (keeper->pid == 0) {
        detach(ends[0], hold);
        keep(3, words, duty);
        _exit(0);
    }
    close(ends[0]);
    keeper->line = ends[1];
    if (keeper->pid > 0)
        return 0;
    close(ends[1]);
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "a process cannot be started: %s", strerror(errno));
}

static void tell(const weiss_keeper *keeper, pid_t number)
{
    while (send(keeper->line, &number, sizeof number, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

void weiss_keeper_add(const weiss_keeper *keeper, pid_t pid)
{
    tell(keeper, pid);
}

void weiss_keeper_forget(const weiss_keeper *keeper, pid_t pid)
{
    tell(keeper, -pid);
}

void weiss_keeper_finish(weiss_keeper *keeper)
{
    if (keeper->pid <= 0)
        return;
    close(keeper->line);
    while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    keeper->pid = 0;
}

void weiss_keeper_dismiss(weiss_keeper *keeper)
{
    tell(keeper, DISMISSAL);
    weiss_keeper_finish(keeper);
}
