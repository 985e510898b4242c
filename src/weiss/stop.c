#include "weiss/stop.h"

#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

static void note(int signal_number)
{
    if (signal_number == SIGINT && asked == SIGINT)
        _exit(128 + SIGINT);
    asked = signal_number;
}

const volatile sig_atomic_t *weiss_stop_watch(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART}, before;
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* ignored: nohup */
        sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGXFSZ, &action, NULL); /* a limit of file sizes is an error of the file with a message */
    sigaction(SIGPIPE, &action, NULL); /* nobody reads what is shown: no reason to lose the run */
    return &asked;
}
