#include "weiss/run/launch.h"

#include "weiss/command.h"
#include "weiss/run/ranks.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/** Set in the ranks to the columns of the launcher's terminal, "0" without one. */
#define COLUMNS_VARIABLE "WEISS_LAUNCHER_COLUMNS"

/** Seconds that mpirun gets to end its ranks before its process group is killed. */
#define GRACE 5

int weiss_launched(void)
{
    return getenv(COLUMNS_VARIABLE) != NULL;
}

int weiss_terminal_columns(void)
{
    struct winsize size;
    const char *told = getenv(COLUMNS_VARIABLE), *term = getenv("TERM");
    if (told != NULL)
        return atoi(told);
    /* Under somebody's mpirun the output is a pipe or a pseudo-terminal that nobody may be looking at. */
    if (weiss_under_mpi() || !isatty(STDOUT_FILENO) || term == NULL || strcmp(term, "dumb") == 0)
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

static void default_setting(const char *name, const char *value)
{
    setenv(name, value, 0);
}

/** Settings of Open MPI; what the user has set stays. */
static void choose_settings(int nranks)
{
    char columns[16];
    if (geteuid() == 0) {
        default_setting("OMPI_ALLOW_RUN_AS_ROOT", "1");
        default_setting("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    }
    /* Copying between address spaces directly needs a right that containers and hardened systems withhold. */
    default_setting("OMPI_MCA_btl_vader_single_copy_mechanism", "none");
    default_setting("OMPI_MCA_rmaps_base_oversubscribe", "1");
    int cores = weiss_cores();
    if (nranks > cores)
        default_setting("OMPI_MCA_mpi_yield_when_idle", "1");
    /* Ranks stay on their cores when the job needs most of them. A small job is left to the system: two such jobs would
     * otherwise be bound to the same first cores. */
    default_setting("OMPI_MCA_hwloc_base_binding_policy",
                    nranks <= cores && 2 * nranks > cores ? "core" : "none");
    snprintf(columns, sizeof columns, "%d", weiss_terminal_columns());
    setenv(COLUMNS_VARIABLE, columns, 1);
}

/** Becomes mpirun. Only returns (exits) when that fails. */
static void become_mpirun(int nranks, int argc, char **argv, pid_t launcher, const sigset_t *mask)
{
    static const char *const names[] = {"mpirun.openmpi", "mpirun"};
    char program[4096], count[16];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    char **words = calloc((size_t)argc + 9, sizeof *words);
    int n = 0;
    if (length < 0 || words == NULL)
        _exit(WEISS_EXIT_ERROR);
    program[length] = '\0';
    snprintf(count, sizeof count, "%d", nranks);
    words[n++] = strdup("mpirun");
    words[n++] = strdup("--quiet");
    words[n++] = strdup("-x");
    words[n++] = strdup(COLUMNS_VARIABLE);
    words[n++] = strdup("-n");
    words[n++] = count;
    words[n++] = program;
    words[n++] = strdup("run");
    for (int i = 0; i < argc; i++)
        words[n++] = argv[i];
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != launcher)
        _exit(WEISS_EXIT_ERROR);
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (freopen("/dev/null", "r", stdin) == NULL)
        _exit(WEISS_EXIT_ERROR);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        execvp(names[i], words);
    fprintf(stderr,
            "weiss: mpirun cannot be started: %s. Install the package openmpi-bin, or run with -n 1.\n",
            strerror(errno));
    _exit(WEISS_EXIT_ERROR);
}

/** Exit code of the launcher for the way in which mpirun ended. */
static int translate(int status, int asked)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : WEISS_EXIT_SIGNAL + WTERMSIG(status);
    if (asked != 0 && WIFSIGNALED(status))
        fprintf(stderr, "weiss: stopped before the run began; nothing was saved\n");
    if (asked != 0 && code == WEISS_EXIT_SIGNAL + SIGUSR1)
        return WEISS_EXIT_SIGNAL + asked;
    if (code == WEISS_EXIT_DONE || code == WEISS_EXIT_ERROR || code == WEISS_EXIT_USAGE ||
        code == WEISS_EXIT_NOT_CONVERGED || code == WEISS_EXIT_SIGNAL + SIGUSR1)
        return code;
    if (asked == 0)
        fprintf(stderr,
                "weiss: a rank ended unexpectedly (code %d); `weiss run --restart` goes on from the last "
                "checkpoint, if there is one\n",
                code);
    return asked != 0 ? WEISS_EXIT_SIGNAL + asked : code;
}

/** Waits for mpirun and hands signals on. @p mask has the signals, which are blocked. @return wait status */
static int attend(pid_t mpirun, const sigset_t *mask, int *asked)
{
    const struct timespec grace = {.tv_sec = GRACE};
    int status = 0;
    bool ending = false;
    for (;;) {
        int signal_number = ending ? sigtimedwait(mask, NULL, &grace) : sigwaitinfo(mask, NULL);
        if (waitpid(mpirun, &status, WNOHANG) == mpirun)
            return status;
        if (signal_number < 0 && errno == EAGAIN) {
            kill(-mpirun, SIGKILL);
        } else if (signal_number == SIGINT && *asked == SIGINT) {
            kill(mpirun, SIGTERM);
            ending = true;
        } else if (signal_number == SIGTERM || signal_number == SIGINT || signal_number == SIGHUP ||
                   signal_number == SIGUSR1) {
            *asked = signal_number;
            kill(mpirun, SIGUSR1);
        }
    }
}

int weiss_launch(int nranks, int argc, char **argv)
{
    sigset_t watched, before;
    struct sigaction hangup;
    int asked = 0;
    pid_t launcher = getpid();
    sigemptyset(&watched);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGUSR1);
    sigaddset(&watched, SIGCHLD);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) /* ignored: nohup */
        sigaddset(&watched, SIGHUP);
    sigprocmask(SIG_BLOCK, &watched, &before);
    choose_settings(nranks);
    fflush(NULL);
    pid_t mpirun = fork();
    if (mpirun < 0) {
        fprintf(stderr, "weiss: cannot start a process: %s\n", strerror(errno));
        return WEISS_EXIT_ERROR;
    }
    if (mpirun == 0)
        become_mpirun(nranks, argc, argv, launcher, &before);
    int status = attend(mpirun, &watched, &asked);
    return translate(status, asked);
}
